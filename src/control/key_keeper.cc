#include "control/key_keeper.h"

#include <algorithm>

#include "security/api_key.h"

namespace modelyard::control {
namespace {

using registry::ApiKeyRecord;
using registry::CatalogReader;
using registry::CatalogWriter;

constexpr std::size_t kMostLiveOfAName = 2;
constexpr std::int64_t kLongestSeconds = std::int64_t{100} * 365 * 86'400;

std::vector<ApiKeyRecord> live_of(std::vector<ApiKeyRecord> keys, std::string_view name, UtcTime now) {
  std::erase_if(keys, [&](const ApiKeyRecord& key) { return key.name != name || !is_live(key, now); });
  return keys;
}

}  // namespace

bool is_live(const ApiKeyRecord& key, UtcTime now) {
  return !key.revoked && (!key.expires || now < *key.expires);
}

Result<KeyRequest> parse_key_request(const Json& value) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, ""));
  KeyRequest request;
  MODELYARD_ASSIGN(request.name, reader.string("name"));
  MODELYARD_ASSIGN(request.verbs, reader.string("verbs"));
  MODELYARD_ASSIGN(const auto models, reader.optional_string("models"));
  MODELYARD_ASSIGN(const auto seconds, reader.optional_integer("lifetime_seconds"));
  MODELYARD_TRY(reader.finish());
  request.models = models.value_or("*");
  if (seconds && (*seconds < 1 || *seconds > kLongestSeconds)) {
    return error(Code::kInvalidArgument, "lifetime_seconds: expected 1 to {}", kLongestSeconds);
  }
  if (seconds) request.lifetime = std::chrono::seconds(*seconds);
  return request;
}

Result<NewKey> KeyKeeper::add(CatalogWriter& writer, ApiKeyRecord record) {
  const security::ApiKey key = security::make_api_key();
  record.id = key.id;
  record.hash = key.hash;
  record.created = clock_.utc_now();
  MODELYARD_TRY(writer.add_api_key(record));
  return NewKey{std::move(record), key.text};
}

Result<NewKey> KeyKeeper::create(const KeyRequest& request, const Actor& actor) {
  MODELYARD_TRY(check_model_name(request.name));  // one rule for all names that people give
  MODELYARD_ASSIGN(const auto verbs, security::VerbSet::parse(request.verbs));
  MODELYARD_ASSIGN(const auto models, security::ModelPattern::parse(request.models));
  NewKey made;
  const Json detail{{"verbs", verbs.text()}, {"models", models.text()}};
  registry::AuditNote note{actor.name, "key.create", request.name, detail};
  MODELYARD_TRY(catalog_.transact(note, [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(auto keys, writer.api_keys());
    const UtcTime now = clock_.utc_now();
    if (!live_of(std::move(keys), request.name, now).empty()) {
      return error(Code::kConflict, "'{0}' has a key already: rotate it (modelyard key rotate {0}), or revoke it first",
                   request.name);
    }
    ApiKeyRecord record;
    record.name = request.name;
    record.verbs = verbs.text();
    record.models = models.text();
    record.actor = actor.name;
    if (request.lifetime) record.expires = now + *request.lifetime;
    MODELYARD_ASSIGN(made, add(writer, std::move(record)));
    note.detail["id"] = made.record.id;
    return ok();
  }));
  return made;
}

Result<NewKey> KeyKeeper::rotate(const std::string& name, std::chrono::seconds grace, const Actor& actor) {
  NewKey made;
  registry::AuditNote note{actor.name, "key.rotate", name, {{"grace_seconds", grace.count()}}};
  MODELYARD_TRY(catalog_.transact(note, [&](CatalogWriter& writer) -> Status {
    const UtcTime now = clock_.utc_now();
    MODELYARD_ASSIGN(auto keys, writer.api_keys());
    const auto live = live_of(std::move(keys), name, now);
    if (live.empty()) return error(Code::kNotFound, "'{}' has no live key; create one", name);
    if (live.size() >= kMostLiveOfAName) {
      return error(Code::kConflict, "'{}' has two live keys, {} and {}: revoke the one that is no longer used first",
                   name, live[0].id, live[1].id);
    }
    const ApiKeyRecord& old = live.front();
    ApiKeyRecord next;
    next.name = name;
    next.verbs = old.verbs;
    next.models = old.models;
    next.actor = actor.name;
    if (old.expires) next.expires = now + (*old.expires - old.created);
    MODELYARD_TRY(writer.set_api_key_end(old.id, std::min(old.expires.value_or(now + grace), now + grace), {}));
    MODELYARD_ASSIGN(made, add(writer, std::move(next)));
    note.detail["id"] = made.record.id;
    note.detail["from"] = old.id;
    return ok();
  }));
  return made;
}

Result<int> KeyKeeper::revoke(const std::string& name_or_id, const Actor& actor) {
  int revoked = 0;
  registry::AuditNote note{actor.name, "key.revoke", name_or_id, {{"ids", Json::array()}}};
  MODELYARD_TRY(catalog_.transact(note, [&](CatalogWriter& writer) -> Status {
    const UtcTime now = clock_.utc_now();
    MODELYARD_ASSIGN(const auto keys, writer.api_keys());
    for (const ApiKeyRecord& key : keys) {
      if ((key.name != name_or_id && key.id != name_or_id) || !is_live(key, now)) continue;
      MODELYARD_TRY(writer.set_api_key_end(key.id, key.expires, now));
      note.detail["ids"].push_back(key.id);
      ++revoked;
    }
    return revoked > 0 ? ok() : Status(error(Code::kNotFound, "no live key has the name or id '{}'", name_or_id));
  }));
  return revoked;
}

Result<std::vector<ApiKeyRecord>> KeyKeeper::list() {
  std::vector<ApiKeyRecord> keys;
  MODELYARD_TRY(catalog_.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(keys, reader.api_keys());
    return ok();
  }));
  return keys;
}

Result<std::vector<security::LiveKey>> live_keys(registry::Catalog& catalog, UtcTime now) {
  std::vector<security::LiveKey> live;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto keys, reader.api_keys());
    for (const ApiKeyRecord& key : keys) {
      if (!is_live(key, now)) continue;
      MODELYARD_ASSIGN(const auto verbs, security::VerbSet::parse(key.verbs));
      MODELYARD_ASSIGN(auto models, security::ModelPattern::parse(key.models));
      live.push_back(
          {key.id, key.hash,
           std::make_shared<const security::Grant>("key:" + key.name, verbs, std::move(models), key.expires)});
    }
    return ok();
  }));
  return live;
}

}  // namespace modelyard::control
