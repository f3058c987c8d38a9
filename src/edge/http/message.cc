#include "edge/http/message.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace modelyard::edge {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool needs_no_escape(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

struct StatusRow {
  int status;
  std::string_view text;
};

constexpr std::array<StatusRow, 34> kStatuses{{{100, "Continue"},
                                               {200, "OK"},
                                               {201, "Created"},
                                               {202, "Accepted"},
                                               {204, "No Content"},
                                               {304, "Not Modified"},
                                               {400, "Bad Request"},
                                               {401, "Unauthorized"},
                                               {403, "Forbidden"},
                                               {404, "Not Found"},
                                               {405, "Method Not Allowed"},
                                               {406, "Not Acceptable"},
                                               {408, "Request Timeout"},
                                               {409, "Conflict"},
                                               {410, "Gone"},
                                               {411, "Length Required"},
                                               {412, "Precondition Failed"},
                                               {413, "Content Too Large"},
                                               {414, "URI Too Long"},
                                               {415, "Unsupported Media Type"},
                                               {417, "Expectation Failed"},
                                               {422, "Unprocessable Content"},
                                               {428, "Precondition Required"},
                                               {429, "Too Many Requests"},
                                               {431, "Request Header Fields Too Large"},
                                               {499, "Client Closed Request"},
                                               {500, "Internal Server Error"},
                                               {501, "Not Implemented"},
                                               {502, "Bad Gateway"},
                                               {503, "Service Unavailable"},
                                               {504, "Gateway Timeout"},
                                               {505, "HTTP Version Not Supported"},
                                               {507, "Insufficient Storage"},
                                               {511, "Network Authentication Required"}}};

}  // namespace

std::string_view method_name(Method method) {
  constexpr std::array<std::string_view, 8> kNames{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};
  return kNames[static_cast<std::size_t>(method)];
}

Method parse_method(std::string_view text) {
  for (int i = 0; i < static_cast<int>(Method::kOther); ++i) {
    if (method_name(static_cast<Method>(i)) == text) return static_cast<Method>(i);
  }
  return Method::kOther;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const HeaderLine& line : headers) {
    if (line.name == name || equal_ignoring_case(line.name, name)) return line.value;  // in HTTP/2 they are equal
  }
  return std::nullopt;
}

bool has_controls(std::string_view text) {
  unsigned any = 0;  // no early end: the compiler makes vectors of it
  for (const char c : text) any |= unsigned{static_cast<unsigned char>(c) < 0x20} | unsigned{c == 0x7f};
  return any != 0;
}

void Response::add_header(std::string_view name, std::string_view value) {
  if (has_controls(value)) return;
  headers.append(name).append(": ").append(value).append("\r\n");
}

std::size_t Response::body_bytes() const {
  std::size_t bytes = body.size();
  for (const auto& blob : blobs) bytes += blob.size();
  return bytes;
}

std::string_view status_text(int status) {
  const auto row = std::find_if(kStatuses.begin(), kStatuses.end(),
                                [&](const StatusRow& candidate) { return candidate.status == status; });
  return row == kStatuses.end() ? "Unknown" : row->text;
}

Response error_response(int status, std::string_view text) {
  Response response;
  response.status = status;
  if (std::all_of(text.begin(), text.end(), needs_no_escape)) {  // the rule, also for thousands of refusals a second
    response.body.reserve(text.size() + 12);
    response.body.append(R"({"error":")").append(text).append(R"("})");
  } else {
    response.body = Json{{"error", text}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return response;
}

}  // namespace modelyard::edge
