// SharedMemoryApi binds Triton's shared memory extensions to REST and gRPC: status, register, unregister of regions.
//
// System shared memory works where it is allowed. CUDA shared memory never does: its status is empty, to unregister is
// nothing, to register is Unimplemented. Clients unregister everything before they begin, so that is no error when off.
//
// Threads: handlers run on the exchange's loop. Ownership: everything given outlives this.
#pragma once

#include "edge/grpc/grpc_router.h"
#include "edge/inference_api/inference_api.h"
#include "edge/shared_memory/shared_regions.h"

namespace modelyard::edge {

class SharedMemoryApi {
 public:
  // `regions` is null where shared memory is off.
  SharedMemoryApi(InferenceApi& api, SharedRegions* regions) : api_(api), regions_(regions) {}
  void add_routes(Router& router);
  void add_methods(GrpcRouter& router);

 private:
  // An array of {"name","key","offset","byte_size"}; of all regions when `name` is "".
  Result<Json> status(std::string_view name) const;
  Status add(const RegionAsk& ask);
  void remove(std::string_view name);  // all when ""
  void open_register(Exchange& exchange);
  void call_register(Exchange& exchange, std::string_view message);

  InferenceApi& api_;
  SharedRegions* const regions_;
};

}  // namespace modelyard::edge
