// GrpcTensorflow binds tensorflow.serving.PredictionService and ModelService to serving.
//
// Threads: methods run on the exchange's loop. Ownership: the InferenceApi outlives this.
#pragma once

#include "edge/codec/tfs/predict.h"
#include "edge/grpc/grpc_router.h"
#include "edge/inference_api/inference_api.h"

namespace modelyard::edge {

class GrpcTensorflow {
 public:
  explicit GrpcTensorflow(InferenceApi& api) : api_(api) {}
  void add_methods(GrpcRouter& router);

 private:
  void predict(Exchange& exchange, GrpcMessage message);
  Status read_predict(serving::Dispatcher& dispatcher, const Request& request, std::string_view bytes,
                      serving::Route& route, tfs::PredictAsk& asked);

  InferenceApi& api_;
};

}  // namespace modelyard::edge
