#include <gtest/gtest.h>

#include "edge/grpc/grpc_message.h"
#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {
namespace {

constexpr GrpcEncoding kPlain{Coding::kIdentity, 1000};
constexpr GrpcEncoding kGzip{Coding::kGzip, 5000};

std::string framed(std::string_view text) {
  std::string message = begin_grpc_message().append(text);
  finish_prefix(message);
  return message;
}

Code refusal_of(std::string_view body, const GrpcEncoding& encoding) {
  const auto message = read_unary(body, encoding);
  return message ? Code::kNotFound : message.error().code();
}

Request request_with(std::vector<HeaderLine>& lines) {
  Request request;
  request.headers = lines;
  return request;
}

TEST(GrpcMessage, IsReadAsItWasWritten) {
  for (const std::size_t size : {0u, 1u, 255u, 999u}) {
    const std::string text(size, 'x');
    const std::string body = framed(text);
    EXPECT_EQ(read_unary(body, kPlain)->bytes, text);
  }
}

TEST(GrpcMessage, IsRefusedWhenItsLengthIsWrong) {
  EXPECT_EQ(refusal_of("", kPlain), Code::kInternal);
  EXPECT_EQ(refusal_of(framed("abc") + "d", kPlain), Code::kInternal);
  EXPECT_EQ(refusal_of(framed("abc").substr(0, 7), kPlain), Code::kInternal);
  EXPECT_EQ(refusal_of("\x02" + framed("abc").substr(1), kPlain), Code::kInternal);
}

TEST(GrpcMessage, IsInflatedWithinTheLimit) {
  const std::string text(4000, 'z');
  const std::string body = compressed(framed(text), Coding::kGzip);
  ASSERT_LT(body.size(), 500u);
  EXPECT_EQ(read_unary(body, kGzip)->bytes, text);
  EXPECT_EQ(refusal_of(body, {Coding::kGzip, 3999}), Code::kResourceExhausted);
  EXPECT_EQ(refusal_of(body, kPlain), Code::kInternal);
}

TEST(GrpcMessageReader, CutsAStreamHoweverItComes) {
  const std::string stream = framed("one") + framed("") + compressed(framed(std::string(4000, 'z')), Coding::kGzip);
  for (const std::size_t step : {1u, 3u, 7u, 1000u}) {
    GrpcMessageReader reader(kGzip);
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.add(std::string_view(stream).substr(at, step));
      for (;;) {
        auto message = reader.next();
        ASSERT_TRUE(message.has_value());
        if (!*message) break;
        seen.push_back(**message);
      }
    }
    EXPECT_TRUE(reader.between_messages());
    EXPECT_EQ(seen, (std::vector<std::string>{"one", "", std::string(4000, 'z')}));
  }
}

TEST(GrpcMessageReader, RefusesAMessageByItsLength) {
  GrpcMessageReader reader(kPlain);
  reader.add(framed(std::string(1001, 'x')).substr(0, kGrpcPrefixBytes));
  EXPECT_EQ(reader.next().error().code(), Code::kResourceExhausted);
}

TEST(GrpcTimeout, IsANumberAndAUnit) {
  using namespace std::chrono_literals;
  const auto timeout_of = [](std::string_view text) {
    std::vector<HeaderLine> lines{{"grpc-timeout", text}};
    return grpc_timeout(request_with(lines));
  };
  EXPECT_EQ(**timeout_of("2H"), 2h);
  EXPECT_EQ(**timeout_of("3M"), 3min);
  EXPECT_EQ(**timeout_of("4S"), 4s);
  EXPECT_EQ(**timeout_of("100m"), 100ms);
  EXPECT_EQ(**timeout_of("5u"), 5us);
  EXPECT_EQ(**timeout_of("99999999n"), 99'999'999ns);
  for (const std::string_view wrong : {"", "m", "5", "5x", "-5m", "+5m", "123456789m", "5 m", "m5"}) {
    EXPECT_FALSE(timeout_of(wrong).has_value()) << wrong;
  }
  EXPECT_FALSE(grpc_timeout({})->has_value());
}

TEST(GrpcTrailers, EncodeWhatMayNotStandInAHeader) {
  EXPECT_EQ(grpc_trailers(GrpcCode::kOk, "ignored"), "grpc-status: 0");
  const std::string trailers = grpc_trailers(GrpcCode::kNotFound, "größe 5%\r\n");
  EXPECT_NE(trailers.find("grpc-status: 5\r\n"), std::string::npos);
  EXPECT_NE(trailers.find("grpc-message: gr%C3%B6%C3%9Fe 5%25%0D%0A\r\n"), std::string::npos);
  // google.rpc.Status{code: 5, message: "größe 5%\r\n"}
  EXPECT_NE(trailers.find("grpc-status-details-bin: CAUSDGdyw7bDn2UgNSUNCg\r\n"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::edge
