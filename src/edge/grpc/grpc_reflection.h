// gRPC server reflection, v1 and v1alpha, of the services that a router has, by the descriptors of api/proto.
#pragma once

#include "edge/grpc/grpc_router.h"

namespace modelyard::edge {

// After all other methods were added.
void add_grpc_reflection(GrpcRouter& router);

}  // namespace modelyard::edge
