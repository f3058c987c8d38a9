#include "edge/control_api/repository_calls.h"

namespace modelyard::edge {
namespace {

using Work = std::move_only_function<Result<Response>()>;

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

void ControlApi::add_repository_routes(Router& router) {
  router.add(Method::kPost, "/v2/repository/index", Access::every_model(Verb::kRead), [this](Exchange& exchange) {
    const auto only_ready = oip::parse_index_request(exchange.request().body);
    if (!only_ready) return exchange.respond(triton_error(only_ready.error()));
    answer_later(parts_.executor, exchange, [this, ready = *only_ready]() -> Result<Response> {
      MODELYARD_ASSIGN(const auto entries, list_repository(parts_, ready));
      Response response;
      response.body = oip::repository_index(entries);
      return response;
    });
  });
  using Change = Status (*)(const ControlParts&, const std::string&, const control::Actor&);
  const auto add = [&](std::string_view pattern, Status (*check)(std::string_view), Change change) {
    router.add(Method::kPost, pattern, Access::model(Verb::kDeploy), [this, check, change](Exchange& exchange) {
      const Request& request = exchange.request();
      const Status fits = check(request.body);
      if (!fits) return exchange.respond(triton_error(fits.error()));
      const control::Actor actor = actor_of(request);
      answer_later(parts_.executor, exchange,
                   [this, change, name = std::string(request.parameters[0]), actor]() -> Result<Response> {
                     MODELYARD_TRY(change(parts_, name, actor));
                     return Response{};
                   });
    });
  };
  add("/v2/repository/models/{model}/load", oip::check_load_request, load_model);
  add("/v2/repository/models/{model}/unload", oip::check_unload_request, unload_model);
}

}  // namespace modelyard::edge
