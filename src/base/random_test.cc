#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace modelyard {
namespace {

// splitmix64's published sequence for this seed.
TEST(SeededRandom, GivesThePublishedSequence) {
  SeededRandom random(1234567);

  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
  EXPECT_EQ(random.next(), 4593380528125082431u);
  EXPECT_EQ(random.next(), 16408922859458223821u);
}

TEST(SystemRandom, DoesNotRepeatItself) {
  std::set<std::uint64_t> seen;

  for (int i = 0; i < 1000; ++i) seen.insert(system_random().next());

  EXPECT_EQ(seen.size(), 1000u);  // a repetition has a chance of 3e-14
}

}  // namespace
}  // namespace modelyard
