#include <gtest/gtest.h>

#include <string>

#include "edge/http/chunked_body.h"
#include "edge/http/content_encoding.h"

namespace modelyard::edge {
namespace {

// The decoded text, or "(refused)", or "(unfinished)".
std::string decode(std::string_view input, std::size_t piece) {
  ChunkedDecoder decoder;
  std::string text;
  for (std::size_t at = 0, seen = 0; at < input.size() && !decoder.done();) {
    seen = std::max(at, std::min(input.size(), seen + piece));
    const auto step = decoder.next(input.substr(at, seen - at));
    if (!step) return "(refused)";
    text += step->data;
    at += step->consumed;
    if (step->consumed == 0 && seen == input.size()) break;
  }
  return decoder.done() ? text : "(unfinished)";
}

TEST(ChunkedDecoder, JoinsChunksHoweverTheyAreSplit) {
  const std::string body = "3\r\nabc\r\nA;name=\"x\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) EXPECT_EQ(decode(body, piece), "abc0123456789") << piece;
}

TEST(ChunkedDecoder, EndsWhereTheBodyEnds) {
  const std::string body = "1\r\na\r\n0\r\n\r\n", next = "GET / HTTP/1.1\r\n";
  ChunkedDecoder decoder;
  std::size_t consumed = 0;
  while (!decoder.done()) consumed += decoder.next((body + next).substr(consumed))->consumed;

  EXPECT_EQ(consumed, body.size());
}

TEST(ChunkedDecoder, RefusesSizesThatOthersMightRead) {
  for (const char* body : {"0x3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "+3\r\nabc\r\n", "-1\r\n",
                           "\r\n", "g\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n", "3\r\nabc\n0\r\n\r\n", "3\rabc\r\n",
                           "10000000000000000\r\n", "1;a\nb\r\n", "0\r\nX: y\n\r\n", "0\r\nX: \ry\r\n\r\n"}) {
    EXPECT_EQ(decode(body, 1), "(refused)") << body;
  }
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
  EXPECT_EQ(decode("1;" + std::string(200, 'x') + "\r\na\r\n0\r\n\r\n", 7), "a");
  EXPECT_EQ(decode("1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n", 7), "(refused)");
  EXPECT_EQ(decode("0\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 7), "(refused)");
}

TEST(ContentEncoding, BringsBackWhatItCompressed) {
  const std::string text(10'000, 'm');
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kZstd}) {
    const auto small = compress(coding, text);
    ASSERT_TRUE(small.has_value());
    EXPECT_LT(small->size(), 200u);
    EXPECT_EQ(*inflate(coding, *small, text.size()), text) << coding_name(coding);
  }
}

TEST(ContentEncoding, StopsAtTheLimitOfInflatedBytes) {
  const std::string text(1'000'000, '\0');
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kZstd}) {
    const auto bomb = *compress(coding, text);
    EXPECT_EQ(inflate(coding, bomb, text.size() - 1).error().code(), Code::kResourceExhausted) << coding_name(coding);
    EXPECT_TRUE(inflate(coding, bomb, text.size()).has_value());
  }
}

TEST(ContentEncoding, RefusesDamagedAndTruncatedBodies) {
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kZstd}) {
    const std::string whole = *compress(coding, std::string(5000, 'x') + "end");
    for (const std::string& bad :
         {std::string(), std::string("no coding"), whole.substr(0, whole.size() - 1), whole + "more"}) {
      EXPECT_EQ(inflate(coding, bad, 1 << 20).error().code(), Code::kInvalidArgument)
          << coding_name(coding) << " " << bad.size();
    }
  }
}

TEST(ContentEncoding, ChoosesWhatTheClientLikesBest) {
  EXPECT_EQ(choose_coding("gzip"), Coding::kGzip);
  EXPECT_EQ(choose_coding("gzip;q=0.5, zstd;q=0.9, deflate;q=0.1"), Coding::kZstd);
  EXPECT_EQ(choose_coding("br, GZIP"), Coding::kGzip);
  EXPECT_EQ(choose_coding("gzip;q=0"), Coding::kIdentity);
  EXPECT_EQ(choose_coding("br"), Coding::kIdentity);
  EXPECT_EQ(choose_coding(""), Coding::kIdentity);
}

}  // namespace
}  // namespace modelyard::edge
