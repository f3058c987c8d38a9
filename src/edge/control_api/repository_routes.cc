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

}  // namespace

// Load is deploy and wait, unload is undeploy. A model that was undeployed goes back to the version it served.
void ControlApi::add_repository_routes(Router& router) {
  const auto answer_later = [this](Exchange& exchange, std::move_only_function<Result<Response>()> work) {
    auto reply = std::make_shared<Deferred>(exchange.defer());
    ControlExecutor::Task task = [reply, work = std::move(work)]() mutable {
      auto response = work();
      reply->complete(response ? std::move(*response)
                               : error_response(response.error().code() == Code::kNotFound ? 404 : 400,
                                                response.error().message()));
    };
    if (!parts_.executor.submit(task)) reply->complete_here(error_response(503, "too many control calls are waiting"));
  };
  router.add(Method::kPost, "/v2/repository/index", [this, answer_later](Exchange& exchange) {
    const auto only_ready = oip::parse_index_request(exchange.request().body);
    if (!only_ready) return exchange.respond(error_response(400, only_ready.error().message()));
    answer_later(exchange, [this, ready = *only_ready]() -> Result<Response> {
      std::vector<registry::ModelRecord> models;
      MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
        MODELYARD_ASSIGN(models, reader.models({"", 100'000}));
        return ok();
      }));
      auto entries = index_of(models, parts_.reconciler.status());
      if (ready) std::erase_if(entries, [](const oip::IndexEntry& entry) { return entry.state != "READY"; });
      Response response;
      response.body = oip::repository_index(entries);
      return response;
    });
  });
  router.add(Method::kPost, "/v2/repository/models/{model}/load", [this, answer_later](Exchange& exchange) {
    const Status fits = oip::check_load_request(exchange.request().body);
    if (!fits)
      return exchange.respond(
          error_response(fits.error().code() == Code::kUnimplemented ? 501 : 400, fits.error().message()));
    answer_later(exchange,
                 [this, name = std::string(exchange.request().parameters[0]),
                  remote = std::string(exchange.request().remote)]() -> Result<Response> {
                   registry::Revision present = 0;
                   VersionNumber newest = 0;
                   MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
                     const auto endpoint = reader.endpoint(name);
                     if (endpoint) present = endpoint->plan_revision;
                     const auto versions = reader.versions(endpoint ? endpoint->model : name, {"", 100'000});
                     if (!versions || versions->empty()) {
                       return error(Code::kNotFound, "failed to load '{}', failed to poll from model repository", name);
                     }
                     for (const auto& version : *versions) {
                       if (version.state == registry::VersionState::kPublished) newest = version.ref.version;
                     }
                     return ok();
                   }));
                   const control::Actor actor{"anonymous@" + remote};
                   control::DeployRequest request{0, "", "repository load", kLoadTime};
                   if (present > 0) {
                     MODELYARD_TRY(parts_.reconciler.wait_for_endpoint(name, present, kLoadTime));
                     return Response{};
                   }
                   auto deployed = parts_.deployer.roll_back(name, request, actor, {});
                   if (!deployed && deployed.error().code() != Code::kFailedPrecondition) {
                     request.version = newest;
                     deployed = parts_.deployer.deploy(name, request, actor, {});
                   }
                   if (!deployed)
                     return error(Code::kInvalidArgument, "load failed for model '{}': {}", name,
                                  deployed.error().message());
                   return Response{};
                 });
  });
  router.add(Method::kPost, "/v2/repository/models/{model}/unload", [this, answer_later](Exchange& exchange) {
    const Status fits = oip::check_unload_request(exchange.request().body);
    if (!fits) return exchange.respond(error_response(400, fits.error().message()));
    answer_later(exchange,
                 [this, name = std::string(exchange.request().parameters[0]),
                  remote = std::string(exchange.request().remote)]() -> Result<Response> {
                   const control::DeployRequest request{0, "", "repository unload", kLoadTime};
                   const auto undeployed = parts_.deployer.undeploy(name, request, {"anonymous@" + remote}, {});
                   // As Triton: unloading what is not there is no error.
                   if (!undeployed && undeployed.error().code() != Code::kNotFound) return undeployed.error();
                   return Response{};
                 });
  });
}

}  // namespace modelyard::edge
