#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace modelyard {
namespace {

std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_json(text, limits);
  return value ? "(accepted)" : value.error().message();
}

std::string canonical(std::string_view text) { return canonical_json(parse_json(text).value()).value(); }

TEST(ParseJson, ReadsEveryKindOfValue) {
  const auto value = parse_json(R"( {"a":[1,-2,0.5,1e3,"x\n\u20ac",true,false,null],"b":{}} )");

  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["a"][4], "x\n€");
  EXPECT_EQ(parse_json("18446744073709551615")->get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ(parse_json("-9223372036854775808")->get<std::int64_t>(), INT64_MIN);
}

TEST(ParseJson, RefusesWhatTheStandardForbids) {
  for (const std::string_view text :
       {"", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1 2]", "01", "+1", ".5", "1.", "1e",
        "0x10", "NaN", "Infinity", "-Infinity", "nan", "True", "nul", "\"\t\"", "\"\\x41\"", "\"\\u12\"",
        "\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "// c\n1", "/**/1", "1 1", "{}{}", "\"\xff\"",
        "\"\xed\xa0\x80\"", "{\"a\"}", "[,1]", "1e999", "\xef\xbb\xbf" "1"}) {
    EXPECT_NE(refusal(text), "(accepted)") << text;
  }
  EXPECT_NE(refusal(std::string_view("1\0", 2)), "(accepted)");
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
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
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

// RFC 8785 §3.2.3, with the keys whose order by bytes is their order by UTF-16 units, too.
TEST(CanonicalJson, SortsKeysAndDropsSpace) {
  EXPECT_EQ(canonical("{ \"\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", \"1\": \"One\",\n"
                      "\"\u0080\": \"Control\", \"\u00f6\": \"Latin\" }"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin\","
            "\"\u20ac\":\"Euro Sign\"}");
  EXPECT_EQ(canonical(R"( { "b" : [ 1 , { "d":1, "c":2 } ] , "a" : { } , "" : [ ] } )"),
            R"({"":[],"a":{},"b":[1,{"c":2,"d":1}]})");
}

// RFC 8785 §3.2.2.2.
TEST(CanonicalJson, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(canonical(R"("\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/")"),
            "\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
  EXPECT_EQ(canonical(R"("\u0000\b\t\n\f\r\u001f\u007f")"), "\"\\u0000\\b\\t\\n\\f\\r\\u001f\x7f\"");
}

TEST(CanonicalJson, KeepsEveryInteger) {
  EXPECT_EQ(canonical("[0,-0,1,-1,9007199254740993,18446744073709551615,-9223372036854775808]"),
            "[0,0,1,-1,9007199254740993,18446744073709551615,-9223372036854775808]");
}

TEST(CanonicalJson, RefusesWhatJsonCannotSay) {
  EXPECT_FALSE(canonical_json(Json(std::nan(""))).has_value());
  EXPECT_FALSE(canonical_json(Json{{"a", {1.0, std::numeric_limits<double>::infinity()}}}).has_value());
  EXPECT_FALSE(canonical_json(Json("\xff")).has_value());
  EXPECT_FALSE(canonical_json(Json{{"\xc3", 1}}).has_value());
}

TEST(CanonicalJson, HasOneTextForOneValue) {
  EXPECT_EQ(canonical(R"({"a":1.50e1,"b":"\u0041"})"), canonical(R"({"b":"A","a":15.0})"));
}

}  // namespace
}  // namespace modelyard
