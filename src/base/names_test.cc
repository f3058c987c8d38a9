#include "base/names.h"

#include <gtest/gtest.h>

namespace modelyard {
namespace {

TEST(ModelName, AllowsLettersDigitsDotUnderscoreAndDash) {
  for (const std::string_view name : {"fraud", "7", "a.b_c-D9", "resnet50-v1.5"}) {
    EXPECT_TRUE(check_model_name(name).has_value()) << name;
  }
  EXPECT_TRUE(check_model_name(std::string(128, 'm')).has_value());
}

TEST(ModelName, RefusesTheRest) {
  for (const std::string_view name :
       {"", ".", "..", "-v", "_x", "a/b", "../a", "a b", "a:b", "a@b", "a%2f", "ä", "a\n"}) {
    EXPECT_FALSE(check_model_name(name).has_value()) << name;
  }
  EXPECT_FALSE(check_model_name(std::string_view("a\0b", 3)).has_value());
  EXPECT_FALSE(check_model_name(std::string(129, 'm')).has_value());
}

TEST(ModelName, RepeatsTheRule) {
  EXPECT_EQ(check_model_name("a/b").error().message(),
            "'a/b' is not a model name: use 1 to 128 of letters, digits, '.', '_' and '-', beginning with "
            "a letter or digit");
}

TEST(AliasName, IsNeverTakenForAVersion) {
  EXPECT_TRUE(check_alias_name("champion").has_value());
  EXPECT_TRUE(check_alias_name("7a").has_value());
  EXPECT_FALSE(check_alias_name("7").has_value());
  EXPECT_FALSE(check_alias_name("007").has_value());
  EXPECT_FALSE(check_alias_name("").has_value());
  EXPECT_FALSE(check_alias_name("a/b").has_value());
}

TEST(TagKey, IsPrintableUtf8WithoutEquals) {
  EXPECT_TRUE(check_tag_key("team").has_value());
  EXPECT_TRUE(check_tag_key("größe in cm").has_value());
  EXPECT_TRUE(check_tag_key(std::string(250, 'k')).has_value());
  EXPECT_FALSE(check_tag_key(std::string(251, 'k')).has_value());
  for (const std::string_view key : {"", "a=b", "a\tb", "a\x7f", "\xff", "\xc3"}) {
    EXPECT_FALSE(check_tag_key(key).has_value()) << key;
  }
}

TEST(VersionNumber, IsOneOrMore) {
  EXPECT_EQ(*parse_version_number("1"), 1);
  EXPECT_EQ(*parse_version_number("9223372036854775807"), INT64_MAX);
  for (const std::string_view text : {"", "0", "-1", "+1", "1.0", "1 ", " 1", "0x1", "v1", "9223372036854775808"}) {
    EXPECT_FALSE(parse_version_number(text).has_value()) << text;
  }
}

TEST(Utf8, AllowsTheEdgesOfEachLength) {
  for (const std::string_view text : {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
  EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",  // overlong
        "\xed\xa0\x80", "\xed\xbf\xbf",                                              // surrogates
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",                              // beyond U+10FFFF
        "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xe2\x28\xa1", "\xf0\x9f\x28\x80"}) {   // cut short
    EXPECT_FALSE(is_valid_utf8(text)) << text;
  }
}

std::string utf8_of(char32_t point) {
  const auto tail = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(point)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(point >> 6), tail(point)};
  return {static_cast<char>(0xf0 | point >> 18), tail(point >> 12), tail(point >> 6), tail(point)};
}

TEST(Utf8, KnowsEveryCodePoint) {
  int wrong = 0;

  for (char32_t point = 0; point < 0x120000; ++point) {
    const bool scalar = point < 0xd800 || (point > 0xdfff && point < 0x110000);
    if (is_valid_utf8(utf8_of(point)) != scalar) ++wrong;
  }

  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace modelyard
