#include "base/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace modelyard {
namespace {

struct Pair {
  std::string_view bytes;
  std::string_view text;
};

// RFC 4648 §10.
constexpr Pair kPublished[] = {{"", ""},
                               {"f", "Zg=="},
                               {"fo", "Zm8="},
                               {"foo", "Zm9v"},
                               {"foob", "Zm9vYg=="},
                               {"fooba", "Zm9vYmE="},
                               {"foobar", "Zm9vYmFy"},
                               {std::string_view("\0\xff\xfe", 3), "AP/+"}};

TEST(Base64, WritesThePublishedTexts) {
  for (const Pair& pair : kPublished) EXPECT_EQ(base64_encode(pair.bytes), pair.text);
}

TEST(Base64, ReadsThePublishedTexts) {
  for (const Pair& pair : kPublished) {
    const auto bytes = base64_decode(pair.text);

    ASSERT_TRUE(bytes.has_value()) << pair.text;
    EXPECT_EQ(*bytes, pair.bytes);
  }
}

TEST(Base64, RefusesWhatItWouldNotHaveWritten) {
  for (const std::string_view text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8=Zm8=", "====", "A===", "Zg=v",
                                      "Z===", "=Zm9", "Zm9v=", "Zm 9", "Zm9v\n", "Zm-_", "Zm9v====", "Zm\x80v"}) {
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
  }
}

RC_GTEST_PROP(Base64, GivesBackEveryText, (const std::string& bytes)) {
  const auto read = base64_decode(base64_encode(bytes));

  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == bytes);
}

RC_GTEST_PROP(Base64, ReadsOnlyTheOneTextOfSomeBytes, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("AQgwZ/+=")));

  const auto bytes = base64_decode(text);

  if (bytes) RC_ASSERT(base64_encode(*bytes) == text);
}

}  // namespace
}  // namespace modelyard
