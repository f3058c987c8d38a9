#include <open_inference/grpc_service.pb.h>

#include "edge/control_api/repository_calls.h"
#include "edge/grpc/grpc_proto.h"
#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {
namespace {

using Work = std::move_only_function<Result<std::string>()>;  // the answer's message

void answer_later(ControlExecutor& executor, Exchange& exchange, Work work) {
  auto reply = std::make_shared<Deferred>(exchange.defer());
  ControlExecutor::Task task = [reply, work = std::move(work)]() mutable {
    auto message = work();
    reply->complete(message ? grpc_answer(std::move(*message), Coding::kIdentity) : grpc_failure(message.error()));
  };
  if (executor.submit(task)) return;
  reply->complete_here(grpc_failure(GrpcCode::kUnavailable, "too many control calls are waiting"));
}

std::string index_message(const std::vector<oip::IndexEntry>& entries) {
  ::inference::RepositoryIndexResponse response;
  for (const oip::IndexEntry& entry : entries) {
    auto& model = *response.add_models();
    model.set_name(entry.model);
    if (entry.version == 0) continue;
    model.set_version(std::to_string(entry.version));
    model.set_state(entry.state);
    model.set_reason(entry.reason);
  }
  return grpc_message_of(response);
}

// Load and unload know no parameters but the one that changes nothing here.
template <typename Ask>
Status check_parameters(const Ask& ask) {
  for (const auto& [name, value] : ask.parameters()) {
    if (name == "unload_dependents") continue;
    return error(Code::kUnimplemented, "parameter '{}' is not supported; publish a version instead", name);
  }
  return ok();
}

}  // namespace

void ControlApi::add_methods(GrpcRouter& router) {
  using namespace ::inference;
  const std::string service = "/inference.GRPCInferenceService/";
  router.add(service + "RepositoryIndex", Access::every_model(Verb::kRead),
             [this](Exchange& exchange, const GrpcMessage& message) {
               RepositoryIndexRequest ask;
               const Status parsed = parse_proto(message.bytes, ask);
               if (!parsed) return exchange.respond(grpc_failure(parsed.error()));
               answer_later(parts_.executor, exchange, [this, ready = ask.ready()]() -> Result<std::string> {
                 MODELYARD_ASSIGN(const auto entries, list_repository(parts_, ready));
                 return index_message(entries);
               });
             });
  using Change = Status (*)(const ControlParts&, const std::string&, const control::Actor&);
  const auto add = [&]<typename Ask>(std::string_view name, Change change, Ask) {
    router.add(service + std::string(name), Access::model(Verb::kDeploy),
               [this, change](Exchange& exchange, const GrpcMessage& message) {
                 Ask ask;
                 Status fits = parse_proto(message.bytes, ask);
                 if (fits) fits = check_parameters(ask);
                 if (fits) {
                   fits = security::decide(exchange.request().caller, Access::model(Verb::kDeploy), ask.model_name());
                 }
                 if (!fits) return exchange.respond(grpc_failure(fits.error()));
                 const control::Actor actor = actor_of(exchange.request());
                 answer_later(parts_.executor, exchange,
                              [this, change, model = ask.model_name(), actor]() -> Result<std::string> {
                                MODELYARD_TRY(change(parts_, model, actor));
                                return grpc_message_of(RepositoryModelLoadResponse());  // empty, as the other is
                              });
               });
  };
  add("RepositoryModelLoad", load_model, RepositoryModelLoadRequest());
  add("RepositoryModelUnload", unload_model, RepositoryModelUnloadRequest());
}

}  // namespace modelyard::edge
