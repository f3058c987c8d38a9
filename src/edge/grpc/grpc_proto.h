// Protobuf messages as gRPC messages.
#pragma once

#include <google/protobuf/message.h>

#include "edge/grpc/grpc_message.h"

namespace modelyard::edge {

Status parse_proto(std::string_view bytes, google::protobuf::Message& message);
// With its prefix.
std::string grpc_message_of(const google::protobuf::Message& message);

}  // namespace modelyard::edge
