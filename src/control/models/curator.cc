#include "control/models/curator.h"

#include "control/predictions/record_keeping.h"

namespace modelyard::control {
namespace {

using registry::CatalogWriter;
using registry::VersionState;

constexpr std::size_t kMostTagValueBytes = 5000;
constexpr std::size_t kMostDescriptionBytes = 20'000;

std::string name_of(const VersionRef& ref) {
  return ref.version == 0 ? ref.model : fmt::format("{}/{}", ref.model, ref.version);
}

Status require_published(const registry::VersionRecord& version) {
  if (version.state == VersionState::kPublished) return ok();
  return error(Code::kFailedPrecondition, "version {} of '{}' is {}; restore it first", version.ref.version,
               version.ref.model, registry::version_state_name(version.state));
}

Status refuse_if_deployed(CatalogWriter& writer, const std::string& model) {
  MODELYARD_ASSIGN(const auto endpoints, writer.endpoints());
  for (const registry::EndpointRecord& endpoint : endpoints) {
    if (endpoint.model != model || endpoint.plan_revision == 0) continue;
    return error(Code::kFailedPrecondition, "endpoint '{}' serves model '{}'; undeploy it first", endpoint.name, model);
  }
  return ok();
}

}  // namespace

Status Curator::transact(const Actor& actor, const std::string& action, const std::string& object, Json detail,
                         const registry::Catalog::Write& write) {
  MODELYARD_TRY(catalog_.transact({actor.name, action, object, std::move(detail)}, write));
  return ok();
}

Status Curator::set_alias(const std::string& model, const std::string& alias, VersionNumber version, const Actor& actor,
                          const Expected& expected) {
  MODELYARD_TRY(check_alias_name(alias));
  return transact(actor, "alias.set", model + "@" + alias, {{"version", version}},
                  [&](CatalogWriter& writer) -> Status {
                    const auto present = writer.alias(model, alias);
                    if (expected)
                      MODELYARD_TRY(check_expected(present ? present->revision : 0, expected, "alias '" + alias + "'"));
                    MODELYARD_ASSIGN(const auto record, writer.version({model, version}));
                    MODELYARD_TRY(require_published(record));
                    if (present && present->version == version) return ok();
                    MODELYARD_TRY(writer.set_alias(model, alias, version));
                    return writer.add_event("alias_set", record.ref, "alias '" + alias + "'");
                  });
}

Status Curator::unset_alias(const std::string& model, const std::string& alias, const Actor& actor,
                            const Expected& expected) {
  return transact(actor, "alias.unset", model + "@" + alias, Json::object(), [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto present, writer.alias(model, alias));
    MODELYARD_TRY(check_expected(present.revision, expected, "alias '" + alias + "'"));
    MODELYARD_TRY(writer.set_alias(model, alias, 0));
    return writer.add_event("alias_unset", {model, present.version}, "alias '" + alias + "'");
  });
}

Status Curator::pin(const VersionRef& ref, const Actor& actor) {
  return transact(actor, "version.pin", name_of(ref), Json::object(), [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto record, writer.version(ref));
    MODELYARD_TRY(require_published(record));
    MODELYARD_TRY(writer.add_pin(ref));
    return writer.add_event("version_pinned", ref, "");
  });
}

Status Curator::unpin(const VersionRef& ref, const Actor& actor) {
  return transact(actor, "version.unpin", name_of(ref), Json::object(), [&](CatalogWriter& writer) -> Status {
    MODELYARD_TRY(writer.version(ref));
    MODELYARD_TRY(writer.remove_pin(ref));
    return writer.add_event("version_unpinned", ref, "");
  });
}

Status Curator::set_tag(const VersionRef& ref, const std::string& key, std::optional<std::string> value,
                        const Actor& actor) {
  MODELYARD_TRY(check_tag_key(key));
  if (value && (value->size() > kMostTagValueBytes || !is_valid_utf8(*value))) {
    return error(Code::kInvalidArgument, "a tag's value is at most {} bytes of UTF-8", kMostTagValueBytes);
  }
  const Json detail{{"key", key}, {"value", value ? Json(*value) : Json(nullptr)}};
  return transact(actor, value ? "tag.set" : "tag.unset", name_of(ref), detail, [&](CatalogWriter& writer) -> Status {
    MODELYARD_TRY(writer.model(ref.model));
    if (ref.version > 0) MODELYARD_TRY(writer.version(ref));
    return writer.set_tag(ref, key, value);
  });
}

Status Curator::describe(const std::string& model, const std::string& description, const Actor& actor,
                         const Expected& expected) {
  if (description.size() > kMostDescriptionBytes || !is_valid_utf8(description)) {
    return error(Code::kInvalidArgument, "a description is at most {} bytes of UTF-8", kMostDescriptionBytes);
  }
  return transact(actor, "model.describe", model, {{"description", description}}, [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto present, writer.model(model));
    MODELYARD_TRY(check_expected(present.revision, expected, "model '" + model + "'"));
    return writer.describe_model(model, description);
  });
}

Status Curator::delete_model(const std::string& model, Deletion deletion, const Actor& actor,
                             const Expected& expected) {
  const bool hard = deletion == Deletion::kHard;
  return transact(actor, hard ? "model.purge" : "model.delete", model, Json::object(),
                  [&](CatalogWriter& writer) -> Status {
                    MODELYARD_ASSIGN(const auto present, writer.model(model));
                    MODELYARD_TRY(check_expected(present.revision, expected, "model '" + model + "'"));
                    MODELYARD_TRY(refuse_if_deployed(writer, model));
                    if (!hard) {
                      MODELYARD_TRY(writer.set_model_deleted(model, clock_.utc_now()));
                      return writer.add_event("model_deleted", {model, 0}, "");
                    }
                    MODELYARD_ASSIGN(const auto endpoints, writer.endpoints());
                    for (const auto& endpoint : endpoints) {
                      if (endpoint.model != model) continue;
                      MODELYARD_TRY(refuse_if_held(endpoint));
                      MODELYARD_TRY(writer.remove_endpoint(endpoint.name));
                    }
                    MODELYARD_TRY(writer.purge_model(model));
                    return writer.add_event("model_purged", {model, 0}, "");
                  });
}

Status Curator::restore_model(const std::string& model, const Actor& actor) {
  return transact(actor, "model.restore", model, Json::object(), [&](CatalogWriter& writer) -> Status {
    MODELYARD_ASSIGN(const auto present, writer.model(model));
    if (!present.deleted) return error(Code::kConflict, "model '{}' is not deleted", model);
    MODELYARD_TRY(writer.set_model_deleted(model, std::nullopt));
    return writer.add_event("model_restored", {model, 0}, "");
  });
}

Status Curator::delete_version(const VersionRef& ref, Deletion deletion, const Actor& actor, const Expected& expected) {
  const bool hard = deletion == Deletion::kHard;
  return transact(actor, hard ? "version.purge" : "version.delete", name_of(ref), Json::object(),
                  [&](CatalogWriter& writer) -> Status {
                    MODELYARD_ASSIGN(const auto present, writer.version(ref));
                    MODELYARD_TRY(check_expected(present.revision, expected, "version '" + name_of(ref) + "'"));
                    MODELYARD_TRY(writer.set_version_state(ref, hard ? VersionState::kPurged : VersionState::kDeleted));
                    return writer.add_event(hard ? "version_purged" : "version_deleted", ref, "");
                  });
}

Status Curator::restore_version(const VersionRef& ref, const Actor& actor) {
  return transact(actor, "version.restore", name_of(ref), Json::object(), [&](CatalogWriter& writer) -> Status {
    MODELYARD_TRY(writer.set_version_state(ref, VersionState::kPublished));
    return writer.add_event("version_restored", ref, "");
  });
}

}  // namespace modelyard::control
