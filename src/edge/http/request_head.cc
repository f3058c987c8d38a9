#include "edge/http/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/http/field_value.h"

namespace modelyard::edge {
namespace {

using Kind = HeadOutcome::Kind;

constexpr std::size_t kLongestMethod = 16;
constexpr std::size_t kLineBesidesTarget = kLongestMethod + sizeof("  HTTP/1.1");

HeadOutcome bad(int status, std::string_view problem) {
  return {Kind::kBad, 0, status, problem};
}
HeadOutcome good() {
  return {Kind::kDone, 0, 0, {}};
}

using CharacterSet = std::array<bool, 256>;

// Letters, digits and those.
constexpr CharacterSet characters(std::string_view others) {
  CharacterSet set{};
  for (int c = '0'; c <= '9'; ++c) set[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) set[c] = true;
  for (const char c : others) set[static_cast<unsigned char>(c)] = true;
  return set;
}
constexpr CharacterSet kToken = characters("!#$%&'*+-.^_`|~");    // RFC 9110 §5.6.2
constexpr CharacterSet kHost = characters("-._~%!$&'()*+;=:[]");  // RFC 3986 §3.2.2, with a port, without a comma

bool consists_of(std::string_view text, const CharacterSet& set) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_token(std::string_view text) {
  return !text.empty() && consists_of(text, kToken);
}

bool is_field_value(std::string_view text) {
  return !has_controls(text) || std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

// The position behind the empty line, 0 when it has not come yet, npos when a LF stands alone.
std::size_t find_end(std::string_view buffer, std::size_t& scanned) {
  for (std::size_t i = buffer.find('\n', scanned); i != std::string_view::npos; i = buffer.find('\n', i + 1)) {
    if (i == 0 || buffer[i - 1] != '\r') return std::string_view::npos;
    if (i >= 3 && buffer[i - 2] == '\n') return i + 1;
    scanned = i + 1;
  }
  scanned = std::max(scanned, buffer.size());
  return 0;
}

HeadOutcome read_request_line(std::string_view line, RequestHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad(400, "malformed request line");
  const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
  head.target = line.substr(first + 1, last - first - 1);
  if (!is_token(method)) return bad(400, "malformed method");
  if (method.size() > kLongestMethod) return bad(501, "unknown method");
  const bool visible = std::all_of(head.target.begin(), head.target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (head.target.empty() || !visible) return bad(400, "malformed request target");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
    return bad(400, "malformed HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return bad(505, "only HTTP/1.0 and HTTP/1.1");
  head.minor_version = version[7] - '0';
  head.method = parse_method(method);
  return good();  // whether the path has this method, the router says
}

HeadOutcome read_header_line(std::string_view line, HeaderLine& header) {
  if (line.front() == ' ' || line.front() == '\t') return bad(400, "folded header line");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return bad(400, "header line without a colon");
  header.name = line.substr(0, colon);
  if (!is_token(header.name)) return bad(400, "malformed header name");
  header.value = trim(line.substr(colon + 1));
  if (!is_field_value(header.value)) return bad(400, "control character in a header value");
  return good();
}

HeadOutcome take_content_length(std::string_view value, RequestHead& head) {
  if (head.content_length) return bad(400, "more than one Content-Length");
  std::uint64_t length = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (failure != std::errc{} || end != value.data() + value.size()) return bad(400, "malformed Content-Length");
  head.content_length = length;
  return good();
}

HeadOutcome take_transfer_encoding(std::string_view value, RequestHead& head) {
  if (head.chunked) return bad(400, "more than one Transfer-Encoding");
  if (head.minor_version == 0) return bad(400, "Transfer-Encoding in HTTP/1.0");
  if (!equal_ignoring_case(value, "chunked")) return bad(501, "only the transfer encoding 'chunked' is known");
  head.chunked = true;
  return good();
}

void take_connection(std::string_view value, RequestHead& head) {
  while (!value.empty()) {
    const std::string_view option = take_item(value, ',');
    if (equal_ignoring_case(option, "close")) head.keep_alive = false;
    if (equal_ignoring_case(option, "keep-alive") && head.minor_version == 0) head.keep_alive = true;
  }
}

// Acts on the headers that say how the message is framed.
HeadOutcome take_framing(const HeaderLine& header, RequestHead& head, int& hosts) {
  const auto named = [&](std::string_view name) { return equal_ignoring_case(header.name, name); };
  if (named("content-length")) return take_content_length(header.value, head);
  if (named("transfer-encoding")) return take_transfer_encoding(header.value, head);
  if (named("connection")) take_connection(header.value, head);
  if (named("host")) {
    ++hosts;
    if (!consists_of(header.value, kHost)) return bad(400, "malformed Host");
  }
  if (named("expect")) {
    if (!equal_ignoring_case(header.value, "100-continue")) return bad(417, "only 100-continue is expected");
    head.expects_continue = head.minor_version == 1;
  }
  return good();
}

HeadOutcome read_header_lines(std::string_view lines, const HeadLimits& limits, RequestHead& head) {
  int hosts = 0;
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (line.empty()) break;
    if (head.headers.size() == limits.max_headers) return bad(431, "too many header lines");
    HeaderLine header;
    if (auto outcome = read_header_line(line, header); outcome.kind == Kind::kBad) return outcome;
    head.headers.push_back(header);
    if (auto outcome = take_framing(header, head, hosts); outcome.kind == Kind::kBad) return outcome;
  }
  if (head.chunked && head.content_length) return bad(400, "both Content-Length and Transfer-Encoding");
  if (hosts > 1 || (hosts == 0 && head.minor_version == 1)) return bad(400, "exactly one Host is needed");
  return good();
}

HeadOutcome incomplete(std::string_view buffer, const HeadLimits& limits) {
  const auto line_end = buffer.find("\r\n");
  if (line_end == std::string_view::npos && buffer.size() > limits.max_target_bytes + kLineBesidesTarget) {
    return bad(414, "request target is too long");
  }
  if (buffer.size() > limits.max_header_bytes) return bad(431, "header lines are too long");
  return {};
}

}  // namespace

HeadOutcome read_request_head(std::string_view buffer, const HeadLimits& limits, std::size_t& scanned,
                              RequestHead& head) {
  // RFC 9112 §2.2: one empty line before a request is skipped.
  const std::size_t skipped = buffer.starts_with("\r\n") ? 2 : 0;
  if (skipped > 0 && scanned < 2) scanned = 2;
  const std::size_t end = find_end(buffer, scanned);
  if (end == std::string_view::npos) return bad(400, "line feed without carriage return");
  if (end == 0) return incomplete(buffer, limits);
  if (end > limits.max_header_bytes) return bad(431, "header lines are too long");
  const std::string_view text = buffer.substr(skipped, end - skipped);
  const auto line_end = text.find("\r\n");
  head.headers.clear();
  head.content_length.reset();
  head.chunked = head.expects_continue = false;
  if (auto outcome = read_request_line(text.substr(0, line_end), head); outcome.kind == Kind::kBad) {
    return outcome;
  }
  if (head.target.size() > limits.max_target_bytes) return bad(414, "request target is too long");
  head.keep_alive = head.minor_version == 1;
  auto outcome = read_header_lines(text.substr(line_end + 2), limits, head);
  outcome.consumed = end;
  return outcome;
}

}  // namespace modelyard::edge
