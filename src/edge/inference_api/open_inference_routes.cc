#include <array>
#include <charconv>

#include "edge/codec/oip/documents.h"
#include "edge/codec/oip/infer_request.h"
#include "edge/codec/oip/infer_response.h"
#include "edge/inference_api/http_call.h"
#include "edge/inference_api/shared_use.h"

namespace modelyard::edge {
namespace {

class OpenInferenceCall final : public HttpCall {
 public:
  OpenInferenceCall(Deferred reply, std::size_t body_bytes, std::string_view request_id, oip::OipInfer asked,
                    SharedUse shared, const inference::Signature& signature)
      : HttpCall(std::move(reply), body_bytes + shared.input_bytes(), request_id),
        asked_(std::move(asked)),
        shared_(std::move(shared)),
        signature_(signature) {}

  inference::InferRequest& request() override { return asked_.request; }
  serving::Protocol protocol() const override { return serving::Protocol::kOpenInference; }

 private:
  Result<Response> encode(inference::InferResponse& answer, std::string room) override {
    MODELYARD_ASSIGN(oip::EncodedAnswer encoded,
                     oip::encode_infer_response(answer, asked_, signature_, std::move(room)));
    MODELYARD_TRY(shared_.write_outputs(answer));
    Response response;
    response.body = std::move(encoded.json);
    if (encoded.header_bytes) {
      response.content_type = "application/octet-stream";
      response.add_header("Inference-Header-Content-Length", std::to_string(*encoded.header_bytes));
      response.blobs = std::move(encoded.blobs);
    }
    return response;
  }

  oip::OipInfer asked_;
  const SharedUse shared_;
  const inference::Signature& signature_;  // of the servable, which serving keeps until the call has ended
};

Result<std::optional<std::size_t>> header_bytes_of(const Request& request) {
  const auto header = request.header("Inference-Header-Content-Length");
  if (!header) return std::optional<std::size_t>();
  std::int32_t bytes = 0;
  const auto [end, failure] = std::from_chars(header->data(), header->data() + header->size(), bytes);
  if (failure != std::errc{} || end != header->data() + header->size() || bytes < 0) {
    return error(Code::kInvalidArgument, "inference header size should be in range (0, {}), got: {}",
                 request.body.size(), *header);
  }
  return std::optional<std::size_t>(static_cast<std::size_t>(bytes));
}

inference::VersionChoice choice_of(const Request& request) {
  return request.parameters.size() > 1 ? choose_version(request.parameters[1]) : inference::VersionChoice{};
}

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response empty_response(int status) {
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  return response;
}

oip::ModelStatistics statistics_of(lifecycle::Servable& servable) {
  const auto totals = static_cast<serving::VersionExecutor&>(servable.executor()).totals();
  oip::ModelStatistics statistics;
  statistics.model = servable.ref().model;
  statistics.version = servable.ref().version;
  statistics.last_inference_ms = totals.last_request_ms;
  statistics.inferences = totals.rows;
  statistics.executions = totals.executions;
  const std::uint64_t answered = totals.answered();
  statistics.success = {answered, totals.answered_nanoseconds()};
  statistics.fail = {totals.failed(), totals.failed_nanoseconds()};
  const std::uint64_t ran = answered - totals.cache_hits;
  statistics.queue = {ran, totals.queued};
  statistics.compute_input = {ran, totals.prepared};
  statistics.compute_infer = {ran, totals.computed};
  statistics.compute_output = {ran, totals.handed_over};
  for (const auto& [rows, run] : totals.runs) {
    statistics.batches.push_back({rows, {run.runs, run.prepared}, {run.runs, run.computed}, {run.runs, 0}});
  }
  statistics.cache_hit = {totals.cache_hits, totals.cache_hit_nanoseconds};
  return statistics;
}

}  // namespace

void InferenceApi::refuse(Exchange& exchange, serving::Refused refused, const Error& why) const {
  refused.code = why.code();
  tell_refused(*dispatchers_[exchange.loop_index()], exchange.request(), refused);
  exchange.respond(refusal(why, refused.request_id));
}

void InferenceApi::open_infer(Exchange& exchange) {
  const Request& request = exchange.request();
  serving::Dispatcher& loop = dispatcher(exchange);
  serving::CallMaker maker(loop.call_blocks());
  const std::string_view id = request_id(request, id_room(maker));
  serving::Refused refused{.endpoint = request.parameters[0], .request_id = id};
  refused.protocol = serving::Protocol::kOpenInference;
  const auto route = find_to_infer(loop, {request, request.caller}, {refused.protocol, refused.endpoint, request.body},
                                   choice_of(request));
  if (!route) return refuse(exchange, refused, route.error());
  oip::OipInfer asked(maker.memory());
  auto shared = read_open_inference(request, route->signature(), asked);
  if (!shared) {
    loop.count_failure(*route, serving::Protocol::kOpenInference, shared.error().code());
    refused.servable = route->servable;
    return refuse(exchange, refused, shared.error());
  }
  name_request(request, id, *route, asked.request);
  loop.submit(*route, maker.make<OpenInferenceCall>(exchange.defer(), request.body.size(), id, std::move(asked),
                                                    std::move(*shared), route->signature()));
}

Result<SharedUse> InferenceApi::read_open_inference(const Request& request, const inference::Signature& signature,
                                                    oip::OipInfer& asked) const {
  MODELYARD_ASSIGN(const auto header_bytes, header_bytes_of(request));
  MODELYARD_TRY(oip::decode_infer_request(request.body, header_bytes, signature, request.parameters[0], asked));
  MODELYARD_ASSIGN(SharedUse shared, SharedUse::take(shared_memory(), request.caller, asked));
  MODELYARD_ASSIGN(asked.request.deadline, deadline_of(request, asked.timeout, clock_.steady_now()));
  asked.request.endpoint = request.parameters[0];
  asked.request.principal = name_of(request.caller);
  return shared;
}

Result<serving::Route> InferenceApi::find(serving::Dispatcher& dispatcher, const Asker& asker, security::VerbSet any_of,
                                          std::string_view name, const inference::VersionChoice& choice) {
  MODELYARD_TRY(security::decide(asker.caller(), Access::model(any_of), name));
  return dispatcher.route(name, choice, asker);
}

Result<serving::Route> InferenceApi::find_to_infer(serving::Dispatcher& dispatcher, const Asker& asker,
                                                   const Asked& asked, const inference::VersionChoice& choice) {
  MODELYARD_ASSIGN(const serving::Route route, find(dispatcher, asker, Verb::kInfer, asked.name, choice));
  MODELYARD_TRY(dispatcher.check_room(route, asked.protocol, asked.body));
  return route;
}

std::string InferenceApi::server_document() const {
  const std::vector<std::string> of_settings{"system_shared_memory"};
  return oip::server_metadata(options_.server_version, std::span(of_settings).first(options_.shared_memory ? 1 : 0));
}

Result<std::string> InferenceApi::metadata_document(const Exchange& exchange, std::string_view name,
                                                    const inference::VersionChoice& choice) {
  serving::Dispatcher& loop = dispatcher(exchange);
  MODELYARD_ASSIGN(const auto route, find(exchange, kSees, name, choice));
  std::vector<VersionNumber> versions;
  const auto model = loop.table().models.find(route.ref().model);
  for (const auto& [number, servable] : model->second.ready) versions.push_back(number);
  return oip::model_metadata(name, versions, route.signature());
}

Result<std::string> InferenceApi::statistics_document(const Exchange& exchange, std::string_view name,
                                                      const inference::VersionChoice& choice) {
  serving::Dispatcher& loop = dispatcher(exchange);
  std::vector<oip::ModelStatistics> statistics;
  if (!name.empty()) {
    MODELYARD_ASSIGN(const auto route, find(exchange, kSees, name, choice));
    statistics.push_back(statistics_of(*route.servable));
    statistics.back().model = name;
  } else {
    MODELYARD_TRY(security::decide(exchange.request().caller, Access::every_model(Verb::kRead)));
    for (const auto& [model_name, model] : loop.table().models) {
      for (const auto& [number, servable] : model.ready) statistics.push_back(statistics_of(*servable));
    }
  }
  return oip::statistics_document(statistics);
}

void InferenceApi::open_metadata(Exchange& exchange) {
  const Request& request = exchange.request();
  auto document = metadata_document(exchange, request.parameters[0], choice_of(request));
  if (!document) return exchange.respond(refusal(document.error(), request_id(request)));
  exchange.respond(json_response(std::move(*document)));
}

void InferenceApi::open_ready(Exchange& exchange) {
  const Request& request = exchange.request();
  const auto route = find(exchange, kSees, request.parameters[0], choice_of(request));
  exchange.respond(route ? empty_response(200) : error_response(400, "Model version not ready"));
}

void InferenceApi::open_config(Exchange& exchange) {
  const Request& request = exchange.request();
  const auto route = find(exchange, kSees, request.parameters[0], choice_of(request));
  if (!route) return exchange.respond(refusal(route.error(), request_id(request)));
  exchange.respond(json_response(oip::model_config(request.parameters[0], route->signature())));
}

void InferenceApi::open_statistics(Exchange& exchange) {
  const Request& request = exchange.request();
  const std::string_view name = request.parameters.empty() ? std::string_view() : request.parameters[0];
  auto document = statistics_document(exchange, name, choice_of(request));
  if (!document) return exchange.respond(refusal(document.error(), request_id(request)));
  exchange.respond(json_response(std::move(*document)));
}

void InferenceApi::add_open_inference_routes(Router& router) {
  router.add(Method::kGet, "/v2", Access::server(kSees),
             [this](Exchange& exchange) { exchange.respond(json_response(server_document())); });
  router.add(Method::kGet, "/v2/health/live", Access::open(),
             [](Exchange& exchange) { exchange.respond(empty_response(200)); });
  router.add(Method::kGet, "/v2/health/ready", Access::open(),
             [this](Exchange& exchange) { exchange.respond(empty_response(options_.ready() ? 200 : 400)); });
  router.add(Method::kGet, "/v2/models/stats", Access::every_model(Verb::kRead),
             [this](Exchange& exchange) { open_statistics(exchange); });
  for (const std::string& model :
       {std::string("/v2/models/{model}"), std::string("/v2/models/{model}/versions/{version}")}) {
    router.add(Method::kGet, model, Access::model(kSees), [this](Exchange& exchange) { open_metadata(exchange); });
    router.add(Method::kGet, model + "/ready", Access::model(kSees),
               [this](Exchange& exchange) { open_ready(exchange); });
    router.add(Method::kGet, model + "/config", Access::model(kSees),
               [this](Exchange& exchange) { open_config(exchange); });
    router.add(Method::kGet, model + "/stats", Access::model(kSees),
               [this](Exchange& exchange) { open_statistics(exchange); });
    router.add(
        Method::kPost, model + "/infer", Access::model(Verb::kInfer),
        [this](Exchange& exchange) { open_infer(exchange); }, BodyNeed::kRequired);
  }
}

void InferenceApi::add_routes(Router& router) {
  add_open_inference_routes(router);
  add_tensorflow_routes(router);
}

std::string_view InferenceApi::request_id(const Request& request, IdRoom room) {
  return edge::request_id(request, clock_, random_, room);
}

std::string InferenceApi::request_id(const Request& request) {
  std::array<char, Uuid::kTextBytes> room;
  return std::string(request_id(request, room));
}

}  // namespace modelyard::edge
