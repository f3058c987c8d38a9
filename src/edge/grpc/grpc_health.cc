#include "edge/grpc/grpc_health.h"

#include <grpc/health/v1/health.pb.h>

#include "edge/grpc/grpc_proto.h"
#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::string health_message(int status) {
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(status));
  return grpc_message_of(response);
}

}  // namespace

int GrpcHealth::status_of(std::size_t loop, std::string_view service) const {
  const auto served = ask_(loop, service);
  if (!served) return HealthCheckResponse::SERVICE_UNKNOWN;
  return *served ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

Status GrpcHealth::may_ask(const Exchange& exchange, std::string_view service) const {
  if (open_.contains(service)) return ok();
  return security::decide(exchange.request().caller, Access::model(Verb::kInfer | Verb::kRead), service);
}

void GrpcHealth::check(Exchange& exchange, std::string_view bytes) {
  HealthCheckRequest request;
  Status fits = parse_proto(bytes, request);
  if (fits) fits = may_ask(exchange, request.service());
  if (!fits) return exchange.respond(grpc_failure(fits.error()));
  const int status = status_of(exchange.loop_index(), request.service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return exchange.respond(
        grpc_failure(GrpcCode::kNotFound, fmt::format("service '{}' is not known", request.service())));
  }
  exchange.respond(grpc_answer(health_message(status), Coding::kIdentity));
}

void GrpcHealth::watch(Exchange& exchange, std::string_view bytes) {
  HealthCheckRequest request;
  Status fits = parse_proto(bytes, request);
  if (fits) fits = may_ask(exchange, request.service());
  if (!fits) return exchange.respond(grpc_failure(fits.error()));
  const int status = status_of(exchange.loop_index(), request.service());
  Response head;
  head.content_type = "application/grpc";
  Watcher watcher{request.service(), status, exchange.defer()};
  watcher.reply.begin_stream_here(std::move(head));
  watcher.reply.stream_here(health_message(status));
  watchers_[exchange.loop_index()].push_back(std::move(watcher));
}

void GrpcHealth::poll(std::size_t loop) {
  for (auto watcher = watchers_[loop].begin(); watcher != watchers_[loop].end();) {
    if (watcher->reply.cancelled()) {
      watcher = watchers_[loop].erase(watcher);
      continue;
    }
    const int status = status_of(loop, watcher->service);
    if (status != std::exchange(watcher->told, status)) watcher->reply.stream_here(health_message(status));
    ++watcher;
  }
}

void GrpcHealth::add_methods(GrpcRouter& router) {
  router.add("/grpc.health.v1.Health/Check", Access::open(),
             [this](Exchange& exchange, GrpcMessage message) { check(exchange, message.bytes); });
  router.add("/grpc.health.v1.Health/Watch", Access::open(),
             [this](Exchange& exchange, GrpcMessage message) { watch(exchange, message.bytes); });
}

}  // namespace modelyard::edge
