#include "security/guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/fake_clock.h"
#include "security/api_key.h"

namespace modelyard::security {
namespace {

class GuardTest : public ::testing::Test {
 protected:
  GuardTest() : key_(make_api_key()) {}

  LiveKey live(std::optional<UtcTime> expires = std::nullopt) const {
    return {key_.id, key_.hash, std::make_shared<const Grant>("key:ci", Verb::kInfer, ModelPattern::every(), expires)};
  }
  std::string header() const { return "Bearer " + key_.text; }

  const ApiKey key_;
  FakeClock clock_;
  Guard guard_{{true, Verb::kInfer | Verb::kRead, 2}, clock_};
};

TEST_F(GuardTest, KnowsACallerByItsKeyOnEveryLoop) {
  guard_.replace_keys({live()});

  for (const std::size_t loop : {0, 1}) {
    const Caller caller = guard_.authenticate(loop, {header(), {}});
    ASSERT_NE(caller, nullptr);
    EXPECT_EQ(caller->name(), "key:ci");
  }
  EXPECT_NE(guard_.authenticate(0, {"bearer " + key_.text, {}}), nullptr);
}

TEST_F(GuardTest, KnowsNobodyByAWrongKey) {
  guard_.replace_keys({live()});
  std::string altered = header();
  altered.back() = altered.back() == 'A' ? 'B' : 'A';

  for (const std::string& shown : {altered, "Bearer " + make_api_key().text, key_.text, "Basic " + key_.text,
                                   std::string("Bearer "), std::string("x")}) {
    EXPECT_EQ(guard_.authenticate(0, {shown, {}}), nullptr) << shown;
  }
  EXPECT_EQ(guard_.authenticate(0, {altered, "a.example"}), nullptr) << "a certificate does not excuse a wrong key";
  EXPECT_EQ(guard_.authenticate(0, {}), nullptr);
}

TEST_F(GuardTest, ForgetsAKeyThatWasTakenAwayAndOneThatIsOver) {
  guard_.replace_keys({live(clock_.utc_now() + std::chrono::seconds(10))});
  EXPECT_NE(guard_.authenticate(0, {header(), {}}), nullptr);

  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(guard_.authenticate(0, {header(), {}}), nullptr);

  guard_.replace_keys({live()});
  const Caller running = guard_.authenticate(0, {header(), {}});
  guard_.replace_keys({});
  EXPECT_EQ(guard_.authenticate(0, {header(), {}}), nullptr);
  EXPECT_EQ(running->name(), "key:ci") << "a request that runs keeps its grant";
}

TEST_F(GuardTest, TellsWhenAKeyWasUsedLast) {
  guard_.replace_keys({live()});
  EXPECT_TRUE(guard_.uses().empty());

  guard_.authenticate(0, {header(), {}});

  ASSERT_EQ(guard_.uses().size(), 1u);
  EXPECT_EQ(guard_.uses()[0].id, key_.id);
  EXPECT_LE(guard_.uses()[0].time, clock_.utc_now());
}

TEST_F(GuardTest, RemembersTheLastUseWhenOtherKeysChange) {
  guard_.replace_keys({live()});
  guard_.authenticate(0, {header(), {}});

  guard_.replace_keys({live()});

  EXPECT_EQ(guard_.uses().size(), 1u);
}

TEST_F(GuardTest, KnowsACallerByItsCertificate) {
  const Caller caller = guard_.authenticate(0, {{}, "scorer.example"});

  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->name(), "scorer.example");
  EXPECT_EQ(caller->verbs(), Verb::kInfer | Verb::kRead);
}

TEST_F(GuardTest, LetsAnyoneDoEverythingWhenNobodyIsAsked) {
  Guard open({false, {}, 1}, clock_);

  const Caller caller = open.authenticate(0, {});

  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->name(), "anonymous");
  EXPECT_TRUE(caller->verbs().has(Verb::kAdmin));
}

TEST(GuardKeys, TellsUsesWhileKeysAreReplaced) {
  FakeClock clock;
  Guard guard({.asks = true}, clock);
  const auto keys = [](int round) {
    std::vector<LiveKey> made;
    for (int i = 0; i < 10; ++i) {
      auto grant = std::make_shared<const Grant>("g", VerbSet::all(), ModelPattern::every());
      grant->note_use(utc_from_micros((1 + round) * 1'000'000));
      made.push_back({std::to_string(i), Digest(), std::move(grant)});
    }
    return made;
  };
  guard.replace_keys(keys(0));
  std::atomic<bool> ended{false};
  std::jthread reader([&] {
    while (!ended) EXPECT_EQ(guard.uses().size(), 10u);
  });
  for (int round = 1; round < 1000; ++round) guard.replace_keys(keys(round));
  ended = true;
}

}  // namespace
}  // namespace modelyard::security
