#include "base/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace modelyard {
namespace {

constexpr std::string_view kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// The examples of FIPS 180-4 as NIST publishes them.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256("").hex(), kOfNothing);
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")
                .hex(),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

RC_GTEST_PROP(Sha256, DoesNotMindHowTheBytesArrive, (const std::string& head, const std::string& tail)) {
  Sha256 hash;
  hash.update(head);
  Sha256 moved = std::move(hash);
  moved.update(std::as_bytes(std::span(tail)));

  RC_ASSERT(moved.finish() == sha256(head + tail));
}

TEST(Digest, IsReadBackFromItsText) {
  const auto digest = Digest::parse(kOfNothing);

  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(*digest, sha256(""));
  EXPECT_EQ(digest->bytes()[0], 0xe3);
  EXPECT_EQ(digest->bytes()[31], 0x55);
}

TEST(Digest, RefusesOtherTexts) {
  std::string upper(kOfNothing);
  upper[0] = 'E';
  std::string not_hex(kOfNothing);
  not_hex[63] = 'g';

  EXPECT_FALSE(Digest::parse("").has_value());
  EXPECT_FALSE(Digest::parse(kOfNothing.substr(1)).has_value());
  EXPECT_FALSE(Digest::parse(std::string(kOfNothing) + "00").has_value());
  EXPECT_FALSE(Digest::parse(upper).has_value());
  EXPECT_FALSE(Digest::parse(not_hex).has_value());
  EXPECT_EQ(Digest::parse("sha256:12").error().message(),
            "'sha256:12' is not a SHA-256 digest: expected 64 lower-case hex digits");
}

TEST(Digest, SortsAsItsText) {
  const Digest first = *Digest::parse(std::string(63, '0') + "f");
  const Digest second = *Digest::parse("1" + std::string(63, '0'));

  EXPECT_LT(first, second);
  EXPECT_LT(first.hex(), second.hex());
}

// RFC 4231, cases 2 and 6.
TEST(HmacSha256, GivesTheTestVectorsOfItsRfc) {
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?").hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First").hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace modelyard
