#include "registry/sqlite_reader.h"

namespace modelyard::registry {
namespace {

UtcTime time_at(const SqliteStatement& row, int column) {
  return utc_from_micros(row.integer(column));
}

std::optional<UtcTime> optional_time_at(const SqliteStatement& row, int column) {
  const auto micros = row.optional_integer(column);
  return micros ? std::optional(utc_from_micros(*micros)) : std::nullopt;
}

// Collects a row for each step.
template <typename Make>
auto collect(SqliteStatement statement, Make make)
    -> Result<std::vector<typename std::invoke_result_t<Make, const SqliteStatement&>::value_type>> {
  std::vector<typename std::invoke_result_t<Make, const SqliteStatement&>::value_type> rows;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    MODELYARD_ASSIGN(auto row, make(statement));
    rows.push_back(std::move(row));
  }
}

// The only row, or NotFound with those words.
template <typename Make>
auto only(SqliteStatement statement, Make make, const std::string& missing)
    -> std::invoke_result_t<Make, const SqliteStatement&> {
  MODELYARD_ASSIGN(const bool found, statement.step());
  if (!found) return Error(Code::kNotFound, missing);
  return make(statement);
}

Result<ModelRecord> model_row(const SqliteStatement& row) {
  ModelRecord model;
  model.name = row.text(0);
  model.description = row.text(1);
  model.created = time_at(row, 2);
  model.deleted = optional_time_at(row, 3);
  model.revision = row.integer(4);
  return model;
}

Result<VersionRecord> version_row(const SqliteStatement& row) {
  VersionRecord version;
  version.ref = {row.text(0), row.integer(1)};
  MODELYARD_ASSIGN(version.identity, Digest::parse(row.text(2)));
  const auto state = parse_version_state(row.text(3));
  if (!state) return error(Code::kInternal, "catalog: unknown version state '{}'", row.text(3));
  version.state = *state;
  MODELYARD_ASSIGN(const Json document, parse_json(row.text(4)));
  MODELYARD_ASSIGN(version.document, parse_version_document(document));
  version.created = time_at(row, 5);
  version.revision = row.integer(6);
  return version;
}

Result<AttachmentRecord> attachment_row(const SqliteStatement& row) {
  AttachmentRecord record;
  const auto kind = parse_attachment_kind(row.text(0));
  if (!kind) return error(Code::kInternal, "catalog: unknown attachment kind '{}'", row.text(0));
  record.attachment.kind = *kind;
  MODELYARD_ASSIGN(record.attachment.digest, Digest::parse(row.text(1)));
  record.attachment.content = row.text(2);
  record.created = time_at(row, 3);
  return record;
}

Result<AliasRecord> alias_row(const SqliteStatement& row) {
  return AliasRecord{row.text(0), row.text(1), row.integer(2), time_at(row, 3), row.integer(4)};
}

Result<AliasMove> alias_move_row(const SqliteStatement& row) {
  return AliasMove{row.text(0), row.integer(1), time_at(row, 2), row.text(3)};
}

constexpr std::string_view kRolloutColumns = "id, endpoint, model, spec, state, live, created, actor, revision";

Result<RolloutRecord> rollout_row(const SqliteStatement& row) {
  RolloutRecord rollout;
  rollout.id = row.integer(0);
  rollout.endpoint = row.text(1);
  rollout.model = row.text(2);
  rollout.spec = row.text(3);
  rollout.state = row.text(4);
  rollout.live = row.integer(5) != 0;
  rollout.created = time_at(row, 6);
  rollout.actor = row.text(7);
  rollout.revision = row.integer(8);
  return rollout;
}

Result<PinRecord> pin_row(const SqliteStatement& row) {
  return PinRecord{{row.text(0), row.integer(1)}, time_at(row, 2), row.text(3)};
}

Result<ApiKeyRecord> api_key_row(const SqliteStatement& row) {
  ApiKeyRecord key;
  key.id = row.text(0);
  key.name = row.text(1);
  MODELYARD_ASSIGN(key.hash, Digest::parse(row.text(2)));
  key.verbs = row.text(3);
  key.models = row.text(4);
  key.created = time_at(row, 5);
  key.expires = optional_time_at(row, 6);
  key.revoked = optional_time_at(row, 7);
  key.used = optional_time_at(row, 8);
  key.actor = row.text(9);
  return key;
}

Result<EndpointRecord> endpoint_row(const SqliteStatement& row) {
  return EndpointRecord{
      row.text(0),    row.text(1),     {row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)},
      row.integer(7), time_at(row, 8), row.integer(9)};
}

Result<PlanRecord> plan_row(const SqliteStatement& row) {
  return PlanRecord{row.text(0), row.integer(1), row.text(2), time_at(row, 3), row.text(4), row.text(5)};
}

Result<EventRecord> event_row(const SqliteStatement& row) {
  return EventRecord{row.integer(0), time_at(row, 1), row.text(2), row.text(3), row.integer(4), row.text(5)};
}

Result<AuditRecord> audit_row(const SqliteStatement& row) {
  AuditRecord record;
  record.sequence = row.integer(0);
  record.row = row.text(1);
  MODELYARD_ASSIGN(record.previous, Digest::parse(row.text(2)));
  MODELYARD_ASSIGN(record.hash, Digest::parse(row.text(3)));
  return record;
}

constexpr std::string_view kVersionColumns = "model, number, identity, state, document, created, revision";

}  // namespace

template <typename Base>
Result<Revision> SqliteQueries<Base>::revision() {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT revision FROM counter"));
  MODELYARD_TRY(statement.step());
  return statement.integer(0);
}

template <typename Base>
Result<ModelRecord> SqliteQueries<Base>::model(std::string_view name) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT name, description, created, deleted, revision FROM models WHERE name = ?"));
  statement.bind(name);
  return only(std::move(statement), model_row, fmt::format("model '{}' is not found", name));
}

template <typename Base>
Result<std::vector<ModelRecord>> SqliteQueries<Base>::models(const Page& page) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT name, description, created, deleted, revision FROM models WHERE name > ? ORDER BY name LIMIT ?"));
  statement.bind(page.after).bind(std::int64_t{page.limit});
  return collect(std::move(statement), model_row);
}

template <typename Base>
Result<VersionRecord> SqliteQueries<Base>::version(const VersionRef& ref) {
  static const std::string sql =
      fmt::format("SELECT {} FROM versions WHERE model = ? AND number = ? AND state <> 'purged'", kVersionColumns);
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  statement.bind(ref.model).bind(ref.version);
  return only(std::move(statement), version_row,
              fmt::format("version {} of model '{}' is not found", ref.version, ref.model));
}

template <typename Base>
Result<std::optional<VersionRecord>> SqliteQueries<Base>::version_by_identity(std::string_view model,
                                                                              const Digest& identity) {
  static const std::string sql =
      fmt::format("SELECT {} FROM versions WHERE model = ? AND identity = ?", kVersionColumns);
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  statement.bind(model).bind(identity.hex());
  MODELYARD_ASSIGN(const bool found, statement.step());
  if (!found) return std::optional<VersionRecord>();
  MODELYARD_ASSIGN(auto version, version_row(statement));
  return std::optional<VersionRecord>(std::move(version));
}

template <typename Base>
Result<std::vector<VersionRecord>> SqliteQueries<Base>::versions(std::string_view model, const Page& page) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM versions WHERE model = ? AND number > ? AND state <> 'purged' ORDER BY number LIMIT ?",
      kVersionColumns);
  VersionNumber after = 0;
  if (!page.after.empty()) {
    MODELYARD_ASSIGN(after, parse_version_number(page.after));
  }
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  statement.bind(model).bind(after).bind(std::int64_t{page.limit});
  return collect(std::move(statement), version_row);
}

template <typename Base>
Result<std::vector<AttachmentRecord>> SqliteQueries<Base>::attachments(const VersionRef& ref) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT kind, digest, content, created FROM attachments WHERE "
                                                       "model = ? AND number = ? ORDER BY created, kind, digest"));
  statement.bind(ref.model).bind(ref.version);
  return collect(std::move(statement), attachment_row);
}

template <typename Base>
Result<AliasRecord> SqliteQueries<Base>::alias(std::string_view model, std::string_view alias) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT model, alias, number, changed, revision FROM aliases WHERE model = ? AND alias = ?"));
  statement.bind(model).bind(alias);
  return only(std::move(statement), alias_row, fmt::format("alias '{}' of model '{}' is not found", alias, model));
}

template <typename Base>
Result<std::vector<AliasRecord>> SqliteQueries<Base>::aliases(std::string_view model) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT model, alias, number, changed, revision FROM aliases "
                                                       "WHERE ?1 = '' OR model = ?1 ORDER BY model, alias"));
  statement.bind(model);
  return collect(std::move(statement), alias_row);
}

template <typename Base>
Result<std::vector<AliasMove>> SqliteQueries<Base>::alias_history(std::string_view model) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT alias, number, changed, actor FROM alias_history WHERE model = ? ORDER BY rowid DESC LIMIT 1000"));
  statement.bind(model);
  return collect(std::move(statement), alias_move_row);
}

template <typename Base>
Result<std::vector<TagRecord>> SqliteQueries<Base>::tags(const VersionRef& ref) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("SELECT key, value FROM tags WHERE model = ? AND number = ? ORDER BY key"));
  statement.bind(ref.model).bind(ref.version);
  return collect(std::move(statement),
                 [](const SqliteStatement& row) -> Result<TagRecord> { return TagRecord{row.text(0), row.text(1)}; });
}

template <typename Base>
Result<std::vector<PinRecord>> SqliteQueries<Base>::pins(std::string_view model) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT model, number, created, actor FROM pins "
                                                       "WHERE ?1 = '' OR model = ?1 ORDER BY model, number"));
  statement.bind(model);
  return collect(std::move(statement), pin_row);
}

template <typename Base>
Result<std::vector<ApiKeyRecord>> SqliteQueries<Base>::api_keys() {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT id, name, hash, verbs, models, created, expires, "
                                                       "revoked, used, actor FROM api_keys ORDER BY name, created"));
  return collect(std::move(statement), api_key_row);
}

template <typename Base>
Result<EndpointRecord> SqliteQueries<Base>::endpoint(std::string_view name) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT name, model, objectives, scheduling, journal, evaluation, monitors, plan_revision, "
                          "created, revision FROM endpoints WHERE name = ?"));
  statement.bind(name);
  return only(std::move(statement), endpoint_row, fmt::format("endpoint '{}' is not found", name));
}

template <typename Base>
Result<std::vector<EndpointRecord>> SqliteQueries<Base>::endpoints() {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT name, model, objectives, scheduling, journal, evaluation, monitors, plan_revision, "
                          "created, revision FROM endpoints ORDER BY name"));
  return collect(std::move(statement), endpoint_row);
}

template <typename Base>
Result<PlanRecord> SqliteQueries<Base>::plan(std::string_view endpoint, Revision revision) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT endpoint, revision, plan, created, actor, reason FROM plans WHERE endpoint = ? AND revision = ?"));
  statement.bind(endpoint).bind(revision);
  return only(std::move(statement), plan_row, fmt::format("plan {} of endpoint '{}' is not found", revision, endpoint));
}

template <typename Base>
Result<std::vector<PlanRecord>> SqliteQueries<Base>::plans(std::string_view endpoint) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT endpoint, revision, plan, created, actor, reason FROM plans WHERE endpoint = ? "
                          "ORDER BY revision DESC LIMIT 1000"));
  statement.bind(endpoint);
  return collect(std::move(statement), plan_row);
}

template <typename Base>
Result<RolloutRecord> SqliteQueries<Base>::rollout(std::int64_t id) {
  static const std::string sql = fmt::format("SELECT {} FROM rollouts WHERE id = ?", kRolloutColumns);
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  statement.bind(id);
  return only(std::move(statement), rollout_row, fmt::format("rollout {} is not found", id));
}

template <typename Base>
Result<std::vector<RolloutRecord>> SqliteQueries<Base>::rollouts(std::string_view endpoint) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM rollouts WHERE ?1 = '' OR endpoint = ?1 ORDER BY id DESC LIMIT 1000", kRolloutColumns);
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  statement.bind(endpoint);
  return collect(std::move(statement), rollout_row);
}

template <typename Base>
Result<std::vector<RolloutRecord>> SqliteQueries<Base>::live_rollouts() {
  static const std::string sql = fmt::format("SELECT {} FROM rollouts WHERE live ORDER BY id", kRolloutColumns);
  MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
  return collect(std::move(statement), rollout_row);
}

template <typename Base>
Result<std::string> SqliteQueries<Base>::rollout_evidence(std::int64_t id) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT evidence FROM rollout_evidence WHERE rollout = ?"));
  statement.bind(id);
  MODELYARD_ASSIGN(const bool found, statement.step());
  return found ? statement.text(0) : std::string();
}

template <typename Base>
Result<std::vector<Digest>> SqliteQueries<Base>::referenced_blobs() {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT DISTINCT digest FROM version_blobs ORDER BY digest"));
  return collect(std::move(statement), [](const SqliteStatement& row) { return Digest::parse(row.text(0)); });
}

template <typename Base>
Result<std::vector<EventRecord>> SqliteQueries<Base>::events(std::string_view model, std::int64_t after, int limit) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT id, time, kind, model, number, message FROM events WHERE id > ?1 AND (?2 = '' OR model = ?2) "
          "ORDER BY id LIMIT ?3"));
  statement.bind(after).bind(model).bind(std::int64_t{limit});
  return collect(std::move(statement), event_row);
}

template <typename Base>
Result<std::vector<AuditRecord>> SqliteQueries<Base>::audit(std::int64_t after, int limit) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare(
                       "SELECT sequence, row, previous, hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?"));
  statement.bind(after).bind(std::int64_t{limit});
  return collect(std::move(statement), audit_row);
}

template <typename Base>
Result<std::optional<IdempotentAnswer>> SqliteQueries<Base>::idempotent_answer(std::string_view key, UtcTime now) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("SELECT request, status, body, etag FROM answers WHERE key = ? AND expires > ?"));
  statement.bind(key).bind(utc_micros(now));
  MODELYARD_ASSIGN(const bool found, statement.step());
  if (!found) return std::optional<IdempotentAnswer>();
  IdempotentAnswer answer;
  MODELYARD_ASSIGN(answer.request, Digest::parse(statement.text(0)));
  answer.status = static_cast<int>(statement.integer(1));
  answer.body = statement.text(2);
  answer.etag = statement.optional_integer(3);
  return std::optional<IdempotentAnswer>(std::move(answer));
}

template class SqliteQueries<CatalogReader>;
template class SqliteQueries<CatalogWriter>;

}  // namespace modelyard::registry
