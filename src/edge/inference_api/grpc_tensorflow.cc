#include "edge/inference_api/grpc_tensorflow.h"

#include <tensorflow_serving/apis/get_model_status.pb.h>
#include <tensorflow_serving/apis/prediction_service.pb.h>

#include "edge/codec/tfs/documents.h"
#include "edge/codec/tfs/predict_message.h"
#include "edge/grpc/grpc_proto.h"
#include "edge/inference_api/grpc_call.h"

namespace modelyard::edge {
namespace {

namespace wire = ::tensorflow::serving;

class PredictCall final : public serving::Call {
 public:
  PredictCall(Deferred reply, GrpcMessage message, Coding coding, tfs::PredictAsk asked, std::string request_id)
      : reply_(std::move(reply)),
        message_(std::move(message)),
        coding_(coding),
        asked_(std::move(asked)),
        request_id_(std::move(request_id)) {}

  inference::InferRequest& request() override { return asked_.request; }
  std::size_t body_bytes() const override { return message_.bytes.size(); }
  serving::Protocol protocol() const override { return serving::Protocol::kTensorFlowServingGrpc; }
  bool cancelled() const override { return reply_.cancelled(); }
  void finish(Result<inference::InferResponse> response) override {
    if (!response) return reply_.complete_here(grpc_failure(response.error()));
    auto message = tfs::encode_predict_message(*response, asked_, kGrpcPrefixBytes);
    reply_.complete_here(
        predicted_answer({std::move(message.text), std::move(message.blobs), std::move(message.pieces)}, *response,
                         request_id_, coding_));
  }

 private:
  Deferred reply_;
  const GrpcMessage message_;  // behind the request's views
  const Coding coding_;
  tfs::PredictAsk asked_;
  const std::string request_id_;
};

Result<inference::VersionChoice> choice_of(const wire::ModelSpec& spec) {
  if (spec.name().empty()) return error(Code::kInvalidArgument, "Missing ModelSpec");
  if (spec.has_version() && spec.version().value() < 0) {
    return error(Code::kInvalidArgument, "version {} is not a version", spec.version().value());
  }
  return inference::VersionChoice{spec.has_version() ? spec.version().value() : 0, spec.version_label()};
}

}  // namespace

void GrpcTensorflow::predict(Exchange& exchange, GrpcMessage message) {
  const Request& request = exchange.request();
  serving::Dispatcher& dispatcher = api_.dispatcher(exchange);
  const auto prepare = [&]() -> Result<std::pair<serving::Route, tfs::PredictAsk>> {
    MODELYARD_ASSIGN(const tfs::ModelSpec spec, tfs::read_model_spec(message.bytes));
    MODELYARD_ASSIGN(const serving::Route route,
                     api_.find_to_infer(dispatcher, request.caller,
                                        {serving::Protocol::kTensorFlowServingGrpc, spec.model, message.bytes},
                                        {spec.version, spec.label}));
    MODELYARD_ASSIGN(tfs::PredictAsk asked, tfs::decode_predict_message(message.bytes, route.signature()));
    asked.request.endpoint = spec.model;
    MODELYARD_ASSIGN(asked.request.deadline, grpc_deadline(request, std::nullopt, api_.now()));
    return std::pair(route, std::move(asked));
  };
  auto prepared = prepare();
  if (!prepared) return exchange.respond(grpc_failure(prepared.error()));
  const auto encoding = grpc_encoding(request, 0);
  const serving::Route route = prepared->first;
  dispatcher.submit(route, std::make_unique<PredictCall>(exchange.defer(), std::move(message), encoding->coding,
                                                         std::move(prepared->second), api_.request_id(request)));
}

void GrpcTensorflow::add_methods(GrpcRouter& router) {
  const std::string prediction = "/tensorflow.serving.PredictionService/";
  router.add(prediction + "Predict", Access::model(Verb::kInfer),
             [this](Exchange& exchange, GrpcMessage message) { predict(exchange, std::move(message)); });
  for (const char* method : {"Classify", "Regress", "MultiInference"}) {
    router.add(prediction + method, Access::model(Verb::kInfer), [](Exchange& exchange, const GrpcMessage&) {
      exchange.respond(
          grpc_failure(GrpcCode::kUnimplemented, "the model has no such signature; ONNX models answer Predict"));
    });
  }
  add_method<wire::GetModelMetadataRequest, wire::GetModelMetadataResponse>(
      router, prediction + "GetModelMetadata", Access::model(kSees),
      [this](Exchange& exchange, const auto& ask) -> Result<wire::GetModelMetadataResponse> {
        for (const std::string& field : ask.metadata_field()) {
          if (field != "signature_def") {
            return error(Code::kInvalidArgument, "Metadata field {} is not supported", field);
          }
        }
        MODELYARD_ASSIGN(const auto choice, choice_of(ask.model_spec()));
        const std::string& name = ask.model_spec().name();
        MODELYARD_ASSIGN(const auto route, api_.find(exchange, kSees, name, choice));
        return proto_from_document<wire::GetModelMetadataResponse>(
            tfs::metadata_document(name, route.ref().version, route.signature()));
      });
  add_method<wire::GetModelStatusRequest, wire::GetModelStatusResponse>(
      router, "/tensorflow.serving.ModelService/GetModelStatus", Access::model(kSees),
      [this](Exchange& exchange, const auto& ask) -> Result<wire::GetModelStatusResponse> {
        MODELYARD_ASSIGN(const auto choice, choice_of(ask.model_spec()));
        MODELYARD_ASSIGN(const std::string document,
                         api_.tensorflow_status_document(exchange, ask.model_spec().name(), choice));
        return proto_from_document<wire::GetModelStatusResponse>(document);
      });
}

}  // namespace modelyard::edge
