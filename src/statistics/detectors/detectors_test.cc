#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>

#include "base/random.h"
#include "statistics/detectors/adwin.h"
#include "statistics/detectors/control_chart.h"
#include "statistics/detectors/error_rate.h"
#include "statistics/detectors/hddm.h"
#include "statistics/detectors/kswin.h"
#include "statistics/detectors/page_hinkley.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

using Places = std::vector<std::size_t>;

template <typename Kind, typename... Options>
Places drifts(const std::vector<double>& stream, Options... options) {
  Kind detector(options...);
  Places places;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (detector.add(stream[i]) == Change::kDrift) places.push_back(i);
  }
  return places;
}

// The mean moves from 0.5 to 0.8 in the middle.
std::vector<double> moved_stream() {
  auto values = uniform_stream(7, 3000);
  for (std::size_t i = 1500; i < values.size(); ++i) values[i] += 0.3;
  return values;
}

// 20 % errors, then 40 %.
std::vector<double> error_stream() {
  auto values = uniform_stream(7, 3000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] < (i < 1500 ? 0.2 : 0.4) ? 1 : 0;
  return values;
}

std::vector<double> backwards(std::vector<double> values) {
  return {values.rbegin(), values.rend()};
}

// 0.6 wide, up and down by 0.4 every 700 values.
std::vector<double> alternating_stream() {
  auto values = uniform_stream(3, 4000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.6 * values[i] + (i / 700 % 2 == 1 ? 0.4 : 0);
  return values;
}

// Expected places: river 0.26.1 with the same settings.
TEST(PageHinkley, AlarmsWhereRiverDoes) {
  const auto with = [](double threshold, Direction direction) {
    return PageHinkleyOptions{.threshold = threshold, .direction = direction};
  };

  EXPECT_EQ(drifts<PageHinkley>(moved_stream(), with(10, Direction::kUp)), (Places{1527}));
  EXPECT_EQ(drifts<PageHinkley>(moved_stream(), with(10, Direction::kDown)), (Places{1096}));
  EXPECT_EQ(drifts<PageHinkley>(moved_stream(), with(10, Direction::kBoth)), (Places{1096, 1537}));
  EXPECT_EQ(drifts<PageHinkley>(alternating_stream(), with(5, Direction::kBoth)),
            (Places{623, 712, 1408, 1728, 2060, 2112, 2803, 3500, 3911}));
}

TEST(Adwin, AlarmsWhereRiverDoes) {
  EXPECT_EQ(drifts<Adwin>(moved_stream()), (Places{1567}));
  EXPECT_EQ(drifts<Adwin>(error_stream()), (Places{1727}));
  EXPECT_EQ(drifts<Adwin>(alternating_stream()), (Places{735, 1439, 2143, 2847, 3551}));
  EXPECT_EQ(drifts<Adwin>(alternating_stream(), AdwinOptions{.delta = 0.05, .clock = 4}),
            (Places{719, 1419, 2119, 2819, 3519}));
}

TEST(Adwin, KnowsTheMeanOfItsWindow) {
  const auto values = uniform_stream(5, 1000);
  Adwin detector;
  for (const double value : values) detector.add(value);

  EXPECT_EQ(detector.width(), 1000);
  EXPECT_NEAR(detector.mean(), std::accumulate(values.begin(), values.end(), 0.0) / 1000, 1e-12);
}

TEST(Ddm, AlarmsWhereRiverDoes) {
  EXPECT_EQ(drifts<Ddm>(error_stream()), (Places{1729}));
}

TEST(Ddm, WarnsBeforeItAlarms) {
  Ddm detector;
  Places warnings;
  const auto stream = error_stream();
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (detector.add(stream[i]) == Change::kWarning) warnings.push_back(i);
  }
  EXPECT_EQ(warnings.size(), 1423u);  // river's
  EXPECT_EQ(warnings.front(), 144u);
}

TEST(Eddm, AlarmsWhereRiverDoes) {
  EXPECT_EQ(drifts<Eddm>(error_stream()), (Places{159,  320,  439,  578,  687,  843,  983,  1123, 1277, 1526, 1603,
                                                  1708, 1768, 1920, 2330, 2501, 2581, 2656, 2722, 2801, 2889}));
}

TEST(Hddm, AlarmsWhereRiverDoes) {
  const HddmOptions both{.both_directions = true};
  HddmWOptions weighted_both;
  weighted_both.both_directions = true;

  EXPECT_EQ(drifts<HddmA>(error_stream()), (Places{1605}));
  EXPECT_EQ(drifts<HddmA>(backwards(error_stream())), Places{}) << "a fall is none of its business";
  EXPECT_EQ(drifts<HddmA>(backwards(error_stream()), both), (Places{1564}));
  EXPECT_EQ(drifts<HddmA>(alternating_stream(), both), (Places{718, 1435, 2139, 2831, 3548}));
  EXPECT_EQ(drifts<HddmW>(error_stream()), (Places{1566, 2726}));
  EXPECT_EQ(drifts<HddmW>(backwards(error_stream()), weighted_both), (Places{1524}));
  EXPECT_EQ(drifts<HddmW>(alternating_stream(), weighted_both), (Places{732, 1436, 2122, 2832, 3528}));
}

TEST(Kswin, FindsAMovedDistributionSoon) {
  const Places places = drifts<Kswin>(moved_stream());

  // river's places behind the change are 1527, 1529 and 1531 with its seeds 1, 2 and 3.
  EXPECT_TRUE(
      std::any_of(places.begin(), places.end(), [](std::size_t place) { return place > 1500 && place < 1540; }));
  EXPECT_LT(places.size(), 12u) << "so many tests alarm falsely at times, river's 6 to 8 times in all";
}

// The stream, and the place: the tabular CUSUM against the first 200 values.
TEST(Cusum, AlarmsWhereItsTableSays) {
  EXPECT_EQ(drifts<Cusum>(moved_stream(), CusumOptions{.threshold = 8, .learnt_from = 200}).front(), 1510u);
}

std::vector<double> normal_values(std::uint64_t seed, std::size_t size) {
  SeededRandom random(seed);
  const auto uniform = [&] { return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53; };
  std::vector<double> values(size);
  for (double& value : values) {
    value = std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
  }
  return values;
}

// Mean number of values to an alarm, each run from the beginning; within three standard errors of about 2 %.
template <typename Kind, typename Options>
double run_length(const Options& options, double shift) {
  const int runs = 2500;
  auto values = normal_values(11, runs * 700);
  Kind detector(options);
  double alarms = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (detector.add(values[i] + shift) != Change::kDrift) continue;
    alarms += 1;
    last = i + 1;
  }
  return static_cast<double>(last) / alarms;
}

// Montgomery, Introduction to Statistical Quality Control, table 9.3 (CUSUM, k = ½) and 9.11 (EWMA).
TEST(ControlCharts, HaveThePublishedRunLengths) {
  const auto cusum = [](double threshold, double shift) {
    return run_length<Cusum>(CusumOptions{.threshold = threshold, .baseline = Baseline{}}, shift);
  };

  EXPECT_NEAR(cusum(4, 0), 168, 168 * 0.04);
  EXPECT_NEAR(cusum(4, 1), 8.38, 8.38 * 0.02);
  EXPECT_NEAR(cusum(4, 2), 3.34, 3.34 * 0.02);
  EXPECT_NEAR(cusum(5, 0), 465, 465 * 0.06);
  EXPECT_NEAR(cusum(5, 1), 10.4, 10.4 * 0.02);
  EXPECT_NEAR(cusum(5, 2), 4.01, 4.01 * 0.02);
  // 488 ± 4 by a longer simulation: limits that widen with t alarm a little sooner.
  EXPECT_NEAR(run_length<EwmaChart>(EwmaChartOptions{.baseline = Baseline{}}, 0), 488, 488 * 0.06);
}

TEST(Detectors, AreNotPoisonedByOneHugeNumber) {
  auto stream = moved_stream();
  stream[100] = 1e160;
  stream[200] = -1.7e308;
  EXPECT_EQ(drifts<Adwin>(stream).size(), 1u);
  EXPECT_FALSE(drifts<PageHinkley>(stream, PageHinkleyOptions{.threshold = 10}).empty());
  EXPECT_TRUE(drifts<EwmaChart>(std::vector<double>(stream.begin() + 195, stream.begin() + 215)).empty());
}

TEST(ControlCharts, GoOnLearningUntilSomethingVaries) {
  std::vector<double> stream(40, 1.0);
  const auto noise = uniform_stream(2, 200);
  stream.insert(stream.end(), noise.begin(), noise.end());
  stream.insert(stream.end(), 50, 9.0);
  EXPECT_FALSE(drifts<Cusum>(stream).empty());
}

TEST(Detectors, PassOverWhatIsNoNumberAndNeverAlarmOnAConstant) {
  std::vector<std::unique_ptr<Detector>> detectors;
  detectors.push_back(std::make_unique<PageHinkley>());
  detectors.push_back(std::make_unique<Adwin>());
  detectors.push_back(std::make_unique<Ddm>());
  detectors.push_back(std::make_unique<Eddm>());
  detectors.push_back(std::make_unique<HddmA>());
  detectors.push_back(std::make_unique<HddmW>());
  detectors.push_back(std::make_unique<Kswin>());
  detectors.push_back(std::make_unique<Cusum>());
  detectors.push_back(std::make_unique<EwmaChart>());
  for (const auto& detector : detectors) {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(detector->add(0), Change::kNone);
      EXPECT_EQ(detector->add(i % 2 == 0 ? std::nan("") : std::numeric_limits<double>::infinity()), Change::kNone);
    }
  }
}

}  // namespace
}  // namespace modelyard::statistics
