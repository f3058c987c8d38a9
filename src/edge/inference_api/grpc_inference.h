// GrpcInference binds inference.GRPCInferenceService to serving: health, metadata, ModelInfer, ModelStreamInfer,
// configuration and statistics. The repository's calls are control_api's; shared memory and settings have files of
// their own.
//
// Every answer of ModelInfer carries its request id, prediction id, model and version as header metadata, named as in
// REST. A deadline comes from the parameter `timeout`, or grpc-timeout; the earlier one counts.
//
// Threads:   methods run on the exchange's loop, with that loop's dispatcher.
// Ownership: the InferenceApi and the dispatchers outlive this.
#pragma once

#include "edge/grpc/grpc_router.h"
#include "edge/inference_api/inference_api.h"

namespace modelyard::edge {

class GrpcInference {
 public:
  explicit GrpcInference(InferenceApi& api) : api_(api) {}
  void add_methods(GrpcRouter& router);

 private:
  void add_state_methods(GrpcRouter& router);
  void add_model_methods(GrpcRouter& router);

  InferenceApi& api_;
};

}  // namespace modelyard::edge
