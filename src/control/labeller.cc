#include "control/labeller.h"

#include <algorithm>
#include <map>

namespace modelyard::control {
namespace {

using journal::DecisionRecord;
using journal::GivenLabel;
using journal::Label;

constexpr std::chrono::hours kClockSkew{1};  // of whoever made an id

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
  const std::int64_t row = label.row.value_or(0);
  if (row >= std::max<std::int64_t>(prediction.rows, 1)) {
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

}  // namespace

// Where an endpoint is named, there; those that are not found there anywhere, for the sake of a plain word.
Result<std::vector<DecisionRecord>> Labeller::find_predictions(const std::vector<GivenLabel>& labels) {
  std::map<std::string, std::vector<Uuid>> wanted;
  for (const GivenLabel& given : labels) {
    if (given.label.prediction) wanted[given.endpoint].push_back(*given.label.prediction);
  }
  std::vector<DecisionRecord> found;
  std::vector<Uuid> missing;
  for (auto& [endpoint, ids] : wanted) {
    MODELYARD_ASSIGN(auto records, journal_.find_all(endpoint, ids));
    for (const Uuid& id : ids) {
      if (!endpoint.empty() && find(records, id) == nullptr) missing.push_back(id);
    }
    found.insert(found.end(), std::move_iterator(records.begin()), std::move_iterator(records.end()));
  }
  constexpr std::size_t kFew = 100;
  if (!missing.empty() && missing.size() <= kFew) {
    MODELYARD_ASSIGN(auto records, journal_.find_all("", missing));
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

Result<LabelReport> Labeller::put(std::vector<GivenLabel> labels, const std::string& principal, const May& may) {
  LabelReport report;
  report.received = labels.size();
  MODELYARD_ASSIGN(const auto predictions, find_predictions(labels));
  std::map<std::string, std::vector<Label>> accepted;
  std::map<std::string, Status> endpoints;  // what speaks against labels of one that was named
  const auto check_endpoint = [&](const std::string& name) -> Status {
    if (const auto known = endpoints.find(name); known != endpoints.end()) return known->second;
    MODELYARD_ASSIGN(const bool is_one, is_endpoint(name));
    Status outcome = ok();
    if (!is_one || !may(name)) outcome = error(Code::kNotFound, "there is no endpoint '{}' that you may label", name);
    return endpoints.emplace(name, std::move(outcome)).first->second;
  };
  const auto accept = [&](GivenLabel& given) -> Status {
    const DecisionRecord* const prediction =
        given.label.prediction ? find(predictions, *given.label.prediction) : nullptr;
    if (!given.endpoint.empty()) MODELYARD_TRY(check_endpoint(given.endpoint));
    if (prediction != nullptr && may(prediction->endpoint)) {
      if (!given.endpoint.empty() && given.endpoint != prediction->endpoint) {
        return error(Code::kInvalidArgument, "the prediction was answered by endpoint '{}', not '{}'",
                     prediction->endpoint, given.endpoint);
      }
      MODELYARD_TRY(check_label(given.label, *prediction));
      accepted[prediction->endpoint].push_back(std::move(given.label));
      return ok();
    }
    if (given.label.prediction) {
      MODELYARD_TRY(check_waiting(given, clock_.utc_now()));
      ++report.waiting;
    } else if (given.endpoint.empty()) {
      return error(Code::kInvalidArgument, "a label by unit names its endpoint");
    } else {
      ++report.by_unit;
    }
    accepted[given.endpoint].push_back(std::move(given.label));
    return ok();
  };
  for (GivenLabel& given : labels) {
    const Status outcome = accept(given);
    if (outcome) continue;
    ++report.refused;
    if (report.refusals.size() < LabelReport::kMostRefusals) {
      report.refusals.push_back({given.line, outcome.error().message()});
    }
  }
  for (const auto& [endpoint, list] : accepted) {
    MODELYARD_ASSIGN(const journal::LabelTally tally, store_.put(endpoint, list, principal));
    report.kept += tally;
  }
  return report;
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
