#include "control/documents.h"
#include "edge/control_api/control_api.h"
#include "edge/control_api/openapi_document.h"

namespace modelyard::edge {

using registry::CatalogReader;

// Newest last; without a cursor the last `limit` of them.
Result<ApiAnswer> ControlApi::list_events(const ApiCall& call) {
  MODELYARD_TRY(call.may_read(call.query_value("model")));
  MODELYARD_ASSIGN(const int limit, call.limit());
  MODELYARD_ASSIGN(const std::int64_t after, call.cursor_number());
  ApiAnswer answer;
  MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
    const std::string model = call.query_value("model").value_or("");
    MODELYARD_ASSIGN(const auto events, reader.events(model, after, limit));
    // A model that is gone may still have events; one that never was has none.
    if (events.empty() && !model.empty()) MODELYARD_TRY(reader.model(model));
    answer.body = page_of(control::list_to_json(events), limit,
                          [](const Json& last) { return std::to_string(last["id"].get<std::int64_t>()); });
    return ok();
  }));
  return answer;
}

void ControlApi::add_event_routes(Router& router) {
  route(router, Method::kGet, "/api/v1/events", Access::server(Verb::kRead), {"limit", "cursor", "model"},
        [this](const ApiCall& call) { return list_events(call); });
  router.add(Method::kGet, "/api/v1/openapi.yaml", Access::server(kAnyVerb), [](Exchange& exchange) {
    Response response;
    response.content_type = "application/yaml";
    response.body = openapi_document();
    exchange.respond(std::move(response));
  });
}

}  // namespace modelyard::edge
