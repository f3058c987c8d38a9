#include "edge/http/body_policy.h"

#include <fmt/format.h>

#include "edge/http/content_encoding.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kLeastCompressed = 1024;  // below, the headers cost more than is won

}  // namespace

std::optional<Refusal> refuse_buffered(const BufferBody& policy, const Request& request, const AnnouncedBody& body,
                                       std::size_t limit) {
  if (!body.has_length && policy.needs_length) {
    return Refusal{411, "send Content-Length or a chunked body"};
  }
  if (body.length > limit) {
    return Refusal{413, fmt::format("the body has {} bytes, the limit is {}", body.length, limit)};
  }
  const auto coding = request.header("content-encoding");
  if (!coding || parse_coding(*coding)) return std::nullopt;
  return Refusal{501, fmt::format("content encoding '{}' is not known", *coding),
                 fmt::format("Accept-Encoding: {}\r\n", kKnownCodings)};
}

std::optional<Refusal> refuse_streamed(const Request& request) {
  if (!request.header("content-encoding")) return std::nullopt;
  return Refusal{415, "this body is stored as it is; send it without Content-Encoding"};
}

std::optional<Refusal> decode_body(const Request& request, std::string_view body, std::size_t limit,
                                   std::string& storage, std::string_view& decoded) {
  decoded = body;
  const auto name = request.header("content-encoding");
  if (!name) return std::nullopt;
  const auto coding = parse_coding(*name);
  if (*coding == Coding::kIdentity) return std::nullopt;
  auto inflated = inflate(*coding, body, limit);
  if (!inflated) {
    const int status = inflated.error().code() == Code::kResourceExhausted ? 413 : 400;
    return Refusal{status, std::string(inflated.error().message())};
  }
  storage = std::move(*inflated);
  decoded = storage;
  return std::nullopt;
}

void compress_answer(const Request& request, Response& response) {
  if (response.body_bytes() < kLeastCompressed) return;
  const auto accepted = request.header("accept-encoding");
  const Coding coding = accepted ? choose_coding(*accepted) : Coding::kIdentity;
  if (coding == Coding::kIdentity) return;
  for (const auto& blob : response.blobs) {
    response.body.append(reinterpret_cast<const char*>(blob.data()), blob.size());
  }
  response.blobs.clear();
  auto compressed = compress(coding, response.body);
  if (!compressed || compressed->size() >= response.body.size()) return;
  response.body = std::move(*compressed);
  response.add_header("Content-Encoding", coding_name(coding));
  response.add_header("Vary", "Accept-Encoding");
}

}  // namespace modelyard::edge
