// Request and Response: what a handler sees of HTTP, whatever the version on the wire.
//
// Ownership: a Request's views point into the connection's buffers and are valid until the exchange was
//            answered. At least kBodyPadding readable bytes follow `body`.
// Threads:   values; a Response is handed over whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "security/grant.h"

namespace modelyard::edge {

inline constexpr std::size_t kBodyPadding = 64;

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

std::string_view method_name(Method method);
Method parse_method(std::string_view name);
bool equal_ignoring_case(std::string_view a, std::string_view b);
// Whether some character is a control character; a tab is one.
bool has_controls(std::string_view text);

struct HeaderLine {
  std::string_view name;
  std::string_view value;
};

struct Request {
  int http_major = 1;
  Method method = Method::kOther;
  std::string_view target;  // as sent
  std::string_view path;    // decoded once
  std::string_view query;   // as sent, without '?'
  std::span<const HeaderLine> headers;
  std::string_view body;                     // after content decoding
  std::vector<std::string_view> parameters;  // of the route's pattern, in its order
  std::string_view remote;                   // address of the peer
  std::string_view identity;                 // by the client's certificate; "" when it has shown none
  security::Caller caller;                   // who asks; set on the head
  std::size_t loop_index = 0;
  const void* route = nullptr;  // the handler's own note from on_head() to handle()

  // The first line of that name.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal
  std::string headers;                                 // further lines, each "Name: value\r\n"
  std::string body;
  std::vector<std::span<const std::byte>> blobs;  // follow `body`; `keep` holds their memory
  std::shared_ptr<void> keep;
  std::optional<std::uint64_t> head_bytes;  // what Content-Length says to HEAD, when `body` was not made for it
  bool close = false;                       // end the connection after this answer; HTTP/1.1 only
  std::string trailers;                     // lines that follow the body; HTTP/2 only
  bool streamed = false;                    // the length is not told
  bool names_request = false;               // X-Request-Id is among the headers

  // `value` must not hold control characters; such a line is dropped, never sent.
  void add_header(std::string_view name, std::string_view value);
  std::size_t body_bytes() const;
  bool has_no_content() const { return status == 204 || status == 304; }
};

// Why a request is not served, before it is said in the form of its protocol.
struct Refusal {
  int status = 400;
  std::string why;
  std::string headers = {};  // further lines
};

std::string_view status_text(int status);

// Answers {"error": text}, the shape that inference clients read.
Response error_response(int status, std::string_view text);

}  // namespace modelyard::edge
