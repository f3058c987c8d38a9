#include "rollout/gates/unit_sample.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace modelyard::rollout {
namespace {

std::vector<std::uint64_t> hashes(std::size_t count, std::uint64_t seed = 1) {
  SeededRandom random(seed);
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t& hash : all) hash = random.next();
  return all;
}

// As assignment does: the tenth with the highest hashes.
bool is_candidate(std::uint64_t hash) {
  return hash >= std::numeric_limits<std::uint64_t>::max() / 10 * 9;
}

TEST(UnitSample, CountsAUnitOnceHoweverOftenItAsks) {
  UnitSample sample;
  EXPECT_TRUE(sample.is_empty());

  for (int again = 0; again < 3; ++again) {
    sample.add(true, 0x1000);
    sample.add(false, 0x2000);
    sample.add(false, 0x3000);
  }

  EXPECT_EQ(sample.levels(), (std::vector<UnitCounts>{{1, 2}}));
}

TEST(UnitSample, OfManyUnitsKeepsAShareThatIsSplitAsAllAre) {
  UnitSample sample;
  const auto units = hashes(100'000);

  for (const std::uint64_t hash : units) sample.add(is_candidate(hash), hash);

  const auto levels = sample.levels();
  ASSERT_EQ(levels.size(), 7u);  // 100,000 / 2^6 are the first that are at most 2,048
  for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
    EXPECT_EQ(levels[i].candidate + levels[i].stable, UnitSample::kMostUnits + 1) << i;
    EXPECT_NEAR(static_cast<double>(levels[i].candidate), 205, 4 * std::sqrt(2049 * 0.09)) << i;
  }
  const double seen = static_cast<double>(levels.back().candidate + levels.back().stable);
  EXPECT_NEAR(seen, 100'000.0 / 64, 4 * std::sqrt(100'000.0 / 64));
  EXPECT_NEAR(static_cast<double>(levels.back().candidate), 0.1 * seen, 4 * std::sqrt(0.09 * seen));
}

TEST(UnitSample, MergesToWhatOneWouldHaveSeen) {
  const auto units = hashes(9000);
  UnitSample whole, first, second;
  for (std::size_t i = 0; i < units.size(); ++i) {
    whole.add(is_candidate(units[i]), units[i]);
    (i % 3 == 0 ? first : second).add(is_candidate(units[i]), units[i]);
    if (i % 7 == 0) (i % 3 == 0 ? second : first).add(is_candidate(units[i]), units[i]);  // seen by both
  }

  first.merge(second);

  EXPECT_EQ(first.levels().size(), whole.levels().size());
  EXPECT_EQ(first.levels().back(), whole.levels().back());
  const UnitSample once = first;
  first.merge(second);
  EXPECT_EQ(to_json(first), to_json(once));
}

TEST(UnitSample, ClosedKeepsItsCountsAndTakesNothingMore) {
  UnitSample sample, other;
  sample.add(true, 0x1000);
  other.add(true, 0x5000);

  sample.close();
  sample.add(false, 0x2000);
  sample.merge(other);

  EXPECT_EQ(sample.levels(), (std::vector<UnitCounts>{{1, 0}}));
  EXPECT_FALSE(sample.is_empty());
}

TEST(UnitSample, IsReadAsItWasWritten) {
  UnitSample few, many, closed;
  few.add(true, 0x1000);
  for (const std::uint64_t hash : hashes(20'000)) many.add(is_candidate(hash), hash);
  closed = many;
  closed.close();

  for (const UnitSample& sample : {few, many, closed, UnitSample()}) {
    const auto again = parse_unit_sample(to_json(sample), "units");
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->levels(), sample.levels());
    EXPECT_EQ(to_json(*again), to_json(sample));
  }
}

TEST(UnitSample, RefusesWhatItNeverWrites) {
  for (const char* text :
       {R"({"levels": [1], "units": ""})", R"({"levels": [], "units": null})", R"({"levels": [1, 99999], "units": ""})",
        R"({"levels": [], "units": "12"})", R"({"levels": [], "units": "000000000000100000000000000010"})",
        R"({"levels": [], "units": "00000000000010000000000000001000"})",  // the same twice
        R"({"levels": [9, 9], "units": "0000000000000100"})",              // not of the second level
        R"({"levels": [], "units": "0000000000000000"})", R"({"levels": [], "units": "", "more": 1})"}) {
    EXPECT_FALSE(parse_unit_sample(*parse_json(text), "units")) << text;
  }
}

}  // namespace
}  // namespace modelyard::rollout
