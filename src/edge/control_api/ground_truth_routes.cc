#include <charconv>
#include <cmath>
#include <numeric>

#include "control/predictions/accuracy_document.h"
#include "edge/codec/labels/label_reader.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

constexpr std::chrono::hours kUsualTime{24 * 30};  // that accuracy is told of
constexpr std::int64_t kMostWindows = 1000;

// Seconds; 0 without one.
Result<std::chrono::microseconds> window_value(const ApiCall& call, const control::AccuracyQuery& query) {
  const auto text = call.query_value("window_seconds");
  if (!text) return std::chrono::microseconds(0);
  std::int64_t seconds = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  const std::chrono::microseconds all = query.to - query.from;
  const bool is_number = failure == std::errc{} && end == text->data() + text->size();
  if (!is_number || seconds < 1 || seconds > 366LL * 86'400) {
    return error(Code::kInvalidArgument, "window_seconds: expected 1 to {}, got '{}'", 366LL * 86'400,
                 text->substr(0, 40));
  }
  if (all / std::chrono::seconds(seconds) < kMostWindows) return std::chrono::seconds(seconds);
  return error(Code::kInvalidArgument, "window_seconds: more than {} windows in that time", kMostWindows);
}

Result<std::size_t> line_offset_value(const ApiCall& call) {
  const std::string text = call.query_value("line_offset").value_or("0");
  std::uint32_t lines = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (failure == std::errc{} && end == text.data() + text.size()) return std::size_t{lines};
  return error(Code::kInvalidArgument, "line_offset: expected 0, 1, 2…, got '{}'", text.substr(0, 40));
}

Json lag_buckets(const journal::LabelTotals& totals) {
  Json buckets = Json::array();
  for (std::size_t i = 0; i < totals.lags.size(); ++i) {
    const bool is_last = i == journal::kLagSeconds.size();
    buckets.push_back(
        {{"up_to_seconds", is_last ? Json(nullptr) : Json(journal::kLagSeconds[i])}, {"labels", totals.lags[i]}});
  }
  return buckets;
}

Json to_json(const journal::LabelTotals& totals) {
  const std::uint64_t by_id = std::accumulate(totals.lags.begin(), totals.lags.end(), std::uint64_t{0});
  return {{"endpoint", totals.endpoint},
          {"stored", totals.tally.stored},
          {"corrected", totals.tally.corrected},
          {"repeated", totals.tally.repeated},
          {"outdated", totals.tally.outdated},
          {"watermark", by_id == 0 ? Json(nullptr) : Json(format_utc(totals.newest))},
          {"last_arrival", format_utc(totals.last_arrival)},
          {"mean_lag_seconds", by_id == 0 ? Json(nullptr) : Json(totals.lag_seconds / double(by_id))},
          {"lag", lag_buckets(totals)}};
}

// A whole number as people have sent it: 1, not 1.0.
Json to_json(const journal::LabelValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  const double number = std::get<double>(value);
  const bool is_whole = std::trunc(number) == number && std::abs(number) <= 0x1p53;
  return is_whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

Json to_json(const journal::KeptLabel& label) {
  Json document{{"row", nullptr},
                {"value", nullptr},
                {"event_time", format_utc(label.event_time)},
                {"arrival", format_utc(label.arrival)},
                {"principal", label.principal}};
  if (label.row) document["row"] = *label.row;
  if (label.value) document["value"] = to_json(*label.value);
  return document;
}

}  // namespace

Result<ApiAnswer> ControlApi::put_labels(const ApiCall& call) {
  MODELYARD_TRY(journal());
  LabelForm form{.content_type = call.content_type, .endpoint = call.query_value("endpoint").value_or("")};
  MODELYARD_ASSIGN(form.columns, parse_label_columns(call.query_value("columns").value_or("")));
  MODELYARD_ASSIGN(form.line_offset, line_offset_value(call));
  MODELYARD_ASSIGN(auto labels, read_labels(call.body_text, form));
  const auto may = [&](const std::string& endpoint) { return call.may(Verb::kLabel, endpoint).has_value(); };
  MODELYARD_ASSIGN(const auto report, parts_.labeller->put(std::move(labels), call.actor.name, may));
  return ApiAnswer{200, control::to_json(report), std::nullopt};
}

Result<ApiAnswer> ControlApi::list_labelled(const ApiCall& call) {
  MODELYARD_TRY(journal());
  Json items = Json::array();
  for (const journal::LabelTotals& totals : parts_.labels->totals()) {
    if (call.may(Verb::kRead, totals.endpoint)) items.push_back(to_json(totals));
  }
  return ApiAnswer{200, {{"items", std::move(items)}}, std::nullopt};
}

Result<ApiAnswer> ControlApi::show_labels(const ApiCall& call) {
  MODELYARD_ASSIGN(journal::Journal* const journal, this->journal());
  MODELYARD_ASSIGN(const Uuid id, Uuid::parse(call.parameters[0]));
  MODELYARD_ASSIGN(const journal::DecisionRecord decision, journal->find(id));
  if (!call.may(Verb::kPayload, decision.endpoint)) return journal::unknown_prediction(id);
  MODELYARD_TRY(note_look(call, "ground_truth.show", decision));
  MODELYARD_ASSIGN(const auto labels, parts_.labels->history(decision.endpoint, id));
  Json items = Json::array();
  for (const journal::KeptLabel& label : labels) items.push_back(to_json(label));
  return ApiAnswer{200, {{"prediction_id", id.text()}, {"items", std::move(items)}}, std::nullopt};
}

Result<ApiAnswer> ControlApi::show_accuracy(const ApiCall& call) {
  MODELYARD_TRY(journal());
  control::AccuracyQuery query;
  query.endpoint = call.parameters[0];
  MODELYARD_ASSIGN(query.to, call.query_time("to", parts_.clock.utc_now()));
  MODELYARD_ASSIGN(query.from, call.query_time("from", query.to - kUsualTime));
  MODELYARD_ASSIGN(query.known_at, call.query_time("known_at", UtcTime::max()));
  MODELYARD_ASSIGN(query.window, window_value(call, query));
  query.by = call.query_value("by").value_or("");
  // Groups of a feature show its values.
  const bool is_by_feature = !query.by.empty() && query.by != "version" && query.by != "arm";
  if (is_by_feature) MODELYARD_TRY(call.may(Verb::kPayload, query.endpoint));
  MODELYARD_ASSIGN(auto report, parts_.evaluator->evaluate(query));
  if (!call.may(Verb::kPayload, query.endpoint)) control::withhold_what_shows_rows(report);
  return ApiAnswer{200, control::to_json(report), std::nullopt};
}

void ControlApi::add_ground_truth_routes(Router& router) {
  route(
      router, Method::kPost, "/api/v1/ground-truth", Access::server(Verb::kLabel),
      {"endpoint", "columns", "line_offset"}, [this](const ApiCall& call) { return put_labels(call); }, Body::kText);
  route(router, Method::kGet, "/api/v1/ground-truth", Access::server(Verb::kRead), {},
        [this](const ApiCall& call) { return list_labelled(call); });
  route(router, Method::kGet, "/api/v1/predictions/{id}/ground-truth", Access::server(Verb::kPayload), {},
        [this](const ApiCall& call) { return show_labels(call); });
  route(router, Method::kGet, "/api/v1/endpoints/{endpoint}/accuracy", Access::model(Verb::kRead),
        {"from", "to", "known_at", "window_seconds", "by"},
        [this](const ApiCall& call) { return show_accuracy(call); });
}

}  // namespace modelyard::edge
