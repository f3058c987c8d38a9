#include "app/cli/top/interval.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace modelyard::app {
namespace {

const Json kStatus = {{"endpoints",
                       {{{"endpoint", "fraud"}, {"model", "fraud"}, {"effective", {{"shares", {{{"version", 2}}}}}}},
                        {{"endpoint", "idle"}, {"model", "idle"}, {"effective", {{"shares", Json::array()}}}}}}};
const Json kAlerts = {
    {"items", {{{"endpoint", "fraud"}, {"state", "firing"}}, {{"endpoint", "fraud"}, {"state", "pending"}}}}};

// So many requests in 1 ms to 2 ms, and so many that failed.
Scrape scrape_with(double good, double bad, double seconds) {
  std::string text = "modelyard_http_connections_open 3\n";
  for (const auto& [code, count] : {std::pair("ok", good), std::pair("Internal", bad)}) {
    const std::string labels = fmt::format("model=\"fraud\",version=\"2\",protocol=\"oip\",code=\"{}\"", code);
    const std::string name = "modelyard_prediction_duration_seconds";
    text += fmt::format("{0}_bucket{{{1},le=\"0.001\"}} 0\n{0}_bucket{{{1},le=\"0.002\"}} {2}\n", name, labels, count);
    text += fmt::format("{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_count{{{1}}} {2}\n", name, labels, count);
  }
  text += fmt::format("modelyard_prediction_rows_total{{model=\"fraud\",version=\"2\"}} {}\n", 4 * good);
  text += fmt::format("modelyard_executions_total{{model=\"fraud\",version=\"2\"}} {}\n", good / 2);
  return scrape_of(*parse_metrics(text), seconds);
}

TEST(Interval, HasTheRatesBetweenTwoScrapes) {
  const Interval interval = interval_of(scrape_with(100, 0, 10), scrape_with(300, 10, 12), kStatus, kAlerts, "");

  ASSERT_EQ(interval.rows_of_table.size(), 1u);
  const Activity& fraud = interval.rows_of_table[0];
  EXPECT_EQ(fraud.endpoint, "fraud");
  EXPECT_DOUBLE_EQ(fraud.requests, 105);
  EXPECT_DOUBLE_EQ(fraud.errors, 5);
  EXPECT_DOUBLE_EQ(fraud.rows, 400);
  EXPECT_DOUBLE_EQ(fraud.batch, 8);
  EXPECT_DOUBLE_EQ(fraud.p50, 0.0015);
  EXPECT_DOUBLE_EQ(fraud.firing, 1);
  EXPECT_DOUBLE_EQ(interval.requests, 105);
  EXPECT_DOUBLE_EQ(interval.connections, 3);
}

TEST(Interval, CountsFromZeroAfterARestart) {
  const Interval interval = interval_of(scrape_with(1000, 0, 10), scrape_with(20, 0, 12), kStatus, kAlerts, "");

  EXPECT_DOUBLE_EQ(interval.rows_of_table[0].requests, 10);
  EXPECT_DOUBLE_EQ(interval.rows_of_table[0].p50, 0.0015);
}

TEST(Interval, KnowsWhatAServerDoesNotSay) {
  const Interval interval = interval_of(scrape_with(1, 0, 1), scrape_with(1, 0, 2), Json(), Json(), "");

  ASSERT_EQ(interval.rows_of_table.size(), 1u);
  EXPECT_EQ(interval.rows_of_table[0].endpoint, "");
  EXPECT_TRUE(std::isnan(interval.rows_of_table[0].firing));
  EXPECT_TRUE(std::isnan(interval.rows_of_table[0].p99));
  EXPECT_TRUE(to_json(interval)["versions"][0]["p99_seconds"].is_null());
}

TEST(Interval, OfAnEndpointLeavesOutTheOthers) {
  const auto before = scrape_with(0, 0, 1), now = scrape_with(10, 0, 2);

  EXPECT_EQ(interval_of(before, now, kStatus, kAlerts, "fraud").rows_of_table.size(), 1u);
  const Interval idle = interval_of(before, now, kStatus, kAlerts, "idle");
  EXPECT_TRUE(idle.rows_of_table.empty());
  EXPECT_EQ(idle.requests, 0);
  EXPECT_EQ(idle.firing, 0);
}

TEST(Quantiles, LieBetweenTheBoundsOfTheirBucket) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::map<double, double> below{{0.001, 50}, {0.01, 90}, {infinity, 100}};

  EXPECT_DOUBLE_EQ(quantile_of(below, 0.25), 0.0005);
  EXPECT_DOUBLE_EQ(quantile_of(below, 0.7), 0.0055);
  EXPECT_DOUBLE_EQ(quantile_of(below, 0.99), 0.01);
  EXPECT_TRUE(std::isnan(quantile_of({}, 0.5)));
  EXPECT_TRUE(std::isnan(quantile_of({{0.001, 0}, {infinity, 0}}, 0.5)));
}

}  // namespace
}  // namespace modelyard::app
