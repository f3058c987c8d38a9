// Messages as gRPC frames them: a flag for compression, a length in four bytes, the message.
//
// Limits: a message, inflated, has at most the bytes that are allowed.
// Errors: ResourceExhausted beyond the limit, Internal for framing that breaks the protocol, Unimplemented for a
//         compression that is not known.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/http/content_encoding.h"
#include "edge/http/message.h"

namespace modelyard::edge {

inline constexpr std::size_t kGrpcPrefixBytes = 5;

struct GrpcMessage {
  std::string_view bytes;
  std::shared_ptr<const std::string> inflated;  // behind `bytes` when the message came compressed
};

// How a call's messages are compressed: grpc-encoding of the request. Answers are compressed the same way.
struct GrpcEncoding {
  Coding coding = Coding::kIdentity;
  std::size_t max_message_bytes = 0;
};
Result<GrpcEncoding> grpc_encoding(const Request& request, std::size_t max_message_bytes);

// The whole body of a unary call is one message.
Result<GrpcMessage> read_unary(std::string_view body, const GrpcEncoding& encoding);

// Cuts a stream into messages; pieces come as they please.
class GrpcMessageReader {
 public:
  explicit GrpcMessageReader(GrpcEncoding encoding) : encoding_(encoding) {}

  void add(std::string_view piece) { bytes_ += piece; }
  // The next message, owned; nullopt when more bytes are needed.
  Result<std::optional<std::string>> next();
  bool between_messages() const { return at_ == bytes_.size(); }

 private:
  const GrpcEncoding encoding_;
  std::string bytes_;
  std::size_t at_ = 0;
};

// A message under construction begins with room for its prefix; finish_prefix() fills it in when `more_bytes` follow
// the text elsewhere.
std::string begin_grpc_message();
void finish_prefix(std::string& message, std::size_t more_bytes = 0);
// The finished message, compressed when that makes it smaller.
std::string compressed(std::string message, Coding coding);

// "100m": a value of at most eight digits and a unit of H, M, S, m, u, n.
Result<std::optional<std::chrono::nanoseconds>> grpc_timeout(const Request& request);

}  // namespace modelyard::edge
