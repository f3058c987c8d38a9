#include "app/cli/report/svg_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace modelyard::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();

TEST(Axis, PlacesItsEndsAtTheEnds) {
  const Axis axis{-1, 3};

  EXPECT_DOUBLE_EQ(axis.place(-1, 50, 90), 50);
  EXPECT_DOUBLE_EQ(axis.place(1, 50, 90), 70);
  EXPECT_DOUBLE_EQ(axis.place(3, 50, 90), 90);
}

TEST(Axis, HasWidthWhateverItIsOver) {
  for (const std::vector<double>& values : {std::vector<double>{},
                                            {kNaN},
                                            {0},
                                            {5, 5},
                                            {-1e300},
                                            {1e15, 1e15 + 0.125},
                                            {-kLargest, kLargest},
                                            {kInfinity, 1}}) {
    const Axis axis = axis_over(values);

    EXPECT_LT(axis.low, axis.high);
    EXPECT_TRUE(std::isfinite(axis.high - axis.low));
    EXPECT_FALSE(ticks_of(axis, 4).empty());
    EXPECT_LT(ticks_of(axis, 4).size(), 17u);
  }
}

TEST(Ticks, AreRoundNumbersWithin) {
  EXPECT_THAT(ticks_of({0, 1}, 5), ElementsAre(0, 0.2, 2 * 0.2, 3 * 0.2, 4 * 0.2, 1));
  EXPECT_THAT(ticks_of({-7, 12}, 4), ElementsAre(-5, 0, 5, 10));
}

TEST(TimeTicks, AreRoundTimesAndSayWhatTheLengthNeeds) {
  const double noon = 1'795'780'800;  // 2026-11-27 12:00

  EXPECT_THAT(time_ticks_of({noon + 1, noon + 61}, 4), ElementsAre(noon + 15, noon + 30, noon + 45, noon + 60));
  EXPECT_EQ(time_text(noon + 15, 60), "12:00:15");
  EXPECT_EQ(time_text(noon, 7200), "12:00");
  EXPECT_EQ(time_text(noon, 7 * 86'400), "11-27 12:00");
  EXPECT_EQ(time_text(noon - 43'200, 7 * 86'400), "11-27");
}

TEST(Numbers, AreWrittenToBeRead) {
  EXPECT_EQ(number_text(1'234'567), "1\u202F234\u202F567");
  EXPECT_EQ(number_text(-1234), "-1\u202F234");
  EXPECT_EQ(number_text(0.0123456), "0.01235");
  EXPECT_EQ(number_text(2.5), "2.5");
  EXPECT_EQ(number_text(1e-9), "1e-09");
  EXPECT_EQ(number_text(kNaN), "–");
  EXPECT_EQ(axis_text(12'500), "12.5k");
  EXPECT_EQ(axis_text(0), "0");
  EXPECT_EQ(percent_text(0.1234), "12.3 %");
  EXPECT_EQ(percent_text(0.00001), "< 0.01 %");
  EXPECT_EQ(percent_text(0), "0 %");
}

TEST(Escaping, LeavesNothingThatABrowserWouldRead) {
  EXPECT_EQ(escape_html("<script>\"&'\x01"), "&lt;script&gt;&quot;&amp;&#39;\uFFFD");
}

TEST(Shortening, KeepsCharactersWhole) {
  EXPECT_EQ(shortened("größer", 3), "grö…");
  EXPECT_EQ(shortened("größer", 6), "größer");
}

TEST(Plots, OfHostileNamesHaveNoTags) {
  const std::string svg = draw(BarPlot{"<script>", {{"<img src=x onerror=y>", 0.5, 0.25}}});

  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<img")));
}

TEST(Plots, OfNothingSayThat) {
  EXPECT_THAT(draw(HistogramPlot{"x", {}, {}, {0, 1}}), HasSubstr("no values"));
  EXPECT_THAT(draw(BarPlot{"x", {}}), HasSubstr("no values"));
  EXPECT_THAT(draw(TimePlot{}), HasSubstr("no values"));
}

TEST(Plots, HaveNoNumberThatIsNone) {
  TimePlot time;
  time.begins = {0, 1};
  time.ends = {1, 2};
  time.period = {0, 2};
  time.lines = {{"current", {kNaN, kInfinity}}};
  time.low = {kNaN, 1};
  time.high = {kNaN, 2};
  time.levels = {kNaN};
  const HistogramPlot histogram{"x", {{kNaN, 1, 0.5}, {2, 2, 0.5}}, {{0, 1, 0}}, {0, 4}};

  for (const std::string& svg : {draw(time), draw(histogram), draw_distance(kNaN, 0.1), draw_distance(1, 0)}) {
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(TimePlot, JoinsNeighboursAndLeavesGaps) {
  TimePlot plot;
  plot.begins = {0, 1, 2, 50};
  plot.ends = {1, 2, 3, 51};
  plot.period = {0, 51};
  plot.lines = {{"current", {1, 2, 3, 4}}};

  const std::string svg = draw(plot);

  EXPECT_THAT(svg, HasSubstr("class=\"line current\""));
  EXPECT_THAT(svg, HasSubstr("class=\"dot current\""));
}

TEST(DistanceBar, IsFullAtTenTimesTheFloor) {
  EXPECT_THAT(draw_distance(0.5, 0.1), HasSubstr("width=\"60.0\""));
  EXPECT_THAT(draw_distance(7, 0.1), HasSubstr("width=\"120.0\""));
}

}  // namespace
}  // namespace modelyard::app
