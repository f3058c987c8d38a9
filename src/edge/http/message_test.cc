#include "edge/http/message.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

TEST(ErrorResponseTest, IsJsonWhateverTheTextHolds) {
  EXPECT_EQ(error_response(503, "Exceeds maximum queue size: 4").body, R"({"error":"Exceeds maximum queue size: 4"})");
  EXPECT_EQ(error_response(400, "unknown \"x\"").body, R"({"error":"unknown \"x\""})");
  EXPECT_EQ(error_response(400, "a\\b\n").body, R"({"error":"a\\b\n"})");
  EXPECT_EQ(error_response(400, "\xff").body, "{\"error\":\"\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace modelyard::edge
