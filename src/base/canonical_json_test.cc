#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/json.h"

namespace modelyard {
namespace {

std::string canonical(std::string_view text) {
  return canonical_json(parse_json(text).value()).value();
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

// RFC 8785 appendix B.
TEST(CanonicalJson, WritesThePublishedNumbers) {
  const std::pair<std::uint64_t, std::string_view> kPublished[] = {{0x0000000000000000, "0"},
                                                                   {0x8000000000000000, "0"},
                                                                   {0x0000000000000001, "5e-324"},
                                                                   {0x8000000000000001, "-5e-324"},
                                                                   {0x7fefffffffffffff, "1.7976931348623157e+308"},
                                                                   {0xffefffffffffffff, "-1.7976931348623157e+308"},
                                                                   {0x4340000000000000, "9007199254740992"},
                                                                   {0xc340000000000000, "-9007199254740992"},
                                                                   {0x4430000000000000, "295147905179352830000"},
                                                                   {0x44b52d02c7e14af5, "9.999999999999997e+22"},
                                                                   {0x44b52d02c7e14af6, "1e+23"},
                                                                   {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                                                                   {0x444b1ae4d6e2ef4e, "999999999999999700000"},
                                                                   {0x444b1ae4d6e2ef4f, "999999999999999900000"},
                                                                   {0x444b1ae4d6e2ef50, "1e+21"},
                                                                   {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                                                                   {0x3eb0c6f7a0b5ed8d, "0.000001"},
                                                                   {0x41b3de4355555553, "333333333.3333332"},
                                                                   {0x41b3de4355555554, "333333333.33333325"},
                                                                   {0x41b3de4355555555, "333333333.3333333"},
                                                                   {0x41b3de4355555556, "333333333.3333334"},
                                                                   {0x41b3de4355555557, "333333333.33333343"},
                                                                   {0xbecbf647612f3696, "-0.0000033333333333333333"},
                                                                   {0x43143ff3c1cb0959, "1424953923781206.2"}};

  for (const auto& [bits, text] : kPublished) {
    EXPECT_EQ(*canonical_json(Json(std::bit_cast<double>(bits))), text);
  }
}

RC_GTEST_PROP(CanonicalJson, WritesNumbersThatReadBackTheSame, (std::uint64_t bits)) {
  const auto number = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(number));

  const auto read = parse_json(canonical_json(Json(number)).value());

  RC_ASSERT(read->get<double>() == number);
}

TEST(CanonicalJson, RefusesWhatJsonCannotSay) {
  EXPECT_FALSE(canonical_json(Json(std::nan(""))).has_value());
  EXPECT_FALSE(canonical_json(Json{{"a", {1.0, std::numeric_limits<double>::infinity()}}}).has_value());
  EXPECT_FALSE(canonical_json(Json("\xff")).has_value());
  EXPECT_FALSE(canonical_json(Json{{"\xc3", 1}}).has_value());
}

TEST(CanonicalJson, HasOneTextForOneValue) {
  EXPECT_EQ(canonical(R"({"a":1.50e1,"b":"\u0041"})"), canonical(R"({"b":"A","a":15})"));
}

}  // namespace
}  // namespace modelyard
