// The queries of the catalog on one SQLite connection. Private to this room.
#pragma once

#include "base/sqlite/sqlite_connection.h"
#include "registry/catalog.h"

namespace modelyard::registry {

// Base is CatalogReader, or CatalogWriter for the one that also writes.
template <typename Base>
class SqliteQueries : public Base {
 public:
  explicit SqliteQueries(SqliteConnection& connection) : connection_(connection) {}

  Result<Revision> revision() override;
  Result<ModelRecord> model(std::string_view name) override;
  Result<std::vector<ModelRecord>> models(const Page& page) override;
  Result<VersionRecord> version(const VersionRef& ref) override;
  Result<std::optional<VersionRecord>> version_by_identity(std::string_view model, const Digest& identity) override;
  Result<std::vector<VersionRecord>> versions(std::string_view model, const Page& page) override;
  Result<std::vector<AttachmentRecord>> attachments(const VersionRef& ref) override;
  Result<AliasRecord> alias(std::string_view model, std::string_view alias) override;
  Result<std::vector<AliasRecord>> aliases(std::string_view model) override;
  Result<std::vector<AliasMove>> alias_history(std::string_view model) override;
  Result<std::vector<TagRecord>> tags(const VersionRef& ref) override;
  Result<std::vector<PinRecord>> pins(std::string_view model) override;
  Result<std::vector<ApiKeyRecord>> api_keys() override;
  Result<EndpointRecord> endpoint(std::string_view name) override;
  Result<std::vector<EndpointRecord>> endpoints() override;
  Result<PlanRecord> plan(std::string_view endpoint, Revision revision) override;
  Result<std::vector<PlanRecord>> plans(std::string_view endpoint) override;
  Result<RolloutRecord> rollout(std::int64_t id) override;
  Result<std::vector<RolloutRecord>> rollouts(std::string_view endpoint) override;
  Result<std::vector<RolloutRecord>> live_rollouts() override;
  Result<std::string> rollout_evidence(std::int64_t id) override;
  Result<std::vector<Digest>> referenced_blobs() override;
  Result<std::vector<EventRecord>> events(std::string_view model, std::int64_t after, int limit) override;
  Result<std::vector<AuditRecord>> audit(std::int64_t after, int limit) override;
  Result<std::optional<IdempotentAnswer>> idempotent_answer(std::string_view key, UtcTime now) override;

 protected:
  SqliteConnection& connection_;
};

extern template class SqliteQueries<CatalogReader>;
extern template class SqliteQueries<CatalogWriter>;

}  // namespace modelyard::registry
