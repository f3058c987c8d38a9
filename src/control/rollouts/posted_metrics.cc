#include "control/rollouts/posted_metrics.h"

#include <algorithm>
#include <map>

#include "control/rollouts/answer_evidence.h"
#include "rollout/assignment.h"
#include "rollout/machine/looking.h"
#include "rollout/machine/traffic.h"

namespace modelyard::control {
namespace {

// A unit stands where the plan's sticky key looks for one.
class UnitKeys final : public rollout::RequestKeys {
 public:
  UnitKeys(const rollout::RequestKey& sticky, std::string_view unit) : sticky_(sticky), unit_(unit) {}
  std::optional<std::string_view> header(std::string_view name) const override {
    return sticky_.by == rollout::KeyKind::kHeader && name == sticky_.header ? std::optional(unit_) : std::nullopt;
  }
  std::string_view principal() const override {
    return sticky_.by == rollout::KeyKind::kPrincipal ? unit_ : std::string_view();
  }

 private:
  const rollout::RequestKey& sticky_;
  const std::string_view unit_;
};

// Values of one post to one rollout.
class Counting {
 public:
  Counting(const PostedMetrics::Parts& parts, const Rollout& rollout)
      : parts_(parts), rollout_(rollout), plan_(plan_of(rollout)), answers_(rollout, parts.catalog) {}

  // All at once: a journal reads its files for each question. Those of other endpoints stay unknown.
  Status find_predictions(std::span<const PostedValue> values) {
    std::vector<Uuid> ids;
    for (const PostedValue& value : values) {
      if (value.prediction) ids.push_back(*value.prediction);
    }
    if (ids.empty()) return ok();
    std::ranges::sort(ids);
    if (parts_.journal == nullptr) return error(Code::kFailedPrecondition, "the journal is off: post values by unit");
    const std::string& endpoint = rollout_.record.endpoint;
    for (journal::DecisionRecord& record : parts_.journal->find_all(endpoint, ids)) {
      records_.emplace(record.id, std::move(record));
    }
    const rollout::RequestKey& sticky = rollout_.spec.sticky;
    if (sticky.by != rollout::KeyKind::kHeader || !names_captured_unit(sticky.header)) return ok();
    for (journal::PayloadRecord& payload : parts_.payloads->find_all(endpoint, ids)) {
      units_.emplace(payload.id, std::move(payload.unit));
    }
    return ok();
  }

  Status add(const PostedValue& value) {
    MODELYARD_TRY(check_metric(value));
    return value.prediction ? add_of_prediction(value) : add_of_unit(value);
  }

  Result<rollout::Evidence> take() {
    MODELYARD_TRY(merge(of_units_, answers_.take()));
    return std::move(of_units_);
  }

 private:
  Status check_metric(const PostedValue& value) const {
    if (value.metric != kAccuracy && rollout_.reward && rollout_.reward->metric == value.metric) {
      if (value.value == 0 || value.value == 1) return ok();
      return error(Code::kInvalidArgument,
                   "'{}' is a reward, and rewards are 1 or 0, not {}: post whether it was worth it", value.metric,
                   value.value);
    }
    const auto asks = [&](const rollout::Gate& gate) {
      return gate.signal == rollout::Signal::kMetric && gate.metric == value.metric;
    };
    if (std::ranges::any_of(rollout_.gates, asks)) return ok();
    return error(Code::kInvalidArgument, "no gate or reward of rollout {} asks for metric '{}'", rollout_.record.id,
                 value.metric);
  }

  Status add_of_unit(const PostedValue& value) {
    if (rollout_.spec.sticky.by == rollout::KeyKind::kNone) {
      return error(Code::kInvalidArgument, "units have no arm in a rollout with sticky 'none': name predictions");
    }
    const rollout::Assignment assigned = rollout::assign(plan_, UnitKeys(plan_.sticky, value.unit), 0);
    const auto step = rollout::counted_step(rollout_.spec, rollout_.state);
    if (!assigned.exposed || !step) return error(Code::kInvalidArgument, "unit '{}' is in no arm", value.unit);
    rollout::StepEvidence& counted = rollout::step_of(of_units_, *step);
    const bool is_candidate = assigned.arm == rollout::Arm::kCandidate;
    return rollout::add_metric(is_candidate ? counted.candidate : counted.stable, value.metric, assigned.unit_hash,
                               value.value);
  }

  Status add_of_prediction(const PostedValue& value) {
    const auto found = records_.find(*value.prediction);
    if (found == records_.end()) return journal::unknown_prediction(*value.prediction);
    const journal::DecisionRecord& record = found->second;
    const auto unit = units_.find(record.id);
    if (unit == units_.end() && rollout_.spec.sticky.by == rollout::KeyKind::kHeader) {
      return error(Code::kFailedPrecondition,
                   "whom prediction {} was about is not known: it was not captured, or users are told apart by another "
                   "header than Modelyard-Unit; post the value by unit",
                   value.prediction->text());
    }
    const std::string_view about = unit == units_.end() ? std::string_view() : unit->second;
    const AnswerOrigin origin{record.id, record.version, record.plan_revision, record.arm, record.principal, about};
    MODELYARD_ASSIGN(const bool counts, answers_.add(origin, value.metric, value.value));
    if (counts) return ok();
    return error(Code::kInvalidArgument, "prediction {} was no answer of an arm of rollout {}",
                 value.prediction->text(), rollout_.record.id);
  }

  const PostedMetrics::Parts& parts_;
  const Rollout& rollout_;
  const rollout::TrafficPlan plan_;
  std::map<Uuid, journal::DecisionRecord> records_;
  std::map<Uuid, std::string> units_;
  AnswerEvidence answers_;
  rollout::Evidence of_units_;
};

Result<Rollout> rollout_of(RolloutDriver& driver, const std::string& endpoint) {
  MODELYARD_ASSIGN(std::vector<Rollout> live, driver.live());
  for (Rollout& rollout : live) {
    if (rollout.record.endpoint != endpoint) continue;
    const int weight = rollout::traffic_of(rollout.spec, rollout.state).candidate_weight;
    if (weight > 0 && weight < rollout::kWhole) return std::move(rollout);
    return error(Code::kFailedPrecondition, "rollout {} of endpoint '{}' splits no requests now: its phase is {}",
                 rollout.record.id, endpoint, rollout::phase_name(rollout.state.phase));
  }
  return error(Code::kFailedPrecondition, "endpoint '{}' has no rollout under way that could count values", endpoint);
}

Result<PostedValue> parse_posted_value(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  PostedValue posted;
  MODELYARD_ASSIGN(posted.metric, reader.string("metric"));
  MODELYARD_ASSIGN(posted.value, reader.number("value"));
  MODELYARD_ASSIGN(const auto prediction, reader.optional_string("prediction_id"));
  MODELYARD_ASSIGN(const auto unit, reader.optional_string("unit"));
  MODELYARD_TRY(reader.finish());
  if (prediction.has_value() == unit.has_value() || (unit && unit->empty())) {
    return error(Code::kInvalidArgument, "{}: say whose value it is: prediction_id or unit", path);
  }
  posted.unit = unit.value_or("");
  if (!prediction) return posted;
  auto id = Uuid::parse(*prediction);
  if (!id) return id.error().with_context("{}", reader.path_of("prediction_id"));
  posted.prediction = *id;
  return posted;
}

}  // namespace

Result<std::vector<PostedValue>> parse_posted_values(const Json& array, const std::string& path) {
  if (array.size() > kMostPostedValues) {
    return error(Code::kInvalidArgument, "{}: at most {} values at once", path, kMostPostedValues);
  }
  std::vector<PostedValue> values;
  for (std::size_t i = 0; i < array.size(); ++i) {
    MODELYARD_ASSIGN(auto value, parse_posted_value(array[i], fmt::format("{}[{}]", path, i)));
    values.push_back(std::move(value));
  }
  return values;
}

Json to_json(const PostedReport& report) {
  Json refusals = Json::array();
  for (const PostedRefusal& one : report.refusals) refusals.push_back({{"place", one.place}, {"reason", one.reason}});
  return {{"rollout", report.rollout},
          {"counted", report.counted},
          {"refused", report.refused},
          {"refusals", std::move(refusals)}};
}

Result<PostedReport> PostedMetrics::put(const std::string& endpoint, std::span<const PostedValue> values) {
  MODELYARD_ASSIGN(const Rollout rollout, rollout_of(parts_.driver, endpoint));
  PostedReport report{.rollout = rollout.record.id, .refusals = {}};
  Counting counting(parts_, rollout);
  MODELYARD_TRY(counting.find_predictions(values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Status added = counting.add(values[i]);
    if (added) {
      ++report.counted;
      continue;
    }
    ++report.refused;
    if (report.refusals.size() < PostedReport::kMostRefusals) report.refusals.push_back({i, added.error().message()});
  }
  if (report.counted == 0) return report;
  MODELYARD_ASSIGN(const rollout::Evidence evidence, counting.take());
  MODELYARD_TRY(parts_.driver.add_values(rollout.record.id, evidence));
  return report;
}

}  // namespace modelyard::control
