#include "edge/inference_api/grpc_tensorflow.h"

#include <tensorflow_serving/apis/get_model_status.pb.h>
#include <tensorflow_serving/apis/prediction_service.pb.h>

#include "edge/codec/tfs/documents.h"
#include "edge/codec/tfs/predict_message.h"
#include "edge/grpc/grpc_proto.h"
#include "edge/inference_api/grpc_call.h"
#include "edge/inference_api/http_call.h"

namespace modelyard::edge {
namespace {

namespace wire = ::tensorflow::serving;

class PredictCall final : public serving::Call {
 public:
  PredictCall(Deferred reply, GrpcMessage message, Coding coding, tfs::PredictAsk asked, std::string_view request_id)
      : reply_(std::move(reply)),
        message_(std::move(message)),
        coding_(coding),
        asked_(std::move(asked)),
        request_id_(request_id) {}

  inference::InferRequest& request() override { return asked_.request; }
  std::size_t body_bytes() const override { return message_.bytes.size(); }
  serving::Protocol protocol() const override { return serving::Protocol::kTensorFlowServingGrpc; }
  bool cancelled() const override { return reply_.cancelled(); }
  void answer(inference::InferResponse& response) override {
    auto message = tfs::encode_predict_message(response, asked_, kGrpcPrefixBytes);
    reply_.complete_here(
        predicted_answer({std::move(message.text), std::move(message.blobs), std::move(message.pieces)}, response,
                         request_id_, coding_, reply_.loop().texts()));
  }
  void fail(const Error& error) override { reply_.complete_here(grpc_failure(error)); }

 private:
  Deferred reply_;
  const GrpcMessage message_;  // behind the request's views
  const Coding coding_;
  tfs::PredictAsk asked_;
  const std::string_view request_id_;
};

Result<inference::VersionChoice> choice_of(const wire::ModelSpec& spec) {
  if (spec.name().empty()) return error(Code::kInvalidArgument, "Missing ModelSpec");
  if (spec.has_version() && spec.version().value() < 0) {
    return error(Code::kInvalidArgument, "version {} is not a version", spec.version().value());
  }
  return inference::VersionChoice{spec.has_version() ? spec.version().value() : 0, spec.version_label()};
}

// What the message asks of the route's model.
Status fill(const InferenceApi& api, std::string_view bytes, const Request& request, const serving::Route& route,
            tfs::PredictAsk& asked) {
  MODELYARD_TRY(tfs::decode_predict_message(bytes, route.signature(), asked));
  MODELYARD_ASSIGN(asked.request.deadline, grpc_deadline(request, std::nullopt, api.now()));
  return ok();
}

}  // namespace

void GrpcTensorflow::predict(Exchange& exchange, GrpcMessage message) {
  const Request& request = exchange.request();
  serving::Dispatcher& dispatcher = api_.dispatcher(exchange);
  serving::CallMaker maker(dispatcher.call_blocks());
  tfs::PredictAsk asked(maker.memory());
  serving::Route route;
  const Status read = read_predict(dispatcher, request, message.bytes, route, asked);
  if (!read) {
    serving::Refused refused{.endpoint = asked.request.endpoint};
    refused.servable = route.servable;
    refused.protocol = serving::Protocol::kTensorFlowServingGrpc;
    refused.code = read.error().code();
    api_.tell_refused(dispatcher, request, refused);
    return exchange.respond(grpc_failure(read.error()));
  }
  const auto encoding = grpc_encoding(request, 0);
  const std::string_view id = api_.request_id(request, id_room(maker));
  api_.name_request(request, id, route, asked.request);
  dispatcher.submit(
      route, maker.make<PredictCall>(exchange.defer(), std::move(message), encoding->coding, std::move(asked), id));
}

Status GrpcTensorflow::read_predict(serving::Dispatcher& dispatcher, const Request& request, std::string_view bytes,
                                    serving::Route& route, tfs::PredictAsk& asked) {
  MODELYARD_ASSIGN(const tfs::ModelSpec spec, tfs::read_model_spec(bytes));
  asked.request.endpoint = spec.model;
  MODELYARD_ASSIGN(route, api_.find_to_infer(dispatcher, {request, request.caller},
                                             {serving::Protocol::kTensorFlowServingGrpc, spec.model, bytes},
                                             {spec.version, spec.label}));
  const Status filled = fill(api_, bytes, request, route, asked);
  if (!filled) {
    dispatcher.count_failure(route, serving::Protocol::kTensorFlowServingGrpc, filled.error().code());
    return filled.error();
  }
  asked.request.endpoint = spec.model;
  asked.request.principal = name_of(request.caller);
  return ok();
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
