#include "control/documents.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

using control::Deletion;
using registry::CatalogReader;

ApiAnswer done() {
  return {204, nullptr, std::nullopt};
}

Result<Deletion> deletion_of(const ApiCall& call) {
  MODELYARD_ASSIGN(const bool hard, call.query_flag("hard"));
  return hard ? Deletion::kHard : Deletion::kSoft;
}

// Who may publish, but not deploy, moves no traffic: not by asking for it, and not by being first.
Status narrow_to_caller(const ApiCall& call, control::PublishRequest& request) {
  const Status may_deploy = call.may(Verb::kDeploy, request.model);
  if (may_deploy) return ok();
  if (request.deploy == control::DeployChoice::kAlways || !request.aliases.empty()) return may_deploy;
  request.deploy = control::DeployChoice::kNever;
  return ok();
}

Result<ApiAnswer> show_model(registry::Catalog& catalog, const std::string& name) {
  ApiAnswer answer;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(answer.body, control::describe_model(reader, name));
    return ok();
  }));
  answer.revision = answer.body["revision"].get<registry::Revision>();
  return answer;
}

Result<ApiAnswer> show_version(registry::Catalog& catalog, const VersionRef& ref) {
  ApiAnswer answer;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(answer.body, control::describe_version(reader, ref));
    return ok();
  }));
  answer.revision = answer.body["revision"].get<registry::Revision>();
  return answer;
}

Result<ApiAnswer> list_models(registry::Catalog& catalog, const ApiCall& call) {
  MODELYARD_ASSIGN(const int limit, call.limit());
  ApiAnswer answer;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto models, reader.models({call.cursor(), limit}));
    Json items = control::list_to_json(models);
    answer.body = page_of(std::move(items), limit, [](const Json& last) { return last["name"].get<std::string>(); });
    return ok();
  }));
  return answer;
}

Result<ApiAnswer> list_versions(registry::Catalog& catalog, const ApiCall& call) {
  MODELYARD_ASSIGN(const int limit, call.limit());
  ApiAnswer answer;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_TRY(reader.model(call.parameters[0]));
    MODELYARD_ASSIGN(const auto versions, reader.versions(call.parameters[0], {call.cursor(), limit}));
    answer.body = page_of(control::list_to_json(versions), limit,
                          [](const Json& last) { return std::to_string(last["version"].get<VersionNumber>()); });
    return ok();
  }));
  return answer;
}

}  // namespace

void ControlApi::add_model_routes(Router& router) {
  route(router, Method::kGet, "/api/v1/models", Access::every_model(Verb::kRead), {"limit", "cursor"},
        [this](const ApiCall& call) { return list_models(parts_.catalog, call); });
  route(router, Method::kGet, "/api/v1/models/{model}", Access::model(Verb::kRead), {},
        [this](const ApiCall& call) { return show_model(parts_.catalog, call.parameters[0]); });
  route(router, Method::kPatch, "/api/v1/models/{model}", Access::model(Verb::kPublish), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
          MODELYARD_ASSIGN(const std::string description, reader.string("description"));
          MODELYARD_TRY(reader.finish());
          MODELYARD_TRY(parts_.curator.describe(call.parameters[0], description, call.actor, call.expected));
          return show_model(parts_.catalog, call.parameters[0]);
        });
  route(router, Method::kDelete, "/api/v1/models/{model}", Access::model(Verb::kPublish), {"hard"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const Deletion deletion, deletion_of(call));
          MODELYARD_TRY(parts_.curator.delete_model(call.parameters[0], deletion, call.actor, call.expected));
          return done();
        });
  route(
      router, Method::kPost, "/api/v1/models/{model}:restore", Access::model(Verb::kPublish), {},
      [this](const ApiCall& call) -> Result<ApiAnswer> {
        MODELYARD_TRY(parts_.curator.restore_model(call.parameters[0], call.actor));
        return show_model(parts_.catalog, call.parameters[0]);
      },
      Body::kNone);
}

void ControlApi::add_version_routes(Router& router) {
  const std::string versions = "/api/v1/models/{model}/versions", version = versions + "/{version}";
  route(router, Method::kGet, versions, Access::model(Verb::kRead), {"limit", "cursor"},
        [this](const ApiCall& call) { return list_versions(parts_.catalog, call); });
  route(router, Method::kPost, versions, Access::model(Verb::kPublish), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto request, control::parse_publish_request(call.parameters[0], call.body));
          MODELYARD_TRY(narrow_to_caller(call, request));
          MODELYARD_ASSIGN(const control::Published published, parts_.publisher.publish(request, call.actor));
          MODELYARD_ASSIGN(ApiAnswer answer, show_version(parts_.catalog, published.version));
          answer.status = published.created ? 201 : 200;
          answer.body["created_now"] = published.created;
          answer.body["plan_revision"] = published.plan_revision > 0 ? Json(published.plan_revision) : Json(nullptr);
          return answer;
        });
  route(router, Method::kGet, version, Access::model(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
          return show_version(parts_.catalog, ref);
        });
  route(router, Method::kDelete, version, Access::model(Verb::kPublish), {"hard"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
          MODELYARD_ASSIGN(const Deletion deletion, deletion_of(call));
          MODELYARD_TRY(parts_.curator.delete_version(ref, deletion, call.actor, call.expected));
          return done();
        });
  route(
      router, Method::kPost, version + ":restore", Access::model(Verb::kPublish), {},
      [this](const ApiCall& call) -> Result<ApiAnswer> {
        MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
        MODELYARD_TRY(parts_.curator.restore_version(ref, call.actor));
        return show_version(parts_.catalog, ref);
      },
      Body::kNone);
  route(
      router, Method::kPut, version + "/pin", Access::model(Verb::kDeploy), {},
      [this](const ApiCall& call) -> Result<ApiAnswer> {
        MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
        MODELYARD_TRY(parts_.curator.pin(ref, call.actor));
        return done();
      },
      Body::kNone);
  route(router, Method::kDelete, version + "/pin", Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
          MODELYARD_TRY(parts_.curator.unpin(ref, call.actor));
          return done();
        });
  route(router, Method::kPost, version + "/attachments", Access::model(Verb::kPublish), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const VersionRef ref, call.version_ref());
          MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
          MODELYARD_ASSIGN(const std::string name, reader.string("kind"));
          const auto kind = registry::parse_attachment_kind(name);
          if (!kind) return error(Code::kInvalidArgument, "kind: '{}' is not known", name);
          MODELYARD_ASSIGN(const Json* content, reader.object("content"));
          MODELYARD_TRY(reader.finish());
          MODELYARD_ASSIGN(const auto attachment, registry::make_attachment(*kind, *content));
          MODELYARD_TRY(parts_.publisher.attach(ref, attachment, call.actor));
          return ApiAnswer{201, {{"kind", name}, {"digest", attachment.digest.hex()}}, std::nullopt};
        });
}

void ControlApi::add_name_routes(Router& router) {
  const std::string model = "/api/v1/models/{model}";
  route(router, Method::kGet, model + "/aliases", Access::model(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          ApiAnswer answer;
          MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
            MODELYARD_TRY(reader.model(call.parameters[0]));
            MODELYARD_ASSIGN(const auto aliases, reader.aliases(call.parameters[0]));
            MODELYARD_ASSIGN(const auto history, reader.alias_history(call.parameters[0]));
            answer.body = {{"items", control::list_to_json(aliases)}, {"history", control::list_to_json(history)}};
            return ok();
          }));
          return answer;
        });
  route(router, Method::kPut, model + "/aliases/{alias}", Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
          MODELYARD_ASSIGN(const VersionNumber version, reader.integer("version"));
          MODELYARD_TRY(reader.finish());
          MODELYARD_TRY(
              parts_.curator.set_alias(call.parameters[0], call.parameters[1], version, call.actor, call.expected));
          return ApiAnswer{
              200, {{"model", call.parameters[0]}, {"alias", call.parameters[1]}, {"version", version}}, std::nullopt};
        });
  route(router, Method::kDelete, model + "/aliases/{alias}", Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_TRY(parts_.curator.unset_alias(call.parameters[0], call.parameters[1], call.actor, call.expected));
          return done();
        });
  for (const std::string& owner : {model, model + "/versions/{version}"}) {
    const auto ref_of = [owner, model](const ApiCall& call) -> Result<VersionRef> {
      return owner == model ? Result<VersionRef>(VersionRef{call.parameters[0], 0}) : call.version_ref();
    };
    route(router, Method::kPut, owner + "/tags/{key}", Access::model(Verb::kPublish), {},
          [this, ref_of](const ApiCall& call) -> Result<ApiAnswer> {
            MODELYARD_ASSIGN(const VersionRef ref, ref_of(call));
            MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
            MODELYARD_ASSIGN(std::string value, reader.string("value"));
            MODELYARD_TRY(reader.finish());
            MODELYARD_TRY(parts_.curator.set_tag(ref, call.parameters.back(), std::move(value), call.actor));
            return done();
          });
    route(router, Method::kDelete, owner + "/tags/{key}", Access::model(Verb::kPublish), {},
          [this, ref_of](const ApiCall& call) -> Result<ApiAnswer> {
            MODELYARD_ASSIGN(const VersionRef ref, ref_of(call));
            MODELYARD_TRY(parts_.curator.set_tag(ref, call.parameters.back(), std::nullopt, call.actor));
            return done();
          });
  }
}

}  // namespace modelyard::edge
