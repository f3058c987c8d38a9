// The changes of one catalog transaction on the writing connection. Private to this room.
#pragma once

#include "registry/sqlite_reader.h"

namespace modelyard::registry {

class SqliteWriter final : public SqliteQueries<CatalogWriter> {
 public:
  SqliteWriter(SqliteConnection& connection, Revision revision, UtcTime now, std::string actor)
      : SqliteQueries(connection), revision_(revision), now_(now), actor_(std::move(actor)) {}

  Revision new_revision() const override { return revision_; }
  Status create_model(std::string_view name) override;
  Status describe_model(std::string_view name, std::string_view description) override;
  Status set_model_deleted(std::string_view name, std::optional<UtcTime> deleted) override;
  Status purge_model(std::string_view name) override;
  Result<VersionRef> add_version(std::string_view model, const VersionDocument& document) override;
  Status set_version_state(const VersionRef& ref, VersionState state) override;
  Status add_attachment(const VersionRef& ref, const Attachment& attachment) override;
  Status set_alias(std::string_view model, std::string_view alias, VersionNumber version) override;
  Status set_tag(const VersionRef& ref, std::string_view key, std::optional<std::string> value) override;
  Status add_pin(const VersionRef& ref) override;
  Status remove_pin(const VersionRef& ref) override;
  Status put_endpoint(std::string_view name, std::string_view model, const EndpointWants& wants) override;
  Status remove_endpoint(std::string_view name) override;
  Status set_plan(std::string_view endpoint, std::string_view plan, std::string_view reason) override;
  Result<std::int64_t> add_rollout(const RolloutRecord& rollout) override;
  Status set_rollout_state(std::int64_t id, std::string_view state, bool live) override;
  Status keep_rollout_evidence(std::int64_t id, std::string_view evidence);
  Status add_api_key(const ApiKeyRecord& key) override;
  Status set_api_key_end(std::string_view id, std::optional<UtcTime> expires, std::optional<UtcTime> revoked) override;
  Status add_event(std::string_view kind, const VersionRef& ref, std::string_view message) override;
  Status record_key_use(std::string_view id, UtcTime time);
  Status keep_answer(std::string_view key, const IdempotentAnswer& answer, UtcTime until);

 private:
  Status refuse_if_used(const VersionRef& ref);
  Status add_blob(const VersionRef& ref, const Digest& digest);
  Status set_plan_versions(const EndpointRecord& endpoint, std::string_view plan);
  // Runs a statement whose parameters are bound; NotFound when it changed nothing.
  Status change(SqliteStatement statement, const std::string& missing);

  const Revision revision_;
  const UtcTime now_;
  const std::string actor_;
};

}  // namespace modelyard::registry
