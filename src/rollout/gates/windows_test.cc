#include "rollout/gates/windows.h"

#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

const UtcTime kBegin = utc_from_micros(1'700'000'000'000'000);

std::vector<Gate> gates() {
  const std::vector<std::string> lines{"error_rate <= 1%", "error_rate <= 2% over 10m"};
  return *parse_gates(lines);
}

Evidence requests(std::uint64_t count) {
  Evidence evidence;
  for (std::uint64_t i = 0; i < count; ++i) add(step_of(evidence, 0).candidate, {.unit_hash = i});
  evidence.steps[0].units.add(true, 7);
  return evidence;
}

std::uint64_t counted(const GateEvidence& judged) {
  std::uint64_t count = 0;
  for (const StepEvidence& step : judged.evidence->steps) count += total(step.candidate.requests);
  return count;
}

class WindowedEvidenceTest : public testing::Test {
 protected:
  void count_at(std::chrono::seconds age, std::uint64_t count) {
    evidence_.move_to(gates_, kBegin, kBegin + age);
    ASSERT_TRUE(evidence_.add(requests(count)).has_value());
  }
  std::uint64_t in_window() const { return counted(evidence_.of(gates_[1])); }

  const std::vector<Gate> gates_ = gates();
  WindowedEvidence evidence_;
};

TEST_F(WindowedEvidenceTest, AWindowForgetsWhatIsOlderThanItsLength) {
  count_at(0s, 1);
  count_at(4min, 10);
  count_at(9min, 100);
  EXPECT_EQ(in_window(), 111u);
  count_at(11min, 1000);
  EXPECT_EQ(in_window(), 1100u);
  count_at(16min, 10'000);
  EXPECT_EQ(in_window(), 11'000u);
  EXPECT_EQ(counted(evidence_.of(gates_[0])), 11'111u);
}

TEST_F(WindowedEvidenceTest, AWindowInWhichNobodyLookedIsEmpty) {
  count_at(0s, 5);
  count_at(20min, 3);
  EXPECT_EQ(in_window(), 3u);
}

TEST_F(WindowedEvidenceTest, AllWindowsTogetherHaveNoMoreThanTheGatesAlpha) {
  EXPECT_EQ(evidence_.of(gates_[0]).of_alpha, 1);
  double sum = 0, last = 0;
  for (int half = 1; half < 2000; ++half) {
    count_at(half * 5min, 1);
    const double part = evidence_.of(gates_[1]).of_alpha;
    if (part != last) sum += part;
    last = part;
  }
  EXPECT_LE(sum, 1);
  EXPECT_GT(sum, 0.99);
}

TEST_F(WindowedEvidenceTest, AClockThatIsSetBackLosesNothing) {
  count_at(9min, 5);
  count_at(1min, 3);
  EXPECT_EQ(in_window(), 8u);
}

TEST_F(WindowedEvidenceTest, AClockThatWasADayAheadKeepsNothingForADay) {
  count_at(24h, 5);
  count_at(1min, 30);
  EXPECT_EQ(in_window(), 35u);
  count_at(6min, 100);
  EXPECT_EQ(in_window(), 130u);
  EXPECT_LT(evidence_.of(gates_[1]).of_alpha, 1.0 / (288 * 289)) << "no part of alpha is spent twice";
}

TEST_F(WindowedEvidenceTest, UnitsOfTheSplitAreCountedOnce) {
  count_at(0s, 2);
  EXPECT_FALSE(evidence_.all().steps[0].units.is_empty());
  EXPECT_TRUE(evidence_.of(gates_[1]).evidence->steps[0].units.is_empty());
}

TEST_F(WindowedEvidenceTest, IsReadBackAsItWas) {
  count_at(4min, 3);
  count_at(7min, 4);
  WindowedEvidence back;
  back.all() = evidence_.all();
  ASSERT_TRUE(back.parse_windows(evidence_.windows_json(), "windows").has_value());
  EXPECT_EQ(back.windows_json(), evidence_.windows_json());
  back.move_to(gates_, kBegin, kBegin + 11min);
  EXPECT_EQ(counted(back.of(gates_[1])), 4u);
}

TEST_F(WindowedEvidenceTest, RefusesWhatItDidNotWrite) {
  count_at(0s, 1);
  for (const auto& [key, value] :
       {std::pair("seconds", Json(1)), {"half", Json(-1)}, {"moves", Json(-1)}, {"newer", Json(1)}}) {
    Json windows = evidence_.windows_json();
    windows[0][key] = value;
    EXPECT_FALSE(evidence_.parse_windows(windows, "windows").has_value()) << key;
  }
}

}  // namespace
}  // namespace modelyard::rollout
