#include "registry/sqlite_writer.h"

namespace modelyard::registry {
namespace {

std::optional<std::int64_t> micros_of(std::optional<UtcTime> time) {
  return time ? std::optional(utc_micros(*time)) : std::nullopt;
}

}  // namespace

Status SqliteWriter::change(SqliteStatement statement, const std::string& missing) {
  MODELYARD_TRY(statement.run());
  return connection_.changes() > 0 ? ok() : Status(Error(Code::kNotFound, missing));
}

Status SqliteWriter::create_model(std::string_view name) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("INSERT INTO models (name, created, next_version, revision) VALUES (?, ?, "
                                       "coalesce((SELECT next_version FROM purged_models WHERE name = ?), 1), ?)"));
  const Status done = statement.bind(name).bind(utc_micros(now_)).bind(name).bind(revision_).run();
  if (done || done.error().code() != Code::kConflict) return done;
  return error(Code::kConflict, "model '{}' exists already", name);
}

Status SqliteWriter::describe_model(std::string_view name, std::string_view description) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("UPDATE models SET description = ?, revision = ? WHERE name = ?"));
  statement.bind(description).bind(revision_).bind(name);
  return change(std::move(statement), fmt::format("model '{}' is not found", name));
}

Status SqliteWriter::set_model_deleted(std::string_view name, std::optional<UtcTime> deleted) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("UPDATE models SET deleted = ?, revision = ? WHERE name = ?"));
  statement.bind(micros_of(deleted)).bind(revision_).bind(name);
  return change(std::move(statement), fmt::format("model '{}' is not found", name));
}

Status SqliteWriter::purge_model(std::string_view name) {
  MODELYARD_ASSIGN(const auto all, versions(name, Page{"", 1'000'000}));
  for (const VersionRecord& version : all) MODELYARD_TRY(refuse_if_used(version.ref));
  // The first: numbers are never used again, not by a later model of this name either.
  for (const std::string_view sql : {std::string_view("INSERT OR REPLACE INTO purged_models "
                                                      "SELECT name, next_version FROM models WHERE name = ?"),
                                     std::string_view("DELETE FROM tags WHERE model = ?"),
                                     std::string_view("DELETE FROM alias_history WHERE model = ?"),
                                     std::string_view("DELETE FROM versions WHERE model = ?"),
                                     std::string_view("DELETE FROM models WHERE name = ?")}) {
    MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
    const Status done = statement.bind(name).run();
    if (!done && done.error().code() == Code::kConflict) {
      return error(Code::kFailedPrecondition, "model '{}' still has an endpoint; remove it first", name);
    }
    MODELYARD_TRY(done);
  }
  return ok();
}

Status SqliteWriter::add_blob(const VersionRef& ref, const Digest& digest) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT OR IGNORE INTO version_blobs VALUES (?, ?, ?)"));
  return statement.bind(ref.model).bind(ref.version).bind(digest.hex()).run();
}

Result<VersionRef> SqliteWriter::add_version(std::string_view model, const VersionDocument& document) {
  MODELYARD_ASSIGN(const Digest identity, identity_of(document));
  MODELYARD_ASSIGN(const std::string text, canonical_json(to_json(document)));
  MODELYARD_ASSIGN(
      auto next,
      connection_.prepare(
          "UPDATE models SET next_version = next_version + 1, revision = ? WHERE name = ? RETURNING next_version - 1"));
  next.bind(revision_).bind(model);
  MODELYARD_ASSIGN(const bool found, next.step());
  if (!found) return error(Code::kNotFound, "model '{}' is not found", model);
  const VersionRef ref{std::string(model), next.integer(0)};
  MODELYARD_TRY(next.step());
  MODELYARD_ASSIGN(auto insert, connection_.prepare("INSERT INTO versions (model, number, identity, state, document, "
                                                    "created, revision) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  MODELYARD_TRY(insert.bind(model)
                    .bind(ref.version)
                    .bind(identity.hex())
                    .bind(version_state_name(VersionState::kPublished))
                    .bind(text)
                    .bind(utc_micros(now_))
                    .bind(revision_)
                    .run());
  for (const VersionFile& file : document.files) MODELYARD_TRY(add_blob(ref, file.digest));
  return ref;
}

Status SqliteWriter::refuse_if_used(const VersionRef& ref) {
  MODELYARD_ASSIGN(auto served,
                   connection_.prepare("SELECT endpoint FROM plan_versions WHERE model = ? AND number = ?"));
  MODELYARD_ASSIGN(const bool is_served, served.bind(ref.model).bind(ref.version).step());
  if (is_served) {
    return error(Code::kFailedPrecondition,
                 "version {} of '{}' is served by endpoint '{}'; deploy another version or "
                 "undeploy first",
                 ref.version, ref.model, served.text(0));
  }
  MODELYARD_ASSIGN(auto named, connection_.prepare("SELECT alias FROM aliases WHERE model = ? AND number = ?"));
  MODELYARD_ASSIGN(const bool is_named, named.bind(ref.model).bind(ref.version).step());
  if (is_named) {
    return error(Code::kFailedPrecondition, "alias '{}' names version {} of '{}'; move or unset it first",
                 named.text(0), ref.version, ref.model);
  }
  MODELYARD_ASSIGN(auto pin, connection_.prepare("SELECT 1 FROM pins WHERE model = ? AND number = ?"));
  MODELYARD_ASSIGN(const bool is_pinned, pin.bind(ref.model).bind(ref.version).step());
  if (!is_pinned) return ok();
  return error(Code::kFailedPrecondition, "version {} of '{}' is pinned; unpin it first", ref.version, ref.model);
}

Status SqliteWriter::set_version_state(const VersionRef& ref, VersionState state) {
  MODELYARD_ASSIGN(const VersionRecord current, version(ref));
  if (current.state == state) {
    return error(Code::kFailedPrecondition, "version {} of '{}' is {} already", ref.version, ref.model,
                 version_state_name(state));
  }
  if (!may_follow(current.state, state)) {
    return error(Code::kFailedPrecondition, "version {} of '{}' is {}, it cannot become {}", ref.version, ref.model,
                 version_state_name(current.state), version_state_name(state));
  }
  if (state != VersionState::kPublished) MODELYARD_TRY(refuse_if_used(ref));
  if (state == VersionState::kPurged) {
    // The row stays as a tombstone, so that the number is never used again; content may be published anew.
    for (const std::string_view sql :
         {std::string_view("DELETE FROM version_blobs WHERE model = ? AND number = ?"),
          std::string_view("DELETE FROM attachments WHERE model = ? AND number = ?"),
          std::string_view("DELETE FROM tags WHERE model = ? AND number = ?"),
          std::string_view("UPDATE versions SET identity = 'purged ' || number WHERE model = ? AND number = ?")}) {
      MODELYARD_ASSIGN(auto statement, connection_.prepare(sql));
      MODELYARD_TRY(statement.bind(ref.model).bind(ref.version).run());
    }
  }
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("UPDATE versions SET state = ?, revision = ? WHERE model = ? AND number = ?"));
  return statement.bind(version_state_name(state)).bind(revision_).bind(ref.model).bind(ref.version).run();
}

Status SqliteWriter::add_attachment(const VersionRef& ref, const Attachment& attachment) {
  MODELYARD_ASSIGN(const VersionRecord owner, version(ref));
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("INSERT INTO attachments (model, number, kind, digest, content, created) "
                                       "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET created = excluded.created "
                                       "WHERE EXISTS (SELECT 1 FROM attachments AS other WHERE other.model = "
                                       "excluded.model AND other.number = excluded.number AND other.kind = "
                                       "excluded.kind AND other.created > attachments.created)"));
  MODELYARD_TRY(statement.bind(owner.ref.model)
                    .bind(owner.ref.version)
                    .bind(attachment_kind_name(attachment.kind))
                    .bind(attachment.digest.hex())
                    .bind(attachment.content)
                    .bind(utc_micros(now_))
                    .run());
  const auto blob = referenced_blob(attachment);
  return blob ? add_blob(ref, *blob) : ok();
}

Status SqliteWriter::set_alias(std::string_view model, std::string_view alias, VersionNumber version) {
  if (version == 0) {
    MODELYARD_ASSIGN(auto remove, connection_.prepare("DELETE FROM aliases WHERE model = ? AND alias = ?"));
    remove.bind(model).bind(alias);
    MODELYARD_TRY(change(std::move(remove), fmt::format("alias '{}' of model '{}' is not found", alias, model)));
  } else {
    MODELYARD_ASSIGN(
        auto put,
        connection_.prepare(
            "INSERT INTO aliases (model, alias, number, changed, revision) VALUES (?, ?, ?, ?, ?) ON CONFLICT (model, "
            "alias) "
            "DO UPDATE SET number = excluded.number, changed = excluded.changed, revision = excluded.revision"));
    MODELYARD_TRY(put.bind(model).bind(alias).bind(version).bind(utc_micros(now_)).bind(revision_).run());
  }
  MODELYARD_ASSIGN(auto note, connection_.prepare("INSERT INTO alias_history VALUES (?, ?, ?, ?, ?)"));
  return note.bind(model).bind(alias).bind(version).bind(utc_micros(now_)).bind(actor_).run();
}

Status SqliteWriter::set_tag(const VersionRef& ref, std::string_view key, std::optional<std::string> value) {
  if (!value) {
    MODELYARD_ASSIGN(auto remove, connection_.prepare("DELETE FROM tags WHERE model = ? AND number = ? AND key = ?"));
    remove.bind(ref.model).bind(ref.version).bind(key);
    return change(std::move(remove), fmt::format("tag '{}' is not found", key));
  }
  MODELYARD_ASSIGN(auto put, connection_.prepare("INSERT INTO tags VALUES (?, ?, ?, ?) ON CONFLICT (model, number, "
                                                 "key) DO UPDATE SET value = excluded.value"));
  return put.bind(ref.model).bind(ref.version).bind(key).bind(*value).run();
}

Status SqliteWriter::add_pin(const VersionRef& ref) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?)"));
  return statement.bind(ref.model).bind(ref.version).bind(utc_micros(now_)).bind(actor_).run();
}

Status SqliteWriter::remove_pin(const VersionRef& ref) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("DELETE FROM pins WHERE model = ? AND number = ?"));
  statement.bind(ref.model).bind(ref.version);
  return change(std::move(statement), fmt::format("version {} of '{}' is not pinned", ref.version, ref.model));
}

Status SqliteWriter::put_endpoint(std::string_view name, std::string_view model, const EndpointWants& wants) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "INSERT INTO endpoints (name, model, objectives, scheduling, journal, evaluation, monitors, created, "
          "revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (name) DO UPDATE SET objectives = excluded.objectives, scheduling = excluded.scheduling, "
          "journal = excluded.journal, evaluation = excluded.evaluation, monitors = excluded.monitors, "
          "revision = excluded.revision WHERE model = excluded.model"));
  statement.bind(name).bind(model).bind(wants.objectives).bind(wants.scheduling).bind(wants.journal);
  statement.bind(wants.evaluation).bind(wants.monitors);
  MODELYARD_TRY(statement.bind(utc_micros(now_)).bind(revision_).run());
  if (connection_.changes() > 0) return ok();
  return error(Code::kConflict, "endpoint '{}' belongs to another model", name);
}

Status SqliteWriter::remove_endpoint(std::string_view name) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("DELETE FROM endpoints WHERE name = ?"));
  statement.bind(name);
  return change(std::move(statement), fmt::format("endpoint '{}' is not found", name));
}

Status SqliteWriter::set_plan_versions(const EndpointRecord& endpoint, std::string_view plan) {
  MODELYARD_ASSIGN(auto clear, connection_.prepare("DELETE FROM plan_versions WHERE endpoint = ?"));
  MODELYARD_TRY(clear.bind(endpoint.name).run());
  if (plan.empty()) return ok();
  MODELYARD_ASSIGN(
      auto insert,
      connection_.prepare("INSERT OR IGNORE INTO plan_versions SELECT ?1, ?2, value ->> 'version' FROM "
                          "json_each(?3, '$.shares') UNION SELECT ?1, ?2, value ->> 'version' FROM "
                          "json_each(?3, '$.shadows') UNION SELECT ?1, ?2, value FROM json_each(?3, '$.warm')"));
  return insert.bind(endpoint.name).bind(endpoint.model).bind(plan).run();
}

Status SqliteWriter::set_plan(std::string_view name, std::string_view plan, std::string_view reason) {
  MODELYARD_ASSIGN(const EndpointRecord current, endpoint(name));
  MODELYARD_TRY(set_plan_versions(current, plan));
  MODELYARD_ASSIGN(auto history, connection_.prepare("INSERT INTO plans VALUES (?, ?, ?, ?, ?, ?)"));
  MODELYARD_TRY(history.bind(name).bind(revision_).bind(plan).bind(utc_micros(now_)).bind(actor_).bind(reason).run());
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("UPDATE endpoints SET plan_revision = ?, revision = ? WHERE name = ?"));
  return statement.bind(plan.empty() ? std::int64_t{0} : revision_).bind(revision_).bind(name).run();
}

Result<std::int64_t> SqliteWriter::add_rollout(const RolloutRecord& rollout) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("INSERT INTO rollouts (endpoint, model, spec, state, live, created, actor, revision) VALUES "
                          "(?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"));
  statement.bind(rollout.endpoint).bind(rollout.model).bind(rollout.spec).bind(rollout.state);
  statement.bind(utc_micros(now_)).bind(actor_).bind(revision_);
  MODELYARD_ASSIGN(const bool added, statement.step());
  if (added) return statement.integer(0);
  return error(Code::kConflict, "endpoint '{}' has a rollout under way", rollout.endpoint);
}

Status SqliteWriter::set_rollout_state(std::int64_t id, std::string_view state, bool live) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("UPDATE rollouts SET state = ?, live = ?, revision = ? WHERE id = ?"));
  statement.bind(state).bind(std::int64_t{live}).bind(revision_).bind(id);
  return change(std::move(statement), fmt::format("rollout {} is not found", id));
}

Status SqliteWriter::keep_rollout_evidence(std::int64_t id, std::string_view evidence) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT INTO rollout_evidence VALUES (?1, ?2) ON CONFLICT "
                                                       "(rollout) DO UPDATE SET evidence = ?2"));
  return statement.bind(id).bind(evidence).run();
}

Status SqliteWriter::add_api_key(const ApiKeyRecord& key) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT INTO api_keys (id, name, hash, verbs, models, created, "
                                                       "expires, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  return statement.bind(key.id)
      .bind(key.name)
      .bind(key.hash.hex())
      .bind(key.verbs)
      .bind(key.models)
      .bind(utc_micros(now_))
      .bind(micros_of(key.expires))
      .bind(actor_)
      .run();
}

Status SqliteWriter::set_api_key_end(std::string_view id, std::optional<UtcTime> expires,
                                     std::optional<UtcTime> revoked) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("UPDATE api_keys SET expires = ?, revoked = ? WHERE id = ?"));
  statement.bind(micros_of(expires)).bind(micros_of(revoked)).bind(id);
  return change(std::move(statement), fmt::format("API key '{}' is not found", id));
}

Status SqliteWriter::record_key_use(std::string_view id, UtcTime time) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("UPDATE api_keys SET used = max(coalesce(used, 0), ?) WHERE id = ?"));
  return statement.bind(utc_micros(time)).bind(id).run();
}

Status SqliteWriter::add_event(std::string_view kind, const VersionRef& ref, std::string_view message) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare("INSERT INTO events (time, kind, model, number, message) VALUES (?, ?, ?, ?, ?)"));
  return statement.bind(utc_micros(now_)).bind(kind).bind(ref.model).bind(ref.version).bind(message).run();
}

Status SqliteWriter::keep_answer(std::string_view key, const IdempotentAnswer& answer, UtcTime until) {
  MODELYARD_ASSIGN(auto expired, connection_.prepare("DELETE FROM answers WHERE expires <= ?"));
  MODELYARD_TRY(expired.bind(utc_micros(now_)).run());
  MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)"));
  return statement.bind(key)
      .bind(answer.request.hex())
      .bind(std::int64_t{answer.status})
      .bind(answer.body)
      .bind(utc_micros(until))
      .bind(answer.etag)
      .run();
}

}  // namespace modelyard::registry
