#include "base/json.h"

#include <gtest/gtest.h>

namespace modelyard {
namespace {

std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_json(text, limits);
  return value ? "(accepted)" : value.error().message();
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const auto value = parse_json(R"( {"a":[1,-2,0.5,1e3,"x\n\u20ac",true,false,null],"b":{}} )");

  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["a"][4], "x\n€");
  EXPECT_EQ(parse_json("18446744073709551615")->get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ(parse_json("-9223372036854775808")->get<std::int64_t>(), INT64_MIN);
}

TEST(ParseJson, RefusesWhatTheStandardForbids) {
  for (const std::string_view text : {"",        " ",           "{",
                                      "}",       "[1,]",        "{\"a\":1,}",
                                      "{a:1}",   "{'a':1}",     "[1 2]",
                                      "01",      "+1",          ".5",
                                      "1.",      "1e",          "0x10",
                                      "NaN",     "Infinity",    "-Infinity",
                                      "nan",     "True",        "nul",
                                      "\"\t\"",  "\"\\x41\"",   "\"\\u12\"",
                                      "\"",      "\"\\ud800\"", "\"\\udc00\\ud800\"",
                                      "// c\n1", "/**/1",       "1 1",
                                      "{}{}",    "\"\xff\"",    "\"\xed\xa0\x80\"",
                                      "{\"a\"}", "[,1]",        "1e999"}) {
    EXPECT_NE(refusal(text), "(accepted)") << text;
  }
}

TEST(ParseJson, DoesNotStopAtAZeroByte) {
  EXPECT_EQ(refusal(std::string_view("1\0", 2)), "invalid JSON: a zero byte");
  EXPECT_EQ(refusal(std::string_view("{\"a\":1}\0,\"b\"", 12)), "invalid JSON: a zero byte");
  EXPECT_EQ(refusal(std::string_view("\"\0\"", 3)), "invalid JSON: a zero byte");
}

TEST(ParseJson, SaysWhereATextIsBroken) {
  EXPECT_TRUE(refusal("{\"x\":").starts_with("invalid JSON: parse error at line 1, column 6: ")) << refusal("{\"x\":");
}

// RFC 8259 §8.1 lets a reader ignore it; some editors write it.
TEST(ParseJson, IgnoresAByteOrderMark) {
  EXPECT_EQ(refusal("\xef\xbb\xbf[1]"), "(accepted)");
}

TEST(ParseJson, RefusesDuplicateKeysHoweverTheyAreWritten) {
  EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "invalid JSON: duplicate key 'a'");
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":1})"), "invalid JSON: duplicate key 'a'");
  EXPECT_EQ(refusal(R"([{"x":{"b":0,"c":{"b":1},"b":0}}])"), "invalid JSON: duplicate key 'b'");
}

TEST(ParseJson, AllowsOneKeyInSeveralObjects) {
  EXPECT_EQ(refusal(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})"), "(accepted)");
}

TEST(ParseJson, BoundsTheDepth) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };

  EXPECT_EQ(refusal(nested(64)), "(accepted)");
  EXPECT_EQ(refusal(nested(65)), "invalid JSON: nested deeper than 64");
  EXPECT_EQ(refusal(nested(3), {.max_depth = 2}), "invalid JSON: nested deeper than 2");
  EXPECT_EQ(refusal(std::string(1'000'000, '[')), "invalid JSON: nested deeper than 64");
  EXPECT_EQ(refusal(R"(["[[[[\"[[["])", {.max_depth = 1}), "(accepted)");
}

TEST(ParseJson, BoundsTheLength) {
  EXPECT_EQ(refusal("[1]", {.max_bytes = 3}), "(accepted)");
  EXPECT_EQ(refusal("[1 ]", {.max_bytes = 3}), "JSON of 4 bytes is longer than the limit of 3");
}

}  // namespace
}  // namespace modelyard
