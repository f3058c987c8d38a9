#include "edge/grpc/grpc_status.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "edge/codec/protobuf/wire.h"

namespace modelyard::edge {
namespace {

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
  }
  return out;
}

// google.rpc.Status: code = 1, message = 2.
std::string details(GrpcCode code, std::string_view message) {
  std::string status;
  append_number(status, 1, static_cast<std::uint64_t>(code));
  append_bytes(status, 2, message);
  std::string text = base64_encode(status);
  while (text.ends_with('=')) text.pop_back();  // binary metadata goes without padding
  return text;
}

}  // namespace

GrpcCode grpc_code(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return GrpcCode::kInvalidArgument;
    case Code::kNotFound: return GrpcCode::kNotFound;
    case Code::kConflict: return GrpcCode::kAborted;
    case Code::kFailedPrecondition: return GrpcCode::kFailedPrecondition;
    case Code::kPermissionDenied: return GrpcCode::kPermissionDenied;
    case Code::kUnauthenticated: return GrpcCode::kUnauthenticated;
    case Code::kResourceExhausted: return GrpcCode::kResourceExhausted;
    case Code::kUnavailable: return GrpcCode::kUnavailable;
    case Code::kDeadlineExceeded: return GrpcCode::kDeadlineExceeded;
    case Code::kCancelled: return GrpcCode::kCancelled;
    case Code::kUnimplemented: return GrpcCode::kUnimplemented;
    case Code::kInternal: return GrpcCode::kInternal;
  }
  return GrpcCode::kUnknown;
}

GrpcCode grpc_code_of_http(int status) {
  switch (status) {
    case 400:
    case 411: return GrpcCode::kInvalidArgument;
    case 401: return GrpcCode::kUnauthenticated;
    case 403: return GrpcCode::kPermissionDenied;
    case 404: return GrpcCode::kUnimplemented;
    case 408: return GrpcCode::kDeadlineExceeded;
    case 413:
    case 431: return GrpcCode::kResourceExhausted;
    case 503: return GrpcCode::kUnavailable;
    default: return GrpcCode::kInternal;
  }
}

std::string grpc_trailers(GrpcCode code, std::string_view message) {
  if (code == GrpcCode::kOk) return "grpc-status: 0";  // so short that it needs no memory
  constexpr std::size_t kLongest = 4096;               // clients limit the size of trailers
  message = message.substr(0, kLongest);
  return fmt::format("grpc-status: {}\r\ngrpc-message: {}\r\ngrpc-status-details-bin: {}\r\n", static_cast<int>(code),
                     percent_encoded(message), details(code, message));
}

Response grpc_failure(GrpcCode code, std::string_view message) {
  Response response;
  response.content_type = "application/grpc";
  response.headers = grpc_trailers(code, message);
  response.streamed = true;  // no content-length
  return response;
}

Response grpc_failure(const Error& error) {
  return grpc_failure(grpc_code(error.code()), error.message());
}

}  // namespace modelyard::edge
