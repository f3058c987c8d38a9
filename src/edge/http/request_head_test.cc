#include "edge/http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace modelyard::edge {
namespace {

using Kind = HeadOutcome::Kind;

HeadOutcome read(std::string_view text, RequestHead& head, const HeadLimits& limits = {}) {
  std::size_t scanned = 0;
  return read_request_head(text, limits, scanned, head);
}
// The status a head is refused with; 0 when it is accepted, -1 when more is wanted.
int refusal(const std::string& text, const HeadLimits& limits = {}) {
  RequestHead head;
  const HeadOutcome outcome = read(text, head, limits);
  if (outcome.kind == Kind::kNeedMore) return -1;
  return outcome.kind == Kind::kBad ? outcome.status : 0;
}
// A POST with those lines besides Host.
std::string post(const std::string& lines) {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

TEST(RequestHead, ReadsALineAndItsHeaders) {
  const std::string text =
      "POST /v2/models/m/infer?x=1 HTTP/1.1\r\nHost: h\r\ncontent-length:  12 \r\nX-A: b c\r\n\r\nrest";
  RequestHead head;

  const HeadOutcome outcome = read(text, head);

  EXPECT_EQ(outcome.kind, Kind::kDone);
  EXPECT_EQ(outcome.consumed, text.size() - 4);
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(head.target, "/v2/models/m/infer?x=1");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(head.headers.size(), 3u);
  EXPECT_EQ(head.headers[2].name, "X-A");
  EXPECT_EQ(head.headers[2].value, "b c");
}

TEST(RequestHead, ReadsTheSameFromEverySplit) {
  const std::string text = post("Content-Length: 3\r\nExpect: 100-continue\r\n");
  for (std::size_t split = 0; split < text.size(); ++split) {
    RequestHead head;
    std::size_t scanned = 0;
    ASSERT_EQ(read_request_head(text.substr(0, split), {}, scanned, head).kind, Kind::kNeedMore) << split;
    ASSERT_EQ(read_request_head(text, {}, scanned, head).kind, Kind::kDone) << split;
    EXPECT_EQ(head.content_length, 3u);
    EXPECT_TRUE(head.expects_continue);
  }
}

TEST(RequestHead, RefusesWhatTwoReadersCouldReadDifferently) {
  struct Case {
    const char* what;
    std::string text;
    int status;
  };
  const std::string request = "GET / HTTP/1.1\r\n";
  const Case cases[] = {
      {"both lengths", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"both lengths, other order", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
      {"two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
      {"two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
      {"a list of lengths", post("Content-Length: 3, 3\r\n"), 400},
      {"a signed length", post("Content-Length: +3\r\n"), 400},
      {"a negative length", post("Content-Length: -3\r\n"), 400},
      {"a hexadecimal length", post("Content-Length: 0x3\r\n"), 400},
      {"an empty length", post("Content-Length: \r\n"), 400},
      {"a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n"), 400},
      {"an unknown transfer coding", post("Transfer-Encoding: xchunked\r\n"), 501},
      {"a list of transfer codings", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"two transfer codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"a transfer coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"a space before the colon", post("Content-Length : 3\r\n"), 400},
      {"a tab in a name", post("Content\tLength: 3\r\n"), 400},
      {"a folded line", post("X: a\r\n b\r\n"), 400},
      {"a line that begins with a tab", post("X: a\r\n\tb\r\n"), 400},
      {"a bare line feed", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"a bare line feed in the headers", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"a bare carriage return", post("X: a\rb\r\n"), 400},
      {"a NUL", request + std::string("Host: h\r\nX: a\0b\r\n\r\n", 19), 400},
      {"a line without a colon", post("nonsense\r\n"), 400},
      {"no name", post(": a\r\n"), 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"a host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a control character in the target", "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"HTTP/2 in HTTP/1 clothes", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"a method beyond reason", std::string(17, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"a method with a comma", "GE,T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"an expectation of no one", post("Expect: cake\r\n"), 417},
  };
  for (const Case& one : cases) EXPECT_EQ(refusal(one.text), one.status) << one.what;
}

TEST(RequestHead, KeepsConnectionsAsTheVersionSays) {
  const auto kept = [](const std::string& text) {
    RequestHead head;
    EXPECT_EQ(read(text, head).kind, Kind::kDone);
    return head.keep_alive;
  };

  EXPECT_TRUE(kept("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nHost: h\r\nConnection: te, Close\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(kept("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(RequestHead, HoldsItsLimits) {
  const HeadLimits limits{.max_target_bytes = 100, .max_header_bytes = 400, .max_headers = 4};
  const auto target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };

  EXPECT_EQ(refusal(target(100), limits), 0);
  EXPECT_EQ(refusal(target(101), limits), 414);
  EXPECT_EQ(refusal("GET /" + std::string(200, 'a'), limits), 414);  // no end in sight
  EXPECT_EQ(refusal(post("X: " + std::string(500, 'a') + "\r\n"), limits), 431);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(500, 'a'), limits), 431);
  EXPECT_EQ(refusal(post("A: 1\r\nB: 2\r\nC: 3\r\n"), limits), 0);
  EXPECT_EQ(refusal(post("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), limits), 431);
}

TEST(RequestHead, SkipsOneEmptyLineInFront) {
  RequestHead head;
  const std::string text = "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";

  EXPECT_EQ(read(text, head).consumed, text.size());
  EXPECT_EQ(head.method, Method::kGet);
}

}  // namespace
}  // namespace modelyard::edge
