#include <algorithm>
#include <charconv>

#include "control/documents.h"
#include "control/predictions/replayer.h"
#include "edge/control_api/control_api.h"
#include "edge/control_api/payload_document.h"

namespace modelyard::edge {
namespace {

using journal::DecisionRecord;

// "ok", "failed" or the name of a code.
Result<std::function<bool(const DecisionRecord&)>> status_filter(const std::string& status) {
  using Filter = std::function<bool(const DecisionRecord&)>;
  if (status == "ok") return Filter([](const DecisionRecord& record) { return !record.failure; });
  if (status == "failed") return Filter([](const DecisionRecord& record) { return record.failure.has_value(); });
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    if (code_name(static_cast<Code>(code)) != status) continue;
    return Filter([code](const DecisionRecord& record) { return record.failure == static_cast<Code>(code); });
  }
  return error(Code::kInvalidArgument,
               "status: expected ok, failed or the name of a code like deadline_exceeded, got '{}'",
               status.substr(0, 40));
}

constexpr std::size_t kMostBytesOfAPage = 8u << 20;  // of captured values
constexpr std::size_t kMostPayloadsOfAPage = 100;

// "MICROSECONDS-ID", of the last one of the page before.
std::string cursor_of(const DecisionRecord& record) {
  return fmt::format("{}-{}", utc_micros(record.time), record.id.text());
}

Result<std::optional<std::pair<UtcTime, Uuid>>> cursor_value(const std::string& text) {
  std::optional<std::pair<UtcTime, Uuid>> before;
  if (text.empty()) return before;
  std::int64_t micros = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, micros);
  const auto id = Uuid::parse(end == last ? std::string_view() : std::string_view(end + 1, last));
  if (failure != std::errc{} || *end != '-' || !id) {
    return error(Code::kInvalidArgument, "cursor: expected what 'next_cursor' says, got '{}'", text.substr(0, 64));
  }
  before.emplace(utc_from_micros(micros), *id);
  return before;
}

Result<journal::Query> query_of(const ApiCall& call) {
  journal::Query query;
  query.endpoint = call.query_value("endpoint").value_or("");
  MODELYARD_ASSIGN(query.from, call.query_time("from", UtcTime::min()));
  MODELYARD_ASSIGN(query.to, call.query_time("to", UtcTime::max()));
  MODELYARD_ASSIGN(const int limit, call.limit());
  query.limit = static_cast<std::size_t>(limit);
  MODELYARD_ASSIGN(query.before, cursor_value(call.cursor()));
  std::function<bool(const DecisionRecord&)> has_status = [](const DecisionRecord&) { return true; };
  if (const auto status = call.query_value("status")) {
    MODELYARD_ASSIGN(has_status, status_filter(*status));
  }
  VersionNumber version = 0;
  if (const auto text = call.query_value("version")) {
    MODELYARD_ASSIGN(version, parse_version_number(*text));
  }
  query.wanted = [has_status, version, principal = call.query_value("principal")](const DecisionRecord& record) {
    return has_status(record) && (version == 0 || record.version == version) &&
           (!principal || record.principal == *principal);
  };
  return query;
}

}  // namespace

Result<journal::Journal*> ControlApi::journal() const {
  if (parts_.journal != nullptr) return parts_.journal;
  return error(Code::kFailedPrecondition, "predictions leave no record here: the setting 'journal' is false");
}

Result<ApiAnswer> ControlApi::list_predictions(const ApiCall& call) {
  MODELYARD_TRY(call.may_read(call.query_value("endpoint")));
  MODELYARD_ASSIGN(journal::Journal* const journal, this->journal());
  MODELYARD_ASSIGN(const journal::Query query, query_of(call));
  MODELYARD_ASSIGN(const bool with_payloads, call.query_flag("payload"));
  if (with_payloads) return list_with_payloads(call, query);
  MODELYARD_ASSIGN(const auto records, journal->list(query));
  Json page{{"items", control::list_to_json(records)}, {"next_cursor", nullptr}};
  if (records.size() == query.limit) page["next_cursor"] = cursor_of(records.back());
  return ApiAnswer{200, std::move(page), std::nullopt};
}

// As many as fit into kMostBytesOfAPage, but one.
Result<ApiAnswer> ControlApi::list_with_payloads(const ApiCall& call, const journal::Query& query) {
  if (query.endpoint.empty()) return error(Code::kInvalidArgument, "payload: it goes with endpoint");
  if (query.limit > kMostPayloadsOfAPage) {
    return error(Code::kInvalidArgument, "limit: with payloads at most {}", kMostPayloadsOfAPage);
  }
  MODELYARD_TRY(call.may(Verb::kPayload, query.endpoint));
  MODELYARD_ASSIGN(const auto records, parts_.journal->list(query));
  std::vector<Uuid> ids;
  for (const DecisionRecord& record : records) ids.push_back(record.id);
  std::ranges::sort(ids);
  const auto payloads = parts_.payloads->find_all(query.endpoint, ids);
  Json items = Json::array();
  std::size_t bytes = 0;
  for (const DecisionRecord& record : records) {
    const auto payload = std::ranges::lower_bound(payloads, record.id, {}, &journal::PayloadRecord::id);
    const bool is_captured = payload != payloads.end() && payload->id == record.id;
    for (std::size_t i = 0; is_captured && i < payload->fields.size(); ++i) bytes += payload->fields[i].bytes.size();
    if (bytes > kMostBytesOfAPage && !items.empty()) break;
    items.push_back(control::to_json(record));
    items.back()["payload"] = is_captured ? payload_document(*payload, record) : Json(nullptr);
  }
  Json seen{{"predictions", items.size()}};
  if (!items.empty()) {
    seen["newest"] = items.front()["prediction_id"];
    seen["oldest"] = items.back()["prediction_id"];
  }
  const registry::AuditNote note{call.actor.name, "payload.list", query.endpoint, std::move(seen)};
  MODELYARD_TRY(parts_.catalog.transact(note, [](registry::CatalogWriter&) { return ok(); }));
  const bool is_more = items.size() < records.size() || records.size() == query.limit;
  Json page{{"items", nullptr}, {"next_cursor", nullptr}};
  if (is_more) page["next_cursor"] = cursor_of(records[items.size() - 1]);
  page["items"] = std::move(items);
  return ApiAnswer{200, std::move(page), std::nullopt};
}

Result<ApiAnswer> ControlApi::find_prediction(const ApiCall& call) {
  MODELYARD_ASSIGN(journal::Journal* const journal, this->journal());
  MODELYARD_ASSIGN(const Uuid id, Uuid::parse(call.parameters[0]));
  MODELYARD_ASSIGN(const DecisionRecord record, journal->find(id));
  // Whose it is, is not told to who may not read it.
  if (!call.may(Verb::kRead, record.endpoint)) return journal::unknown_prediction(id);
  return ApiAnswer{200, control::to_json(record), std::nullopt};
}

Status ControlApi::note_look(const ApiCall& call, const std::string& action, const DecisionRecord& decision) {
  const registry::AuditNote note{call.actor.name, action, decision.endpoint, {{"prediction_id", decision.id.text()}}};
  MODELYARD_TRY(parts_.catalog.transact(note, [](registry::CatalogWriter&) { return ok(); }));
  return ok();
}

Result<ControlApi::Captured> ControlApi::find_captured(const ApiCall& call, const std::string& action) {
  MODELYARD_ASSIGN(journal::Journal* const journal, this->journal());
  MODELYARD_ASSIGN(const Uuid id, Uuid::parse(call.parameters[0]));
  Captured captured;
  MODELYARD_ASSIGN(captured.decision, journal->find(id));
  const std::string& endpoint = captured.decision.endpoint;
  if (!call.may(Verb::kPayload, endpoint)) return journal::unknown_prediction(id);
  MODELYARD_ASSIGN(captured.payload, parts_.payloads->find(endpoint, id));
  MODELYARD_TRY(note_look(call, action, captured.decision));
  return captured;
}

Result<ApiAnswer> ControlApi::show_payload(const ApiCall& call) {
  MODELYARD_ASSIGN(const Captured captured, find_captured(call, "payload.show"));
  return ApiAnswer{200, payload_document(captured.payload, captured.decision), std::nullopt};
}

Result<ApiAnswer> ControlApi::replay_prediction(const ApiCall& call) {
  MODELYARD_ASSIGN(const Captured captured, find_captured(call, "payload.replay"));
  const VersionRef ref{captured.decision.model, captured.decision.version};
  const auto table = parts_.table.snapshot().current();
  const auto model = table->models.find(ref.model);
  const bool is_loaded = model != table->models.end() && model->second.ready.contains(ref.version);
  if (!is_loaded) {
    return error(Code::kFailedPrecondition, "version {}/{} is not loaded: modelyard pin {}/{}, then ask again",
                 ref.model, ref.version, ref.model, ref.version);
  }
  lifecycle::Golden tolerances;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(tolerances, control::tolerances_of(reader, ref));
    return ok();
  }));
  lifecycle::Servable& servable = *model->second.ready.at(ref.version);
  MODELYARD_ASSIGN(const control::Replay replay, control::replay(servable, captured.payload, tolerances, parts_.cpu));
  Json document = control::to_json(replay);
  document["prediction_id"] = captured.decision.id.text();
  document["model"] = ref.model;
  document["version"] = ref.version;
  return ApiAnswer{200, std::move(document), std::nullopt};
}

void ControlApi::add_prediction_routes(Router& router) {
  route(router, Method::kGet, "/api/v1/predictions", Access::server(Verb::kRead),
        {"endpoint", "version", "status", "principal", "from", "to", "limit", "cursor", "payload"},
        [this](const ApiCall& call) { return list_predictions(call); });
  route(router, Method::kGet, "/api/v1/predictions/{id}", Access::server(Verb::kRead), {},
        [this](const ApiCall& call) { return find_prediction(call); });
  route(router, Method::kGet, "/api/v1/predictions/{id}/payload", Access::server(Verb::kPayload), {},
        [this](const ApiCall& call) { return show_payload(call); });
  route(
      router, Method::kPost, "/api/v1/predictions/{id}:replay", Access::server(Verb::kPayload), {},
      [this](const ApiCall& call) { return replay_prediction(call); }, Body::kNone);
  route(router, Method::kGet, "/api/v1/journal", Access::every_model(Verb::kRead), {},
        [this](const ApiCall&) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(journal::Journal* const journal, this->journal());
          return ApiAnswer{200, control::to_json(journal->report(), *parts_.payloads), std::nullopt};
        });
}

}  // namespace modelyard::edge
