// Catalog is the durable truth about models, versions, attachments, aliases, tags, endpoints, traffic plans, API keys,
// events and audit rows (docs/formats/catalog.md).
//
// A change is one transaction: everything that `transact` writes, a new revision, and one audit row, or nothing.
// Decisions belong to the caller; the catalog keeps only what must hold of any state: names are unique, a number
// is never used twice, an alias names one version, what is referred to is not purged.
//
// Threads:   every call from any thread. One transaction at a time; readers see the state between two of them.
// Ownership: readers and writers are valid within the function they are given to.
// Errors:    NotFound, Conflict (exists, or the expected revision is not the present one), FailedPrecondition
//            (something refers to it), Internal.
// Durable:   when transact() has answered, the change survives kill -9 and a power cut.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/names.h"
#include "registry/attachment.h"
#include "registry/version_document.h"
#include "registry/version_state.h"

namespace modelyard::registry {

using Revision = std::int64_t;

struct ModelRecord {
  std::string name;
  std::string description;
  UtcTime created;
  std::optional<UtcTime> deleted;
  Revision revision = 0;
};

struct VersionRecord {
  VersionRef ref;
  Digest identity;
  VersionState state = VersionState::kPublished;
  VersionDocument document;
  UtcTime created;
  Revision revision = 0;
};

struct AttachmentRecord {
  Attachment attachment;
  UtcTime created;
};

struct AliasRecord {
  std::string model;
  std::string alias;
  VersionNumber version = 0;
  UtcTime changed;
  Revision revision = 0;
};

// One move of an alias; version 0 is its removal.
struct AliasMove {
  std::string alias;
  VersionNumber version = 0;
  UtcTime changed;
  std::string actor;
};

// A version that stays loaded, whatever the plans say.
struct PinRecord {
  VersionRef ref;
  UtcTime created;
  std::string actor;
};

// An API key: never its text, only the hash of it.
struct ApiKeyRecord {
  std::string id;    // the public part
  std::string name;  // whose it is; several keys may have one name, so that they can be rotated
  Digest hash;
  std::string verbs;   // "infer,read"
  std::string models;  // "fraud-*,churn"
  UtcTime created;
  std::optional<UtcTime> expires;
  std::optional<UtcTime> revoked;
  std::optional<UtcTime> used;  // last; behind by a minute or so
  std::string actor;
};

struct TagRecord {
  std::string key;
  std::string value;
};

// What an endpoint wants of those who serve it: JSON objects.
struct EndpointWants {
  std::string objectives = "{}";
  std::string scheduling = "{}";
  std::string journal = "{}";
  std::string evaluation = "{}";
  std::string monitors = "{}";
};

struct EndpointRecord {
  std::string name;
  std::string model;
  EndpointWants wants;
  Revision plan_revision = 0;  // 0: nothing is deployed
  UtcTime created;
  Revision revision = 0;
};

struct PlanRecord {
  std::string endpoint;
  Revision revision = 0;
  std::string plan;  // JSON
  UtcTime created;
  std::string actor;
  std::string reason;
};

// A change of versions under way, or that was: what it is and where it stands, as rollout/machine/ writes them.
struct RolloutRecord {
  std::int64_t id = 0;
  std::string endpoint;
  std::string model;
  std::string spec;   // JSON
  std::string state;  // JSON
  bool live = true;   // of an endpoint at most one is
  UtcTime created;
  std::string actor;
  Revision revision = 0;
};

struct EventRecord {
  std::int64_t id = 0;
  UtcTime time;
  std::string kind;
  std::string model;
  VersionNumber version = 0;
  std::string message;
};

struct AuditRecord {
  std::int64_t sequence = 0;
  std::string row;  // canonical JSON: {actor, action, object, detail, revision, sequence, time}
  Digest previous;
  Digest hash;  // SHA-256(previous || row)
};

// An answer that is given again for the same key.
struct IdempotentAnswer {
  Digest request;
  int status = 0;
  std::string body;
  std::optional<Revision> etag;
};

// Lists begin behind `after` and hold at most `limit` rows.
struct Page {
  std::string after;
  int limit = 100;
};

class CatalogReader {
 public:
  virtual ~CatalogReader() = default;
  virtual Result<Revision> revision() = 0;
  virtual Result<ModelRecord> model(std::string_view name) = 0;  // deleted ones, too
  virtual Result<std::vector<ModelRecord>> models(const Page& page) = 0;
  virtual Result<VersionRecord> version(const VersionRef& ref) = 0;  // NotFound for purged ones
  virtual Result<std::optional<VersionRecord>> version_by_identity(std::string_view model, const Digest& identity) = 0;
  virtual Result<std::vector<VersionRecord>> versions(std::string_view model, const Page& page) = 0;
  virtual Result<std::vector<AttachmentRecord>> attachments(const VersionRef& ref) = 0;
  virtual Result<AliasRecord> alias(std::string_view model, std::string_view alias) = 0;
  virtual Result<std::vector<AliasRecord>> aliases(std::string_view model) = 0;  // "" for all models
  virtual Result<std::vector<AliasMove>> alias_history(std::string_view model) = 0;
  virtual Result<std::vector<TagRecord>> tags(const VersionRef& ref) = 0;   // version 0: of the model
  virtual Result<std::vector<PinRecord>> pins(std::string_view model) = 0;  // "" for all models
  virtual Result<EndpointRecord> endpoint(std::string_view name) = 0;
  virtual Result<std::vector<EndpointRecord>> endpoints() = 0;
  virtual Result<PlanRecord> plan(std::string_view endpoint, Revision revision) = 0;
  virtual Result<std::vector<PlanRecord>> plans(std::string_view endpoint) = 0;  // newest first
  virtual Result<RolloutRecord> rollout(std::int64_t id) = 0;
  virtual Result<std::vector<RolloutRecord>> rollouts(std::string_view endpoint) = 0;  // "": of all; newest first
  virtual Result<std::vector<RolloutRecord>> live_rollouts() = 0;
  virtual Result<std::string> rollout_evidence(std::int64_t id) = 0;  // "" when none is kept
  virtual Result<std::vector<ApiKeyRecord>> api_keys() = 0;           // ended ones, too; by name, oldest first
  virtual Result<std::vector<Digest>> referenced_blobs() = 0;
  virtual Result<std::vector<EventRecord>> events(std::string_view model, std::int64_t after, int limit) = 0;
  virtual Result<std::vector<AuditRecord>> audit(std::int64_t after, int limit) = 0;
  virtual Result<std::optional<IdempotentAnswer>> idempotent_answer(std::string_view key, UtcTime now) = 0;
};

class CatalogWriter : public CatalogReader {
 public:
  // The revision this transaction makes.
  virtual Revision new_revision() const = 0;
  virtual Status create_model(std::string_view name) = 0;
  virtual Status describe_model(std::string_view name, std::string_view description) = 0;
  virtual Status set_model_deleted(std::string_view name, std::optional<UtcTime> deleted) = 0;
  virtual Status purge_model(std::string_view name) = 0;  // with versions, aliases, tags
  virtual Result<VersionRef> add_version(std::string_view model, const VersionDocument& document) = 0;
  virtual Status set_version_state(const VersionRef& ref, VersionState state) = 0;
  // One that is there becomes the newest of its kind again.
  virtual Status add_attachment(const VersionRef& ref, const Attachment& attachment) = 0;
  virtual Status set_alias(std::string_view model, std::string_view alias, VersionNumber version) = 0;  // 0 removes
  virtual Status set_tag(const VersionRef& ref, std::string_view key, std::optional<std::string> value) = 0;
  virtual Status add_pin(const VersionRef& ref) = 0;
  virtual Status remove_pin(const VersionRef& ref) = 0;
  virtual Status put_endpoint(std::string_view name, std::string_view model, const EndpointWants& wants) = 0;
  virtual Status remove_endpoint(std::string_view name) = 0;
  // "" undeploys.
  virtual Status set_plan(std::string_view endpoint, std::string_view plan, std::string_view reason) = 0;
  // Its id. Conflict when one of the endpoint is live.
  virtual Result<std::int64_t> add_rollout(const RolloutRecord& rollout) = 0;
  virtual Status set_rollout_state(std::int64_t id, std::string_view state, bool live) = 0;
  virtual Status add_api_key(const ApiKeyRecord& key) = 0;  // created and actor are the transaction's
  virtual Status set_api_key_end(std::string_view id, std::optional<UtcTime> expires,
                                 std::optional<UtcTime> revoked) = 0;
  virtual Status add_event(std::string_view kind, const VersionRef& ref, std::string_view message) = 0;
};

// Who changes what; becomes the audit row.
struct AuditNote {
  std::string actor;
  std::string action;  // "version.publish"
  std::string object;  // "fraud/3"
  Json detail = Json::object();
};

class Catalog {
 public:
  using Read = std::function<Status(CatalogReader&)>;
  using Write = std::function<Status(CatalogWriter&)>;

  virtual ~Catalog() = default;
  // One consistent state.
  virtual Status read(const Read& read) = 0;
  // `note` is read after `write`, which may still complete it.
  virtual Result<Revision> transact(const AuditNote& note, const Write& write) = 0;
  // Events of the server itself; no revision, no audit row.
  virtual Status record_event(std::string_view kind, const VersionRef& ref, std::string_view message) = 0;
  // When keys were used last; no revision, no audit row.
  virtual Status record_key_uses(std::span<const std::pair<std::string, UtcTime>> uses) = 0;
  // Keeps an answer beside the state; no revision, no audit row.
  virtual Status keep_answer(std::string_view key, const IdempotentAnswer& answer, UtcTime until) = 0;
  // What a rollout has seen so far; no revision, no audit row.
  virtual Status keep_rollout_evidence(std::int64_t id, std::string_view evidence) = 0;
  // Copies a consistent state to a new file.
  virtual Status copy_to(const std::string& path) = 0;
  // Called after every transaction, without locks, on the thread that made it. Set before threads start.
  virtual void on_change(std::function<void(Revision)> changed) = 0;
};

// Walks the audit rows and checks every hash; the number of rows. Internal, naming the first bad row.
Result<std::int64_t> verify_audit_chain(Catalog& catalog);

}  // namespace modelyard::registry
