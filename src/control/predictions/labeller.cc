#include "control/predictions/labeller.h"

#include <algorithm>
#include <map>
#include <set>

namespace modelyard::control {
namespace {

using journal::DecisionRecord;
using journal::GivenLabel;
using journal::Label;

constexpr std::chrono::hours kClockSkew{1};  // of whoever says a time

// Of sorted records.
const DecisionRecord* find(const std::vector<DecisionRecord>& records, const Uuid& id) {
  const auto found = std::ranges::lower_bound(records, id, {}, &DecisionRecord::id);
  return found == records.end() || found->id != id ? nullptr : &*found;
}

// Against the prediction that it is meant for; a row that goes without saying is filled in.
Status check_label(Label& label, const DecisionRecord& prediction) {
  if (prediction.failure) {
    return error(Code::kInvalidArgument, "the prediction failed ({}): there is no answer to be judged",
                 code_name(*prediction.failure));
  }
  if (!label.row && prediction.rows > 1) {
    return error(Code::kInvalidArgument, "the prediction has {} rows: say which one, from 0", prediction.rows);
  }
  if (prediction.rows == 0) return error(Code::kInvalidArgument, "the prediction has no rows");
  const std::int64_t row = label.row.value_or(0);
  if (row >= prediction.rows) {
    return error(Code::kInvalidArgument, "row {} is none of the prediction's {} (they count from 0)", row,
                 prediction.rows);
  }
  label.row = row;
  return ok();
}

// Of one whose prediction is not there.
Status check_waiting(const GivenLabel& given, UtcTime now) {
  const Uuid& id = *given.label.prediction;
  if (given.endpoint.empty()) {
    return error(Code::kNotFound,
                 "prediction {} is not in the journal; name its endpoint to have the label kept until it is",
                 id.text());
  }
  const bool has_time = (id.bytes()[6] >> 4) == 7;
  if (has_time && utc_from_micros(id.milliseconds() * 1000) <= now + kClockSkew) return ok();
  return error(Code::kInvalidArgument, "{} is no id of a prediction (Modelyard-Prediction-Id)", id.text());
}

// Sorts labels into those that are kept, by endpoint, and those that are refused.
class Sorting {
 public:
  struct Catalog {
    std::function<Result<bool>(const std::string& name)> is_endpoint;
    std::function<Result<LabelTypes>(const std::string& endpoint)> types_of;
  };
  // `predictions` are those of the labels that are in the journal, sorted.
  Sorting(const std::vector<DecisionRecord>& predictions, Catalog catalog, const Labeller::May& may, UtcTime now)
      : predictions_(predictions), catalog_(std::move(catalog)), may_(may), now_(now) {}

  void add(GivenLabel& given) {
    ++report_.received;
    const Status outcome = accept(given);
    if (!outcome) refuse(given.line, outcome.error().message());
  }

  LabelReport& report() { return report_; }
  struct Accepted {
    std::vector<Label> labels;
    std::vector<std::size_t> lines;
  };
  const std::map<std::string, Accepted>& accepted() const { return accepted_; }
  void refuse(std::size_t line, std::string reason) {
    ++report_.refused;
    if (report_.refusals.size() < LabelReport::kMostRefusals) report_.refusals.push_back({line, std::move(reason)});
  }

 private:
  Status accept(GivenLabel& given) {
    const bool is_ahead =
        given.label.event_time.value_or(now_) > now_ + kClockSkew || given.label.time > now_ + kClockSkew;
    if (is_ahead) return error(Code::kInvalidArgument, "its time has not come yet: it is {} now", format_utc(now_));
    if (!given.endpoint.empty()) MODELYARD_TRY(check_endpoint(given.endpoint));
    if (!given.label.prediction) return accept_by_unit(given);
    const DecisionRecord* const prediction = find(predictions_, *given.label.prediction);
    // Whose a prediction is, is not told to who may not label it.
    if (prediction == nullptr || !may_(prediction->endpoint)) return accept_waiting(given);
    if (!given.endpoint.empty() && given.endpoint != prediction->endpoint) {
      return error(Code::kInvalidArgument, "the prediction was answered by endpoint '{}', not '{}'",
                   prediction->endpoint, given.endpoint);
    }
    MODELYARD_TRY(check_label(given.label, *prediction));
    return keep(prediction->endpoint, given);
  }

  Status accept_by_unit(GivenLabel& given) {
    if (given.endpoint.empty()) return error(Code::kInvalidArgument, "a label by unit names its endpoint");
    ++report_.by_unit;
    return keep(given.endpoint, given);
  }

  Status accept_waiting(GivenLabel& given) {
    MODELYARD_TRY(check_waiting(given, now_));
    ++report_.waiting;
    return keep(given.endpoint, given);
  }

  Status keep(const std::string& endpoint, GivenLabel& given) {
    if (!given.is_typed && given.label.value) {
      given.label.value = types_of(endpoint).value_of(std::get<std::string>(*given.label.value));
    }
    accepted_[endpoint].labels.push_back(std::move(given.label));
    accepted_[endpoint].lines.push_back(given.line);
    return ok();
  }

  // Of one that has gone meanwhile nobody can say.
  const LabelTypes& types_of(const std::string& endpoint) {
    if (const auto known = types_.find(endpoint); known != types_.end()) return known->second;
    return types_.emplace(endpoint, catalog_.types_of(endpoint).value_or(LabelTypes())).first->second;
  }

  Status check_endpoint(const std::string& name) {
    if (const auto known = endpoints_.find(name); known != endpoints_.end()) return known->second;
    MODELYARD_ASSIGN(const bool is_one, catalog_.is_endpoint(name));
    Status outcome = ok();
    if (!is_one || !may_(name)) outcome = error(Code::kNotFound, "there is no endpoint '{}' that you may label", name);
    return endpoints_.emplace(name, std::move(outcome)).first->second;
  }

  const std::vector<DecisionRecord>& predictions_;
  const Catalog catalog_;
  const Labeller::May& may_;
  const UtcTime now_;
  LabelReport report_;
  std::map<std::string, Accepted> accepted_;
  std::map<std::string, LabelTypes> types_;  // of endpoints
  std::map<std::string, Status> endpoints_;  // that were named: what speaks against them
};

}  // namespace

// Where an endpoint is named, there; those that are not found there anywhere, for the sake of a plain word.
std::vector<DecisionRecord> Labeller::find_predictions(const std::vector<GivenLabel>& labels) {
  std::map<std::string, std::vector<Uuid>> wanted;
  for (const GivenLabel& given : labels) {
    if (given.label.prediction) wanted[given.endpoint].push_back(*given.label.prediction);
  }
  std::vector<DecisionRecord> found;
  std::set<Uuid> missing;
  for (auto& [endpoint, ids] : wanted) {
    auto records = journal_.find_all(endpoint, ids);
    for (const Uuid& id : ids) {
      if (!endpoint.empty() && find(records, id) == nullptr) missing.insert(id);
    }
    found.insert(found.end(), std::move_iterator(records.begin()), std::move_iterator(records.end()));
  }
  if (!missing.empty()) {
    auto records = journal_.find_all("", {missing.begin(), missing.end()});
    found.insert(found.end(), std::move_iterator(records.begin()), std::move_iterator(records.end()));
  }
  std::ranges::sort(found, {}, &DecisionRecord::id);
  return found;
}

Result<bool> Labeller::is_endpoint(const std::string& name) {
  bool is_one = false;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    is_one = reader.endpoint(name).has_value();
    return ok();
  }));
  return is_one;
}

Result<LabelTypes> Labeller::types_of(const std::string& endpoint) {
  LabelTypes types;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(types, LabelTypes::read(reader, endpoint));
    return ok();
  }));
  return types;
}

Result<LabelReport> Labeller::put(std::vector<GivenLabel> labels, const std::string& principal, const May& may) {
  const auto predictions = find_predictions(labels);
  Sorting sorting(predictions,
                  {[this](const std::string& name) { return is_endpoint(name); },
                   [this](const std::string& endpoint) { return types_of(endpoint); }},
                  may, clock_.utc_now());
  for (GivenLabel& given : labels) sorting.add(given);
  for (const auto& [endpoint, accepted] : sorting.accepted()) {
    std::vector<std::size_t> refused;
    MODELYARD_ASSIGN(const journal::LabelTally tally, store_.put(endpoint, accepted.labels, principal, refused));
    sorting.report().kept += tally;
    for (const std::size_t place : refused) {
      sorting.refuse(accepted.lines[place], fmt::format("{} things were said of this row already; no more are kept",
                                                        journal::LabelStore::kMostRevisions));
    }
  }
  return sorting.report();
}

Json to_json(const LabelReport& report) {
  Json refusals = Json::array();
  for (const LabelRefusal& refusal : report.refusals) {
    refusals.push_back({{"line", refusal.line}, {"reason", refusal.reason}});
  }
  return {{"received", report.received},      {"stored", report.kept.stored},     {"corrected", report.kept.corrected},
          {"repeated", report.kept.repeated}, {"outdated", report.kept.outdated}, {"waiting", report.waiting},
          {"by_unit", report.by_unit},        {"refused", report.refused},        {"refusals", std::move(refusals)}};
}

}  // namespace modelyard::control
