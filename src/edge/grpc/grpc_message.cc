#include "edge/grpc/grpc_message.h"

#include <charconv>
#include <cstring>

namespace modelyard::edge {
namespace {

constexpr std::size_t kLeastCompressed = 1024;

std::size_t length_of(std::string_view prefix) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  return length;
}

Error too_large(std::size_t bytes, std::size_t limit) {
  return error(Code::kResourceExhausted, "the message has {} bytes, the limit is {}", bytes, limit);
}

Result<std::string> inflate_message(std::string_view bytes, const GrpcEncoding& encoding) {
  if (encoding.coding == Coding::kIdentity) {
    return error(Code::kInternal, "a message is marked as compressed, and grpc-encoding does not say how");
  }
  return inflate(encoding.coding, bytes, encoding.max_message_bytes);
}

}  // namespace

Result<GrpcEncoding> grpc_encoding(const Request& request, std::size_t max_message_bytes) {
  const auto name = request.header("grpc-encoding");
  if (!name || *name == "identity") return GrpcEncoding{Coding::kIdentity, max_message_bytes};
  if (*name == "gzip") return GrpcEncoding{Coding::kGzip, max_message_bytes};
  if (*name == "deflate") return GrpcEncoding{Coding::kDeflate, max_message_bytes};
  return error(Code::kUnimplemented, "grpc-encoding '{}' is not supported; use identity, gzip or deflate", *name);
}

Result<GrpcMessage> read_unary(std::string_view body, const GrpcEncoding& encoding) {
  if (body.size() < kGrpcPrefixBytes || length_of(body) != body.size() - kGrpcPrefixBytes || body[0] > 1) {
    return error(Code::kInternal, "a unary call carries exactly one message; this one has {} bytes that are not",
                 body.size());
  }
  const std::string_view bytes = body.substr(kGrpcPrefixBytes);
  if (body[0] == 0) return GrpcMessage{bytes, nullptr};
  MODELYARD_ASSIGN(std::string inflated, inflate_message(bytes, encoding));
  const auto kept = std::make_shared<const std::string>(std::move(inflated));
  return GrpcMessage{*kept, kept};
}

Result<std::optional<std::string>> GrpcMessageReader::next() {
  const std::string_view rest = std::string_view(bytes_).substr(at_);
  if (rest.size() < kGrpcPrefixBytes) return std::optional<std::string>();
  const std::size_t length = length_of(rest);
  if (length > encoding_.max_message_bytes) return too_large(length, encoding_.max_message_bytes);
  if (rest[0] != 0 && rest[0] != 1) return error(Code::kInternal, "a message begins with an unknown flag");
  if (rest.size() < kGrpcPrefixBytes + length) {
    bytes_.erase(0, at_);
    at_ = 0;
    return std::optional<std::string>();
  }
  const bool is_compressed = rest[0] == 1;
  std::string message(rest.substr(kGrpcPrefixBytes, length));
  at_ += kGrpcPrefixBytes + length;
  if (at_ == bytes_.size()) {
    bytes_.clear();
    at_ = 0;
  }
  if (!is_compressed) return std::optional<std::string>(std::move(message));
  MODELYARD_ASSIGN(std::string inflated, inflate_message(message, encoding_));
  return std::optional<std::string>(std::move(inflated));
}

std::string begin_grpc_message() {
  return std::string(kGrpcPrefixBytes, '\0');
}

void finish_prefix(std::string& message, std::size_t more_bytes) {
  const std::size_t length = message.size() - kGrpcPrefixBytes + more_bytes;
  message[0] = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    message[i] = static_cast<char>(length >> (8 * (kGrpcPrefixBytes - 1 - i)));
  }
}

std::string compressed(std::string message, Coding coding) {
  if (coding == Coding::kIdentity || message.size() < kLeastCompressed) return message;
  const auto smaller = compress(coding, std::string_view(message).substr(kGrpcPrefixBytes));
  if (!smaller || smaller->size() + kGrpcPrefixBytes >= message.size()) return message;
  std::string out = begin_grpc_message() + *smaller;
  finish_prefix(out);
  out[0] = 1;
  return out;
}

Result<std::optional<std::chrono::nanoseconds>> grpc_timeout(const Request& request) {
  const auto text = request.header("grpc-timeout");
  if (!text) return std::optional<std::chrono::nanoseconds>();
  std::int64_t value = 0;
  const char* const unit = text->data() + text->size() - 1;
  const bool has_digits = text->size() >= 2 && text->size() <= 9;
  const auto parsed = has_digits ? std::from_chars(text->data(), unit, value) : std::from_chars_result{nullptr, {}};
  if (parsed.ptr != unit || value < 0) {
    return error(Code::kInvalidArgument, "grpc-timeout '{}' is not a number and a unit", *text);
  }
  using std::chrono::nanoseconds;
  switch (*unit) {
    case 'H': return std::optional<nanoseconds>(std::chrono::hours(std::min<std::int64_t>(value, 1'000'000)));
    case 'M': return std::optional<nanoseconds>(std::chrono::minutes(value));
    case 'S': return std::optional<nanoseconds>(std::chrono::seconds(value));
    case 'm': return std::optional<nanoseconds>(std::chrono::milliseconds(value));
    case 'u': return std::optional<nanoseconds>(std::chrono::microseconds(value));
    case 'n': return std::optional<nanoseconds>(nanoseconds(value));
    default: return error(Code::kInvalidArgument, "grpc-timeout '{}' has an unknown unit", *text);
  }
}

}  // namespace modelyard::edge
