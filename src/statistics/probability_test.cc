#include "statistics/probability.h"

#include <gtest/gtest.h>

#include <cmath>

namespace modelyard::statistics {
namespace {

void expect_near(double found, double expected) {
  EXPECT_NEAR(found, expected, std::abs(expected) * 1e-9);
}

// Expected values: scipy 1.17.
TEST(Probability, AgreesWithScipy) {
  expect_near(normal_cdf(-1.5), 0.06680720126885807);
  expect_near(normal_survival(10), 7.61985302416047e-24);
  expect_near(normal_quantile(0.975), 1.959963984540054);
  expect_near(student_survival(2.5, 7.3), 0.019825117332800214);
  expect_near(student_quantile(0.9, 3), 1.637744353696209);
  expect_near(chi_square_survival(6.888888888888889, 2), 0.031922491834895705);
  expect_near(chi_square_upper_quantile(0.05, 9), 16.918977604620448);
  expect_near(beta_quantile(0.025, 3, 8), 0.06673951117773447);
  expect_near(binomial_probability(3, 10, 0.3), 0.2668279319999998);
  expect_near(binomial_survival(7, 10, 0.3), 0.0015903864);
}

TEST(Probability, KeepsItsDigitsOnBothSidesOfKolmogorovsLimit) {
  expect_near(kolmogorov_survival(0.3), 0.9999906941986655);
  expect_near(kolmogorov_survival(0.99), 0.2808738392255489);
  expect_near(kolmogorov_survival(1.01), 0.25943416909359746);
  expect_near(kolmogorov_survival(5), 3.8574996959278356e-22);
  EXPECT_EQ(kolmogorov_survival(0), 1);
}

TEST(Probability, IsNotANumberOutsideOfItsDomain) {
  EXPECT_TRUE(std::isnan(normal_quantile(2)));
  EXPECT_TRUE(std::isnan(chi_square_survival(1, -1)));
  EXPECT_TRUE(std::isnan(kolmogorov_survival(std::nan(""))));
}

}  // namespace
}  // namespace modelyard::statistics
