// The end of a gRPC call: its status, as trailers, and answers that are made of nothing else.
//
// Source: the gRPC over HTTP/2 protocol; grpc-message is percent-encoded UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/message.h"

namespace modelyard::edge {

// The numbers are the protocol's.
enum class GrpcCode {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

GrpcCode grpc_code(Code code);
// For refusals that HTTP decides: 413, 408 and the like.
GrpcCode grpc_code_of_http(int status);

// "grpc-status: 5\r\ngrpc-message: …\r\n", with grpc-status-details-bin (google.rpc.Status) for failures.
std::string grpc_trailers(GrpcCode code, std::string_view message);

// A call that failed before it had an answer: a header block that is the trailers, too.
Response grpc_failure(GrpcCode code, std::string_view message);
Response grpc_failure(const Error& error);

}  // namespace modelyard::edge
