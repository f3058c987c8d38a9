#include "control/documents.h"

#include <algorithm>

namespace modelyard::control {
namespace {

Json parsed(const std::string& text) {
  const auto value = parse_json(text, {.max_bytes = registry::kMaxAttachmentBytes, .max_depth = 256});
  return value ? *value : Json(nullptr);
}

double milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

Json to_json(const registry::ModelRecord& model) {
  Json document{{"name", model.name},
                {"description", model.description},
                {"created", format_utc(model.created)},
                {"revision", model.revision}};
  if (model.deleted) document["deleted"] = format_utc(*model.deleted);
  return document;
}

Json to_json(const registry::VersionRecord& version) {
  Json document = registry::to_json(version.document);
  std::int64_t bytes = 0;
  for (const registry::VersionFile& file : version.document.files) bytes += file.size;
  document.update({{"model", version.ref.model},
                   {"version", version.ref.version},
                   {"identity", version.identity.hex()},
                   {"state", registry::version_state_name(version.state)},
                   {"bytes", bytes},
                   {"created", format_utc(version.created)},
                   {"revision", version.revision}});
  return document;
}

Json to_json(const registry::AttachmentRecord& record) {
  return {{"kind", registry::attachment_kind_name(record.attachment.kind)},
          {"digest", record.attachment.digest.hex()},
          {"created", format_utc(record.created)},
          {"content", parsed(record.attachment.content)}};
}

Json to_json(const journal::DecisionRecord& record) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"prediction_id", record.id.text()},
          {"time", format_utc(record.time)},
          {"endpoint", record.endpoint},
          {"model", record.model},
          {"version", record.version},
          {"plan_revision", record.plan_revision > 0 ? Json(record.plan_revision) : Json(nullptr)},
          {"arm", or_null(record.arm)},
          {"principal", or_null(record.principal)},
          {"protocol", record.protocol},
          {"status", record.failure ? code_name(*record.failure) : "ok"},
          {"latency_us", record.latency.count()},
          {"rows", record.rows}};
}

Json to_json(const journal::JournalReport& report, const journal::PayloadJournal& payloads) {
  Json endpoints = Json::array();
  for (const auto& endpoint : report.endpoints) {
    const journal::SegmentLog::Totals captured = payloads.kept_of(endpoint.endpoint);
    endpoints.push_back({{"endpoint", endpoint.endpoint},
                         {"records", endpoint.totals.records},
                         {"bytes", endpoint.totals.bytes},
                         {"first_time", format_utc(utc_from_micros(endpoint.totals.first_time))},
                         {"last_time", format_utc(utc_from_micros(endpoint.totals.last_time))},
                         {"max_bytes", endpoint.keeping.bounds.most_bytes},
                         {"max_age_days", endpoint.keeping.bounds.most_age.count()},
                         {"hold", endpoint.keeping.hold},
                         {"payloads", {{"records", captured.records}, {"bytes", captured.bytes}}}});
  }
  const journal::PayloadTotals captured = payloads.totals();
  return {{"durability", journal::durability_name(report.durability)},
          {"max_bytes", report.bounds.most_bytes},
          {"max_age_days", report.bounds.most_age.count()},
          {"records", report.totals.records},
          {"bytes", report.totals.bytes},
          {"recorded", report.totals.recorded},
          {"lost", {{"room", report.totals.lost_for_room}, {"disk", report.totals.lost_for_disk}}},
          {"deleted_segments", report.totals.deleted_segments},
          {"damaged_blocks", report.totals.damaged_blocks},
          {"payloads",
           {{"max_bytes", payloads.bounds().most_bytes},
            {"max_age_days", payloads.bounds().most_age.count()},
            {"records", captured.records},
            {"bytes", captured.bytes},
            {"recorded", captured.recorded},
            {"lost", {{"room", captured.lost_for_room}, {"disk", captured.lost_for_disk}}},
            {"deleted_segments", captured.deleted_segments},
            {"damaged_blocks", captured.damaged_blocks}}},
          {"endpoints", std::move(endpoints)}};
}

Json to_json(const registry::ApiKeyRecord& key) {
  const auto when = [](std::optional<UtcTime> time) { return time ? Json(format_utc(*time)) : Json(nullptr); };
  return {{"id", key.id},
          {"name", key.name},
          {"verbs", key.verbs},
          {"models", key.models},
          {"created", format_utc(key.created)},
          {"expires", when(key.expires)},
          {"revoked", when(key.revoked)},
          {"last_used", when(key.used)},
          {"actor", key.actor}};
}

Json to_json(const registry::AliasRecord& alias) {
  return {{"model", alias.model},
          {"alias", alias.alias},
          {"version", alias.version},
          {"changed", format_utc(alias.changed)},
          {"revision", alias.revision}};
}

Json to_json(const registry::AliasMove& move) {
  Json document{{"alias", move.alias}, {"changed", format_utc(move.changed)}, {"actor", move.actor}};
  document["version"] = move.version > 0 ? Json(move.version) : Json(nullptr);
  return document;
}

Json to_json(const registry::EndpointRecord& endpoint) {
  Json document{{"name", endpoint.name},
                {"model", endpoint.model},
                {"objectives", parsed(endpoint.wants.objectives)},
                {"scheduling", parsed(endpoint.wants.scheduling)},
                {"journal", parsed(endpoint.wants.journal)},
                {"evaluation", parsed(endpoint.wants.evaluation)},
                {"monitors", parsed(endpoint.wants.monitors)},
                {"created", format_utc(endpoint.created)},
                {"revision", endpoint.revision}};
  document["plan_revision"] = endpoint.plan_revision > 0 ? Json(endpoint.plan_revision) : Json(nullptr);
  return document;
}

Json to_json(const registry::PlanRecord& plan) {
  Json document{{"endpoint", plan.endpoint},
                {"revision", plan.revision},
                {"created", format_utc(plan.created)},
                {"actor", plan.actor},
                {"reason", plan.reason}};
  document["shares"] = Json::array();
  if (!plan.plan.empty()) document.update(parsed(plan.plan));
  return document;
}

Json to_json(const registry::EventRecord& event) {
  return {{"id", event.id},       {"time", format_utc(event.time)}, {"kind", event.kind},
          {"model", event.model}, {"version", event.version},       {"message", event.message}};
}

Json to_json(const registry::AuditRecord& row) {
  Json document = parsed(row.row);
  document["previous"] = row.previous.hex();
  document["hash"] = row.hash.hex();
  return document;
}

Json to_json(const lifecycle::VersionStatus& status) {
  Json document{{"model", status.version.model},
                {"version", status.version.version},
                {"phase", lifecycle::phase_name(status.phase)},
                {"attempts", status.attempts},
                {"memory_bytes", status.memory_bytes},
                {"most_batch_rows", status.most_batch_rows}};
  if (status.options) document["intra_op_threads"] = status.options->intra_op_threads;
  if (status.wanted_options) document["wanted_intra_op_threads"] = status.wanted_options->intra_op_threads;
  if (!status.reason.empty()) document["reason"] = status.reason;
  if (!status.note.empty()) document["note"] = status.note;
  if (status.next_try) document["next_try"] = format_utc(*status.next_try);
  if (status.ready_since) document["ready_since"] = format_utc(*status.ready_since);
  if (status.cost.known) {
    document["warm_up_ms"] = milliseconds(status.cost.fixed + status.cost.per_row);
  }
  return document;
}

Json tags_to_json(const std::vector<registry::TagRecord>& tags) {
  Json document = Json::object();
  for (const registry::TagRecord& tag : tags) document[tag.key] = tag.value;
  return document;
}

Result<Json> describe_model(registry::CatalogReader& reader, std::string_view name) {
  MODELYARD_ASSIGN(const auto model, reader.model(name));
  MODELYARD_ASSIGN(const auto tags, reader.tags({std::string(name), 0}));
  MODELYARD_ASSIGN(const auto aliases, reader.aliases(name));
  Json document = to_json(model);
  document["tags"] = tags_to_json(tags);
  document["aliases"] = list_to_json(aliases);
  return document;
}

Result<Json> describe_version(registry::CatalogReader& reader, const VersionRef& ref) {
  MODELYARD_ASSIGN(const auto version, reader.version(ref));
  MODELYARD_ASSIGN(const auto tags, reader.tags(ref));
  MODELYARD_ASSIGN(const auto aliases, reader.aliases(ref.model));
  MODELYARD_ASSIGN(const auto attachments, reader.attachments(ref));
  Json document = to_json(version);
  document["tags"] = tags_to_json(tags);
  document["aliases"] = Json::array();
  for (const auto& alias : aliases) {
    if (alias.version == ref.version) document["aliases"].push_back(alias.alias);
  }
  MODELYARD_ASSIGN(const auto pins, reader.pins(ref.model));
  document["pinned"] = std::ranges::any_of(pins, [&](const auto& pin) { return pin.ref == ref; });
  document["attachments"] = list_to_json(attachments);
  return document;
}

}  // namespace modelyard::control
