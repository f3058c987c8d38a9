#include "app/server/outbound/outbound.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/directory.h"
#include "base/test_folder.h"

namespace modelyard::app {
namespace {

TEST(Outbound, ReadsSecretsWithoutTheEndOfTheLine) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "secret", "hush\r\n"));
  ASSERT_TRUE(write_file_atomically(folder / "empty", "\n"));
  ASSERT_TRUE(write_file_atomically(folder / "large", std::string(5000, 'x')));

  EXPECT_EQ(*read_secret(folder / "secret"), "hush");
  EXPECT_FALSE(read_secret(folder / "empty"));
  EXPECT_FALSE(read_secret(folder / "large"));
  EXPECT_EQ(read_secret(folder / "none").error().code(), Code::kNotFound);
}

TEST(Outbound, SignsTheTimeWithTheBody) {
  EXPECT_EQ(signature_line("hush", "{}", utc_from_micros(1'700'000'000'900'000)),
            "Modelyard-Signature: t=1700000000,v1=" + hmac_sha256("hush", "1700000000.{}").hex());
}

TEST(Outbound, SaysWhatWasAnsweredOnOneLine) {
  EXPECT_EQ(answered(503, "busy\r\nlater"), "answered 503: busy  later");
  EXPECT_EQ(answered(307, ""), "answered 307");
}

}  // namespace
}  // namespace modelyard::app
