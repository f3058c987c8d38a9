#include "edge/grpc/grpc_proto.h"

#include <google/protobuf/util/json_util.h>

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

Status fill_proto(const std::string& document, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto read = google::protobuf::util::JsonStringToMessage(document, &message, options);
  if (read.ok()) return ok();
  return error(Code::kInternal, "a document has not the form of {}: {}", message.GetTypeName(), read.ToString());
}

}  // namespace modelyard::edge
