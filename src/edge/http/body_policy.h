// What HTTP/1.1 and HTTP/2 do alike with bodies: what is refused before a body is read, and the content codings.
#pragma once

#include <optional>
#include <string>

#include "edge/http/handler.h"

namespace modelyard::edge {

struct AnnouncedBody {
  bool has_length = false;   // by Content-Length, or by being chunked
  std::uint64_t length = 0;  // of Content-Length
};

// The refusal of a body that may not come; nullopt when it may.
std::optional<Refusal> refuse_buffered(const BufferBody& policy, const Request& request, const AnnouncedBody& body,
                                       std::size_t limit);
std::optional<Refusal> refuse_streamed(const Request& request);

// The body behind its content coding: `body` itself, or a view of `storage`. The refusal otherwise.
std::optional<Refusal> decode_body(const Request& request, std::string_view body, std::size_t limit,
                                   std::string& storage, std::string_view& decoded);

// Compresses a large answer for a client that asks for it.
void compress_answer(const Request& request, Response& response);

}  // namespace modelyard::edge
