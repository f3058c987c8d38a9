#include "edge/grpc/grpc_proto.h"

namespace modelyard::edge {

Status parse_proto(std::string_view bytes, google::protobuf::Message& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return ok();
  return error(Code::kInvalidArgument, "the request is not a valid {} message", message.GetTypeName());
}

std::string grpc_message_of(const google::protobuf::Message& message) {
  std::string text = begin_grpc_message();
  message.AppendToString(&text);
  finish_prefix(text);
  return text;
}

}  // namespace modelyard::edge
