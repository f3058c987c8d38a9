#include "app/server/open_traces.h"

#include <gtest/gtest.h>

namespace modelyard::app {
namespace {

TEST(HeaderLines, AreReadFromAFileWithComments) {
  const auto lines = parse_header_lines("# who sends\nauthorization: Bearer x\r\n\nx-scope: a", "f");

  ASSERT_TRUE(lines.has_value());
  EXPECT_EQ(*lines, (std::vector<std::string>{"authorization: Bearer x", "x-scope: a"}));
  EXPECT_TRUE(parse_header_lines("", "f")->empty());
}

TEST(HeaderLines, ThatAreNoneAreRefusedAndNotRepeated) {
  for (const char* text : {"a: 1\nsecret\n", "a: 1\n: secret\n", "a: 1\nsecret: \x01\n"}) {
    const auto lines = parse_header_lines(text, "f");
    ASSERT_FALSE(lines.has_value()) << text;
    EXPECT_NE(lines.error().message().find("f:2"), std::string::npos);
    EXPECT_EQ(lines.error().message().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace modelyard::app
