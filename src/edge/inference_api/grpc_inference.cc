#include "edge/inference_api/grpc_inference.h"

#include <open_inference/grpc_service.pb.h>

#include "edge/codec/oip/documents.h"
#include "edge/grpc/grpc_proto.h"
#include "edge/inference_api/grpc_call.h"

namespace modelyard::edge {
namespace {

constexpr std::string_view kService = "/inference.GRPCInferenceService/";

template <typename Ask, typename Answer>
void add_unary(GrpcRouter& router, std::string_view name, Access access,
               std::function<Result<Answer>(Exchange&, const Ask&)> work) {
  add_method<Ask, Answer>(router, std::string(kService).append(name), access, std::move(work));
}

}  // namespace

void GrpcInference::add_state_methods(GrpcRouter& router) {
  using namespace ::inference;
  add_unary<ServerLiveRequest, ServerLiveResponse>(
      router, "ServerLive", Access::open(), [](Exchange&, const ServerLiveRequest&) -> Result<ServerLiveResponse> {
        ServerLiveResponse answer;
        answer.set_live(true);
        return answer;
      });
  add_unary<ServerReadyRequest, ServerReadyResponse>(
      router, "ServerReady", Access::open(),
      [this](Exchange&, const ServerReadyRequest&) -> Result<ServerReadyResponse> {
        ServerReadyResponse answer;
        answer.set_ready(api_.ready());
        return answer;
      });
  add_unary<ServerMetadataRequest, ServerMetadataResponse>(
      router, "ServerMetadata", Access::server(kSees), [this](Exchange&, const ServerMetadataRequest&) {
        return proto_from_document<ServerMetadataResponse>(api_.server_document());
      });
}

void GrpcInference::add_model_methods(GrpcRouter& router) {
  using namespace ::inference;
  add_unary<ModelReadyRequest, ModelReadyResponse>(
      router, "ModelReady", Access::model(kSees),
      [this](Exchange& exchange, const ModelReadyRequest& ask) -> Result<ModelReadyResponse> {
        ModelReadyResponse answer;
        const auto route = api_.find(exchange, kSees, ask.name(), choose_version(ask.version()));
        if (!route && route.error().code() == Code::kPermissionDenied) return route.error();
        answer.set_ready(route.has_value());
        return answer;
      });
  add_unary<ModelMetadataRequest, ModelMetadataResponse>(
      router, "ModelMetadata", Access::model(kSees),
      [this](Exchange& exchange, const ModelMetadataRequest& ask) -> Result<ModelMetadataResponse> {
        MODELYARD_ASSIGN(const std::string document,
                         api_.metadata_document(exchange, ask.name(), choose_version(ask.version())));
        return proto_from_document<ModelMetadataResponse>(document);
      });
  add_unary<ModelConfigRequest, ModelConfigResponse>(
      router, "ModelConfig", Access::model(kSees),
      [this](Exchange& exchange, const ModelConfigRequest& ask) -> Result<ModelConfigResponse> {
        MODELYARD_ASSIGN(const auto route, api_.find(exchange, kSees, ask.name(), choose_version(ask.version())));
        ModelConfigResponse answer;
        MODELYARD_ASSIGN(*answer.mutable_config(),
                         proto_from_document<ModelConfig>(oip::model_config(ask.name(), route.signature())));
        return answer;
      });
  add_unary<ModelStatisticsRequest, ModelStatisticsResponse>(
      router, "ModelStatistics", Access::model(kSees),
      [this](Exchange& exchange, const ModelStatisticsRequest& ask) -> Result<ModelStatisticsResponse> {
        MODELYARD_ASSIGN(const std::string document,
                         api_.statistics_document(exchange, ask.name(), choose_version(ask.version())));
        return proto_from_document<ModelStatisticsResponse>(document);
      });
  router.add(
      std::string(kService) + "ModelInfer", Access::model(Verb::kInfer),
      [this](Exchange& exchange, GrpcMessage message) { answer_model_infer(api_, exchange, std::move(message)); });
  router.add_stream(
      std::string(kService) + "ModelStreamInfer", Access::model(Verb::kInfer),
      [this](Exchange& exchange, const GrpcEncoding& encoding) { return open_model_stream(api_, exchange, encoding); });
}

void GrpcInference::add_methods(GrpcRouter& router) {
  add_state_methods(router);
  add_model_methods(router);
}

}  // namespace modelyard::edge
