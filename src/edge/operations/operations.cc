#include "edge/operations/operations.h"

#include "edge/http/field_value.h"

namespace modelyard::edge {
namespace {

Response text_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace

telemetry::ExpositionFormat choose_exposition(std::string_view accept) {
  const double open_metrics = accepted_quality(accept, "application/openmetrics-text");
  const bool wanted = open_metrics > 0 && open_metrics >= accepted_quality(accept, "text/plain");
  return wanted ? telemetry::ExpositionFormat::kOpenMetrics : telemetry::ExpositionFormat::kPrometheus;
}

void add_operations_routes(Router& router, OperationsHooks hooks) {
  router.add(Method::kGet, "/livez", Access::open(),
             [](Exchange& exchange) { exchange.respond(text_response(200, "ok\n")); });
  router.add(Method::kGet, "/readyz", Access::open(), [ready = hooks.ready](Exchange& exchange) {
    exchange.respond(ready() ? text_response(200, "ok\n") : text_response(503, "not ready\n"));
  });
  router.add(Method::kGet, "/metrics", Access::every_model(Verb::kRead), [metrics = hooks.metrics](Exchange& exchange) {
    const auto format = choose_exposition(exchange.request().header("accept").value_or(""));
    Response response = text_response(200, metrics(format));
    response.content_type = telemetry::exposition_content_type(format);
    exchange.respond(std::move(response));
  });
}

}  // namespace modelyard::edge
