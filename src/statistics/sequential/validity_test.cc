// A/A: two arms that are the same, looked at after every tenth observation. The share of runs that ever reject must not
// exceed alpha by more than chance; a plain z-test in the same harness must, or the harness could not see the fault.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "statistics/probability.h"
#include "statistics/sequential/confidence_sequences.h"
#include "statistics/sequential/e_values.h"
#include "statistics/sequential/mixture_test.h"

namespace modelyard::statistics {
namespace {

constexpr double kAlpha = 0.05;
constexpr int kRuns = 400, kObservations = 2000, kLook = 10;
constexpr double kShare = 0.3;

// Shares of both arms after n observations of each.
using Rejects = std::function<bool(const Share& a, const Share& b)>;

double ever_rejecting(const Rejects& rejects) {
  int rejected = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937_64 random(static_cast<std::uint64_t>(run) + 1);
    const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53 < kShare ? 1u : 0u; };
    Share a, b;
    for (int i = 1; i <= kObservations; ++i) {
      a = {a.successes + draw(), a.trials + 1};
      b = {b.successes + draw(), b.trials + 1};
      if (i % kLook == 0 && rejects(a, b)) {
        ++rejected;
        break;
      }
    }
  }
  return rejected / double{kRuns};
}

double bound() {
  return kAlpha + 3 * std::sqrt(kAlpha * (1 - kAlpha) / kRuns);
}

TEST(Validity, APlainTestThatIsLookedAtOftenRejectsFarTooOften) {
  const double share =
      ever_rejecting([](const Share& a, const Share& b) { return two_proportion_test(a, b)->p < kAlpha; });
  EXPECT_GT(share, 0.25);
}

TEST(Validity, OfTheMixtureTestHoldsWhileSomebodyLooks) {
  const double share = ever_rejecting([](const Share& a, const Share& b) {
    const auto test = sequential_share_test(a, b, 0.05, kAlpha);
    return test && test->log_e >= -std::log(kAlpha);
  });
  EXPECT_LE(share, bound());
  EXPECT_GT(share, 0) << "it rejects at times, as it may";
}

TEST(Validity, OfConfidenceSequencesHoldsWhileSomebodyLooks) {
  const auto misses = [](const Interval& interval) { return kShare < interval.low || kShare > interval.high; };
  EXPECT_LE(ever_rejecting([](const Share& a, const Share&) {
              return bernoulli_log_e(a, kShare) >= -std::log(kAlpha);  // the sequence does not hold it
            }),
            bound());
  EXPECT_LE(ever_rejecting([&](const Share& a, const Share&) {
              const double n = static_cast<double>(a.trials), mean = a.value();
              const auto interval = asymptotic_sequence({n, mean, mean * (1 - mean) * n / (n - 1)}, kAlpha);
              return interval && misses(*interval);
            }),
            bound());
}

TEST(Validity, OfTheSplitHoldsWhileSomebodyLooks) {
  const double share = ever_rejecting([](const Share& a, const Share&) {
    const std::uint64_t counts[] = {a.successes, a.trials - a.successes};
    const double shares[] = {kShare, 1 - kShare};
    return *split_log_e(counts, shares) >= -std::log(kAlpha);
  });
  EXPECT_LE(share, bound());
}

}  // namespace
}  // namespace modelyard::statistics
