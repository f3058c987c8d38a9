#include <array>

#include "edge/codec/tfs/documents.h"
#include "edge/codec/tfs/predict.h"
#include "edge/inference_api/http_call.h"

namespace modelyard::edge {
namespace {

class TensorflowCall final : public HttpCall {
 public:
  TensorflowCall(Deferred reply, std::size_t body_bytes, std::string_view request_id, tfs::PredictAsk asked)
      : HttpCall(std::move(reply), body_bytes, request_id), asked_(std::move(asked)) {}

  inference::InferRequest& request() override { return asked_.request; }
  serving::Protocol protocol() const override { return serving::Protocol::kTensorFlowServing; }

 private:
  Result<Response> encode(inference::InferResponse& answer, std::string) override {
    Response response;
    MODELYARD_ASSIGN(response.body, tfs::encode_predict(answer, asked_));
    return response;
  }

  tfs::PredictAsk asked_;
};

Result<inference::VersionChoice> choice_of(const Request& request, Naming naming) {
  if (request.parameters.size() < 2) return inference::VersionChoice{};
  if (naming == Naming::kByLabel) return inference::VersionChoice{0, request.parameters[1]};
  MODELYARD_ASSIGN(const VersionNumber version, parse_version_number(request.parameters[1]));
  return inference::VersionChoice{version, {}};
}

// A phase that will pass, or why it did not.
tfs::VersionStatus status_of(VersionNumber version, const std::string& why) {
  constexpr std::array<std::string_view, 5> kPhases{"waiting", "fetching", "loading", "checking", "warming"};
  for (const std::string_view phase : kPhases) {
    if (why == phase) return {version, "LOADING", "OK", ""};
  }
  if (why == "unloading") return {version, "UNLOADING", "OK", ""};
  return {version, "END", "FAILED_PRECONDITION", why};
}

Status read_predict(const Request& request, const inference::Signature& signature, SteadyTime now,
                    tfs::PredictAsk& asked) {
  MODELYARD_TRY(tfs::decode_predict(request.body, signature, asked));
  MODELYARD_ASSIGN(asked.request.deadline, deadline_of(request, std::nullopt, now));
  asked.request.endpoint = request.parameters[0];
  asked.request.principal = name_of(request.caller);
  return ok();
}

}  // namespace

void InferenceApi::tensorflow_predict(Exchange& exchange, Naming naming) {
  const Request& request = exchange.request();
  serving::Dispatcher& loop = dispatcher(exchange);
  serving::CallMaker maker(loop.call_blocks());
  const std::string_view id = request_id(request, id_room(maker));
  serving::Refused refused{.endpoint = request.parameters[0], .request_id = id};
  refused.protocol = serving::Protocol::kTensorFlowServing;
  const auto choice = choice_of(request, naming);
  if (!choice) return refuse(exchange, refused, choice.error());
  const auto route =
      find_to_infer(loop, {request, request.caller}, {refused.protocol, refused.endpoint, request.body}, *choice);
  if (!route) return refuse(exchange, refused, route.error());
  tfs::PredictAsk asked(maker.memory());
  const Status read = read_predict(request, route->signature(), clock_.steady_now(), asked);
  if (!read) {
    loop.count_failure(*route, serving::Protocol::kTensorFlowServing, read.error().code());
    refused.servable = route->servable;
    return refuse(exchange, refused, read.error());
  }
  name_request(request, id, *route, asked.request);
  loop.submit(*route, maker.make<TensorflowCall>(exchange.defer(), request.body.size(), id, std::move(asked)));
}

Result<std::string> InferenceApi::tensorflow_status_document(const Exchange& exchange, std::string_view name,
                                                             const inference::VersionChoice& choice) {
  MODELYARD_TRY(security::decide(exchange.request().caller, Access::model(kSees), name));
  const lifecycle::ServingTable& table = dispatcher(exchange).table();
  const auto endpoint = table.endpoints.find(name);
  const auto model =
      table.models.find(endpoint == table.endpoints.end() ? name : std::string_view(endpoint->second.plan.model));
  std::vector<tfs::VersionStatus> versions;
  if (model != table.models.end()) {
    VersionNumber wanted = choice.version;
    if (const auto alias = model->second.aliases.find(choice.alias); alias != model->second.aliases.end())
      wanted = alias->second;
    const bool all = choice.alias.empty() && choice.version == 0;
    for (const auto& [number, servable] : model->second.ready) {
      if (all || number == wanted) versions.push_back({number, "AVAILABLE", "OK", ""});
    }
    for (const auto& [number, why] : model->second.not_ready) {
      if (all || number == wanted) versions.push_back(status_of(number, why));
    }
  }
  if (versions.empty()) return error(Code::kNotFound, "Could not find any versions of model {}", name);
  return tfs::status_document(versions);
}

void InferenceApi::tensorflow_status(Exchange& exchange, Naming naming) {
  const Request& request = exchange.request();
  const auto choice = choice_of(request, naming);
  auto document = choice ? tensorflow_status_document(exchange, request.parameters[0], *choice)
                         : Result<std::string>(choice.error());
  if (!document) return exchange.respond(refusal(document.error(), request_id(request)));
  Response response;
  response.body = std::move(*document);
  exchange.respond(std::move(response));
}

void InferenceApi::tensorflow_metadata(Exchange& exchange, Naming naming) {
  const Request& request = exchange.request();
  const auto choice = choice_of(request, naming);
  if (!choice) return exchange.respond(refusal(choice.error(), request_id(request)));
  const auto route = find(exchange, kSees, request.parameters[0], *choice);
  if (!route) return exchange.respond(refusal(route.error(), request_id(request)));
  Response response;
  response.body = tfs::metadata_document(request.parameters[0], route->ref().version, route->signature());
  exchange.respond(std::move(response));
}

void InferenceApi::add_tensorflow_routes(Router& router) {
  struct Place {
    const char* path;
    Naming naming;
  };
  for (const Place& place : {Place{"/v1/models/{model}", Naming::kByVersion},
                             Place{"/v1/models/{model}/versions/{version}", Naming::kByVersion},
                             Place{"/v1/models/{model}/labels/{label}", Naming::kByLabel}}) {
    const std::string path = place.path;
    const Naming naming = place.naming;
    router.add(
        Method::kPost, path + ":predict", Access::model(Verb::kInfer),
        [this, naming](Exchange& exchange) { tensorflow_predict(exchange, naming); }, BodyNeed::kRequired);
    for (const char* verb : {":classify", ":regress"}) {
      router.add(Method::kPost, path + verb, Access::model(Verb::kInfer), [](Exchange& exchange) {
        exchange.respond(error_response(501, "the model has no such signature; ONNX models answer :predict"));
      });
    }
    router.add(Method::kGet, path, Access::model(kSees),
               [this, naming](Exchange& exchange) { tensorflow_status(exchange, naming); });
    router.add(Method::kGet, path + "/metadata", Access::model(kSees),
               [this, naming](Exchange& exchange) { tensorflow_metadata(exchange, naming); });
  }
}

}  // namespace modelyard::edge
