#include "statistics/distances/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "statistics/distances/samples.h"
#include "statistics/sketches/quantiles.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

struct Sample {
  std::vector<double> sorted;
  Quantiles sketch{400};
};

Sample sample_of(std::uint32_t seed, std::size_t size, double power) {
  Sample sample;
  for (const double u : uniform_stream(seed, size)) sample.sorted.push_back(std::pow(u, power));
  for (const double value : sample.sorted) sample.sketch.add(value);
  sample.sorted = *sorted_sample(sample.sorted);
  return sample;
}

TEST(Distributions, GiveTheDistancesOfTheirSamplesWhereTheyAreExact) {
  const Sample a = sample_of(1, 300, 1), b = sample_of(2, 350, 1.3);
  const auto f = a.sketch.distribution(), g = b.sketch.distribution();

  EXPECT_NEAR(ks_statistic(Distribution(f), Distribution(g)), ks_statistic(a.sorted, b.sorted), 1e-12);
  EXPECT_NEAR(wasserstein_distance(Distribution(f), Distribution(g)), wasserstein_distance(a.sorted, b.sorted), 1e-12);
}

TEST(Distributions, StayWithinTheSketchesErrors) {
  const Sample a = sample_of(3, 50'000, 1), b = sample_of(4, 40'000, 1.2);
  const auto f = a.sketch.distribution(), g = b.sketch.distribution();
  const double error = a.sketch.rank_error() + b.sketch.rank_error();

  EXPECT_NEAR(ks_statistic(Distribution(f), Distribution(g)), ks_statistic(a.sorted, b.sorted), error);
  EXPECT_NEAR(wasserstein_distance(Distribution(f), Distribution(g)), wasserstein_distance(a.sorted, b.sorted), error);
}

TEST(Distributions, AreApartByTheirWholeWidthWhereTheyDoNotMeet) {
  const std::pair<double, double> one[] = {{0, 1}}, other[] = {{2, 0.5}, {4, 1}};
  EXPECT_EQ(ks_statistic(Distribution(one), Distribution(other)), 1);
  EXPECT_EQ(wasserstein_distance(Distribution(one), Distribution(other)), 3);
  EXPECT_EQ(wasserstein_distance(Distribution(one), Distribution(one)), 0);
}

}  // namespace
}  // namespace modelyard::statistics
