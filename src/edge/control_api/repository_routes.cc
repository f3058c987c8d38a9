#include "edge/codec/oip/documents.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

using registry::CatalogReader;

constexpr std::chrono::seconds kLoadTime{300};

// What a model is on this server, in Triton's words.
std::vector<oip::IndexEntry> index_of(const std::vector<registry::ModelRecord>& models,
                                      const lifecycle::LifecycleStatus& status) {
  std::vector<oip::IndexEntry> entries;
  for (const registry::ModelRecord& model : models) {
    if (model.deleted) continue;
    bool any = false;
    for (const lifecycle::VersionStatus& version : status.versions) {
      if (version.version.model != model.name) continue;
      any = true;
      const bool ready = version.phase == lifecycle::VersionPhase::kReady;
      const std::string state = ready ? "READY" : lifecycle::is_loading(version.phase) ? "LOADING" : "UNAVAILABLE";
      entries.push_back({model.name, version.version.version, state, version.reason});
    }
    if (!any) entries.push_back({model.name, 0, "", ""});
  }
  return entries;
}

using Work = std::move_only_function<Result<Response>()>;

Result<Response> list_repository(const ControlParts& parts, bool only_ready) {
  std::vector<registry::ModelRecord> models;
  MODELYARD_TRY(parts.catalog.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(models, reader.models({"", 100'000}));
    return ok();
  }));
  auto entries = index_of(models, parts.reconciler.status());
  if (only_ready) std::erase_if(entries, [](const oip::IndexEntry& entry) { return entry.state != "READY"; });
  Response response;
  response.body = oip::repository_index(entries);
  return response;
}

struct LoadTarget {
  registry::Revision present = 0;  // 0: nothing is deployed
  VersionNumber newest = 0;
};

Result<LoadTarget> find_target(registry::Catalog& catalog, const std::string& name) {
  LoadTarget target;
  MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
    const auto endpoint = reader.endpoint(name);
    if (endpoint) target.present = endpoint->plan_revision;
    const auto versions = reader.versions(endpoint ? endpoint->model : name, {"", 100'000});
    if (!versions || versions->empty()) {
      return error(Code::kNotFound, "failed to load '{}', failed to poll from model repository", name);
    }
    for (const auto& version : *versions) {
      if (version.state == registry::VersionState::kPublished) target.newest = version.ref.version;
    }
    return ok();
  }));
  return target;
}

// A model that was undeployed goes back to the version it served.
Result<Response> load_model(const ControlParts& parts, const std::string& name, const control::Actor& actor) {
  MODELYARD_ASSIGN(const LoadTarget target, find_target(parts.catalog, name));
  if (target.present > 0) {
    MODELYARD_TRY(parts.reconciler.wait_for_endpoint(name, target.present, kLoadTime));
    return Response{};
  }
  control::DeployRequest request{0, "", "repository load", kLoadTime};
  auto deployed = parts.deployer.roll_back(name, request, actor, {});
  if (!deployed && deployed.error().code() != Code::kFailedPrecondition) {
    request.version = target.newest;
    deployed = parts.deployer.deploy(name, request, actor, {});
  }
  if (deployed) return Response{};
  return error(Code::kInvalidArgument, "load failed for model '{}': {}", name, deployed.error().message());
}

Result<Response> unload_model(const ControlParts& parts, const std::string& name, const control::Actor& actor) {
  const control::DeployRequest request{0, "", "repository unload", kLoadTime};
  const auto undeployed = parts.deployer.undeploy(name, request, actor, {});
  // As Triton: unloading what is not there is no error.
  if (!undeployed && undeployed.error().code() != Code::kNotFound) return undeployed.error();
  return Response{};
}

Response triton_error(const Error& error) {
  switch (error.code()) {
    case Code::kNotFound: return error_response(404, error.message());
    case Code::kUnimplemented: return error_response(501, error.message());
    default: return error_response(400, error.message());
  }
}

void answer_later(ControlExecutor& executor, Exchange& exchange, Work work) {
  auto reply = std::make_shared<Deferred>(exchange.defer());
  ControlExecutor::Task task = [reply, work = std::move(work)]() mutable {
    auto response = work();
    reply->complete(response ? std::move(*response) : triton_error(response.error()));
  };
  if (!executor.submit(task)) reply->complete_here(error_response(503, "too many control calls are waiting"));
}

}  // namespace

// Load is deploy and wait, unload is undeploy (docs/adr/0009).
void ControlApi::add_repository_routes(Router& router) {
  router.add(Method::kPost, "/v2/repository/index", [this](Exchange& exchange) {
    const auto only_ready = oip::parse_index_request(exchange.request().body);
    if (!only_ready) return exchange.respond(triton_error(only_ready.error()));
    answer_later(parts_.executor, exchange, [this, ready = *only_ready] { return list_repository(parts_, ready); });
  });
  using Change = Result<Response> (*)(const ControlParts&, const std::string&, const control::Actor&);
  const auto add = [&](std::string_view pattern, Status (*check)(std::string_view), Change change) {
    router.add(Method::kPost, pattern, [this, check, change](Exchange& exchange) {
      const Request& request = exchange.request();
      const Status fits = check(request.body);
      if (!fits) return exchange.respond(triton_error(fits.error()));
      answer_later(
          parts_.executor, exchange,
          [this, change, name = std::string(request.parameters[0]),
           actor = control::Actor{"anonymous@" + std::string(request.remote)}] { return change(parts_, name, actor); });
    });
  };
  add("/v2/repository/models/{model}/load", oip::check_load_request, load_model);
  add("/v2/repository/models/{model}/unload", oip::check_unload_request, unload_model);
}

}  // namespace modelyard::edge
