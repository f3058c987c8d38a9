#include <algorithm>

#include "control/watching/alert_document.h"
#include "control/watching/monitoring_documents.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

constexpr std::int64_t kMostHistory = 1000;
constexpr std::size_t kMostWindows = 1000;

template <typename Record>
Json items_of(const std::vector<Record>& records) {
  Json items = Json::array();
  for (const Record& record : records) items.push_back(control::to_json(record));
  return {{"items", std::move(items)}};
}

// The words and figures of findings show values of features: to who may not see payloads, only that there is something.
void withhold_words(const ApiCall& call, const Json& owner, Json& finding) {
  if (call.may(Verb::kPayload, owner["endpoint"].get_ref<const std::string&>())) return;
  finding["sentence"] = "";
  finding["numbers"] = Json::object();
}

}  // namespace

Result<control::Watcher*> ControlApi::watcher() const {
  if (parts_.watcher != nullptr) return parts_.watcher;
  return error(Code::kFailedPrecondition, "nothing is watched: the setting profile_cpu_percent is 0");
}

Result<control::AlertKeeper*> ControlApi::alerts() const {
  MODELYARD_TRY(watcher());
  return parts_.alerts;
}

Result<ApiAnswer> ControlApi::show_drift(const ApiCall& call) {
  control::DriftQuery query;
  query.endpoint = call.parameters[0];
  const std::string source = call.query_value("source").value_or(parts_.watcher != nullptr ? "live" : "captured");
  if (source != "live" && source != "captured") {
    return error(Code::kInvalidArgument, "source: 'live' or 'captured', not '{}'", source);
  }
  query.source = source == "live" ? control::DriftSource::kLive : control::DriftSource::kCaptured;
  MODELYARD_ASSIGN(query.current.to, call.query_time("to", parts_.clock.utc_now()));
  MODELYARD_ASSIGN(query.current.from, call.query_time("from", query.current.to - std::chrono::hours(24)));
  if (call.query_value("reference_to") || call.query_value("reference_from")) {
    control::Period reference;
    MODELYARD_ASSIGN(reference.to, call.query_time("reference_to", query.current.from));
    MODELYARD_ASSIGN(reference.from,
                     call.query_time("reference_from", reference.to - control::DriftInspector::kUsualReference));
    query.reference = reference;
  }
  if (query.source == control::DriftSource::kLive && parts_.watcher != nullptr) parts_.watcher->keep_profiles();
  MODELYARD_ASSIGN(const auto report, parts_.drift->inspect(query));
  return ApiAnswer{200, control::to_json(report), std::nullopt};
}

Result<ApiAnswer> ControlApi::show_profiles(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const watcher, this->watcher());
  control::Period period;
  MODELYARD_ASSIGN(period.to, call.query_time("to", parts_.clock.utc_now()));
  MODELYARD_ASSIGN(period.from, call.query_time("from", period.to - std::chrono::hours(24)));
  MODELYARD_ASSIGN(const bool by_window, call.query_flag("by_window"));
  const std::string& endpoint = call.parameters[0];
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_TRY(reader.endpoint(endpoint));
    return ok();
  }));
  watcher->keep_profiles();
  MODELYARD_ASSIGN(const auto profiles,
                   by_window ? parts_.profiles->windows(endpoint, period.from, period.to, kMostWindows + 1)
                             : parts_.profiles->read(endpoint, period.from, period.to));
  if (profiles.size() > kMostWindows) {
    return error(Code::kInvalidArgument, "more than {} windows in that time: ask for a shorter one", kMostWindows);
  }
  Json items = Json::array();
  for (const monitoring::StreamProfile& profile : profiles) {
    Json item = control::summary_of(profile.window);
    item["model"] = profile.version.model;
    item["version"] = profile.version.version;
    items.push_back(std::move(item));
  }
  return ApiAnswer{200, {{"endpoint", endpoint}, {"items", std::move(items)}}, std::nullopt};
}

// The profile that a reference attachment would bring: of a version as it was published.
Result<ApiAnswer> ControlApi::show_reference(const ApiCall& call) {
  MODELYARD_TRY(watcher());
  MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
  MODELYARD_ASSIGN(const auto reference, parts_.references->of(ref));
  return ApiAnswer{200, control::summary_of(*reference), std::nullopt};
}

// What was predicted in a period becomes what later predictions are compared with.
Result<ApiAnswer> ControlApi::make_reference(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const watcher, this->watcher());
  MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
  MODELYARD_ASSIGN(const std::string endpoint, reader.string("endpoint"));
  MODELYARD_ASSIGN(const std::string from, reader.string("from"));
  MODELYARD_ASSIGN(const std::string to, reader.string("to"));
  MODELYARD_TRY(reader.finish());
  // Its answer, and what it makes, show what the endpoint was asked.
  MODELYARD_TRY(call.may(Verb::kPayload, endpoint));
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& catalog) -> Status {
    MODELYARD_ASSIGN(const auto record, catalog.endpoint(endpoint));
    if (record.model == ref.model) return ok();
    return error(Code::kInvalidArgument, "endpoint '{}' is of model '{}', not of '{}'", endpoint, record.model,
                 ref.model);
  }));
  control::Period period;
  MODELYARD_ASSIGN(period.from, parse_utc(from));
  MODELYARD_ASSIGN(period.to, parse_utc(to));
  watcher->keep_profiles();
  MODELYARD_ASSIGN(const auto profile, parts_.drift->profile_of(endpoint, period));
  MODELYARD_ASSIGN(const std::string text, canonical_json(monitoring::to_json(profile)));
  MODELYARD_ASSIGN(const auto upload, parts_.blobs.begin_upload());
  MODELYARD_TRY(upload->write(std::as_bytes(std::span(text))));
  MODELYARD_ASSIGN(const auto blob, upload->commit(std::nullopt));
  MODELYARD_ASSIGN(const auto attachment,
                   registry::make_attachment(registry::AttachmentKind::kReference,
                                             {{"blob", blob.digest.hex()},
                                              {"media_type", control::kProfileType},
                                              {"name", fmt::format("predictions of {}", endpoint)},
                                              {"rows", profile.profiled}}));
  MODELYARD_TRY(parts_.publisher.attach(ref, attachment, call.actor));
  return ApiAnswer{201, control::summary_of(profile), std::nullopt};
}

Result<ApiAnswer> ControlApi::list_monitors(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const watcher, this->watcher());
  const std::string endpoint = call.query_value("endpoint").value_or("");
  MODELYARD_TRY(call.may_read(endpoint.empty() ? std::nullopt : std::optional(endpoint)));
  MODELYARD_ASSIGN(const auto monitors, watcher->monitors(endpoint));
  Json list = items_of(monitors);
  for (Json& monitor : list["items"]) {
    for (Json& finding : monitor["findings"]) withhold_words(call, monitor, finding);
  }
  return ApiAnswer{200, std::move(list), std::nullopt};
}

Result<ApiAnswer> ControlApi::test_monitor(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const watcher, this->watcher());
  MODELYARD_ASSIGN(const auto findings, watcher->test(call.parameters[0], call.parameters[1]));
  Json list = Json::array();
  for (const monitoring::Finding& finding : findings) list.push_back(control::to_json(finding));
  return ApiAnswer{200,
                   {{"endpoint", call.parameters[0]}, {"monitor", call.parameters[1]}, {"findings", std::move(list)}},
                   std::nullopt};
}

Result<ApiAnswer> ControlApi::list_alerts(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const keeper, alerts());
  control::AlertFilter filter;
  filter.endpoint = call.query_value("endpoint").value_or("");
  MODELYARD_TRY(call.may_read(filter.endpoint.empty() ? std::nullopt : std::optional(filter.endpoint)));
  if (const auto state = call.query_value("state")) {
    MODELYARD_ASSIGN(filter.state, monitoring::parse_alert_state(*state));
  }
  MODELYARD_ASSIGN(const auto alerts, keeper->alerts(filter));
  Json list = items_of(alerts);
  for (Json& alert : list["items"]) withhold_words(call, alert, alert);
  return ApiAnswer{200, std::move(list), std::nullopt};
}

Result<ApiAnswer> ControlApi::acknowledge_alert(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const keeper, alerts());
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
  MODELYARD_ASSIGN(const std::string id, reader.string("id"));
  MODELYARD_ASSIGN(const auto note, reader.optional_string("note"));
  MODELYARD_TRY(reader.finish());
  MODELYARD_ASSIGN(const auto list, keeper->alerts());
  const auto alert = std::ranges::find(list, id, &monitoring::Alert::id);
  if (alert == list.end()) return error(Code::kNotFound, "there is no alert '{}'", id);
  MODELYARD_TRY(call.may(Verb::kDeploy, alert->endpoint));
  MODELYARD_ASSIGN(const auto acknowledged, keeper->acknowledge(id, call.actor.name, note.value_or("")));
  return ApiAnswer{200, control::to_json(acknowledged), std::nullopt};
}

Result<ApiAnswer> ControlApi::add_silence(const ApiCall& call) {
  MODELYARD_ASSIGN(auto* const keeper, alerts());
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
  monitoring::Silence silence;
  MODELYARD_ASSIGN(silence.monitor, reader.string("monitor"));
  MODELYARD_ASSIGN(const auto subject, reader.optional_string("subject"));
  MODELYARD_ASSIGN(const std::string until, reader.string("until"));
  MODELYARD_ASSIGN(silence.reason, reader.string("reason"));
  MODELYARD_TRY(reader.finish());
  silence.subject = subject.value_or("*");
  MODELYARD_ASSIGN(silence.until, parse_utc(until));
  silence.by = call.actor.name;
  MODELYARD_ASSIGN(const auto kept, keeper->silence(std::move(silence)));
  return ApiAnswer{201, control::to_json(kept), std::nullopt};
}

void ControlApi::add_alert_routes(Router& router) {
  route(router, Method::kGet, "/api/v1/alerts", Access::server(Verb::kRead), {"endpoint", "state"},
        [this](const ApiCall& call) { return list_alerts(call); });
  route(router, Method::kPost, "/api/v1/alerts:acknowledge", Access::server(Verb::kDeploy), {},
        [this](const ApiCall& call) { return acknowledge_alert(call); });
  route(router, Method::kGet, "/api/v1/alerts/history", Access::every_model(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto* const keeper, alerts());
          MODELYARD_ASSIGN(const auto history, keeper->history(kMostHistory));
          Json list = items_of(history);
          for (Json& event : list["items"]) withhold_words(call, event["alert"], event["alert"]);
          return ApiAnswer{200, std::move(list), std::nullopt};
        });
  route(router, Method::kGet, "/api/v1/alerts/deliveries", Access::every_model(Verb::kRead), {},
        [this](const ApiCall&) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto* const keeper, alerts());
          MODELYARD_ASSIGN(const auto deliveries, keeper->deliveries(kMostHistory));
          return ApiAnswer{200, items_of(deliveries), std::nullopt};
        });
  route(router, Method::kGet, "/api/v1/silences", Access::every_model(Verb::kRead), {},
        [this](const ApiCall&) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto* const keeper, alerts());
          MODELYARD_ASSIGN(const auto silences, keeper->silences());
          return ApiAnswer{200, items_of(silences), std::nullopt};
        });
  route(router, Method::kPost, "/api/v1/silences", Access::every_model(Verb::kDeploy), {},
        [this](const ApiCall& call) { return add_silence(call); });
  route(router, Method::kDelete, "/api/v1/silences/{id}", Access::every_model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto* const keeper, alerts());
          MODELYARD_TRY(keeper->unsilence(call.parameters[0]));
          return ApiAnswer{204, nullptr, std::nullopt};
        });
}

void ControlApi::add_monitoring_routes(Router& router) {
  const std::string endpoint = "/api/v1/endpoints/{endpoint}", version = "/api/v1/models/{model}/versions/{version}";
  // Their words name values.
  route(router, Method::kGet, endpoint + "/drift", Access::model(Verb::kPayload),
        {"from", "to", "reference_from", "reference_to", "source"},
        [this](const ApiCall& call) { return show_drift(call); });
  route(router, Method::kGet, endpoint + "/profiles", Access::model(Verb::kPayload), {"from", "to", "by_window"},
        [this](const ApiCall& call) { return show_profiles(call); });
  route(
      router, Method::kPost, endpoint + "/monitors/{monitor}:test", Access::model(Verb::kPayload), {},
      [this](const ApiCall& call) { return test_monitor(call); }, Body::kNone);
  route(router, Method::kGet, version + "/reference", Access::model(Verb::kPayload), {},
        [this](const ApiCall& call) { return show_reference(call); });
  route(router, Method::kPost, version + "/reference", Access::model(Verb::kPublish), {},
        [this](const ApiCall& call) { return make_reference(call); });
  route(router, Method::kGet, "/api/v1/monitors", Access::server(Verb::kRead), {"endpoint"},
        [this](const ApiCall& call) { return list_monitors(call); });
  add_alert_routes(router);
}

}  // namespace modelyard::edge
