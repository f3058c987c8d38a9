// Rollouts of a candidate that is just as stable is, looked at all the while, with gates at the very edge of what they
// allow, where a test errs most: the share that a gate ever fails must not exceed alpha by more than chance; that of a
// plain z-test must, or this could not see the fault. Then candidates that are worse, which gates must find. Fixed
// seeds; `make simulate` has more of them.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "rollout/gates/judge.h"
#include "rollout/gates/test_traffic.h"
#include "rollout/gates/unit_sums.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {
namespace {

constexpr double kAlpha = 0.05;
constexpr std::array<double, 3> kShares{0.1, 0.3, 0.5};  // of the steps
constexpr int kRequests = 4000;                          // of a step

struct Trials {
  std::uint64_t users = 0;
  int runs = 100;
  int look = 400;  // requests
};

// One rule, that says at a look whether the candidate fails.
using Fails = std::function<bool(const Evidence&)>;

// In how many runs each rule has ever failed.
std::vector<int> ever_failed(const std::vector<Fails>& rules, const Trials& trials, const ArmTruth& candidate) {
  std::vector<int> failed(rules.size());
  for (int run = 1; run <= trials.runs; ++run) {
    TestTraffic traffic(static_cast<std::uint64_t>(run), trials.users);
    Evidence evidence;
    std::vector<bool> has_failed(rules.size());
    for (int i = 0; i < kRequests * static_cast<int>(kShares.size()); ++i) {
      const auto step = static_cast<std::size_t>(i / kRequests);
      traffic.add_request(step_of(evidence, static_cast<int>(step)), kShares[step], candidate, {});
      if ((i + 1) % trials.look != 0) continue;
      for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        has_failed[rule] = has_failed[rule] || rules[rule](evidence);
      }
    }
    for (std::size_t rule = 0; rule < rules.size(); ++rule) failed[rule] += has_failed[rule] ? 1 : 0;
  }
  return failed;
}

Fails gate_fails(const char* line) {
  const auto gate = parse_gate(line);
  EXPECT_TRUE(gate) << gate.error().message();
  return [gate = *gate](const Evidence& evidence) { return judge(gate, evidence, kAlpha).outcome == Outcome::kFail; };
}

void expect_at_most_alpha(const std::vector<const char*>& gates, const Trials& trials) {
  std::vector<Fails> rules;
  for (const char* const gate : gates) rules.push_back(gate_fails(gate));
  const double most = trials.runs * kAlpha + 3 * std::sqrt(trials.runs * kAlpha * (1 - kAlpha));
  const auto failed = ever_failed(rules, trials, {});
  for (std::size_t i = 0; i < gates.size(); ++i) EXPECT_LE(failed[i], most) << gates[i];
}

bool plain_test_fails(const Evidence& evidence) {
  statistics::Share candidate, stable;
  for (const StepEvidence& step : evidence.steps) {
    for (std::size_t unit = 0; unit < kUnitBuckets; ++unit) {
      candidate.successes += step.candidate.failures[unit];
      candidate.trials += step.candidate.requests[unit];
      stable.successes += step.stable.failures[unit];
      stable.trials += step.stable.requests[unit];
    }
  }
  const auto test = statistics::two_proportion_test(candidate, stable);
  return test && test->p < kAlpha;
}

TEST(FalseAlarms, OfAPlainTestAreFarTooMany) {
  EXPECT_GT(ever_failed({plain_test_fails}, {}, {})[0], 25);
}

TEST(FalseAlarms, OfIndependentRequestsAreNoMoreThanAlpha) {
  expect_at_most_alpha({"error_rate <= 2%", "error_rate <= stable", "accuracy >= stable", "metric:revenue >= 10"}, {});
}

// Taken for independent, these requests fail the metric's gate in a third of the runs.
TEST(FalseAlarms, OfUsersWhoAreAlikeAreNoMoreThanAlpha) {
  expect_at_most_alpha({"error_rate <= 2%", "accuracy >= stable", "metric:revenue >= stable"},
                       {.users = 400, .look = 800});
}

TEST(FalseAlarms, OfLatenciesAreNoMoreThanAlpha) {
  expect_at_most_alpha({"p90_ms <= 16.7"}, {.runs = 40, .look = 2000});
  expect_at_most_alpha({"p90_ms <= stable * 1"}, {.users = 400, .runs = 30, .look = 4000});
}

TEST(WorseCandidates, AreFoundByTheGateOfWhatIsWorse) {
  const Trials trials{.users = 5000, .runs = 10, .look = 2000};
  const auto found = [&](const char* gate, const ArmTruth& candidate) {
    return ever_failed({gate_fails(gate)}, trials, candidate)[0];
  };
  EXPECT_GE(found("error_rate <= 3%", {.failing = 0.08}), 9);
  EXPECT_GE(found("error_rate <= stable + 0.5%", {.failing = 0.06}), 9);
  EXPECT_GE(found("accuracy >= stable - 0.01", {.right = 0.82}), 9);
  EXPECT_GE(found("metric:revenue >= stable - 0.2", {.revenue = 9}), 9);
  EXPECT_GE(found("output_distance <= 0.05", {.first_output = 0.6}), 9);
  EXPECT_GE(found("p90_ms <= stable * 1.1", {.times_slower = 1.6}), 9);
}

}  // namespace
}  // namespace modelyard::rollout
