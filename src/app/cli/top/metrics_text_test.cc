#include "app/cli/top/metrics_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace modelyard::app {
namespace {

TEST(MetricsText, ReadsSamplesAndPassesOverComments) {
  const auto samples =
      parse_metrics("# HELP a What.\n# TYPE a counter\na_total{model=\"m\",version=\"1\"} 12\n\nb 1.5e3 1700\n");

  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->size(), 2u);
  EXPECT_EQ((*samples)[0].label("version"), "1");
  EXPECT_EQ((*samples)[0].label("other"), "");
  EXPECT_EQ((*samples)[0].value, 12);
  EXPECT_EQ((*samples)[1].name, "b");
  EXPECT_EQ((*samples)[1].value, 1500);
}

TEST(MetricsText, ReadsEscapesAndWhatIsNoFiniteNumber) {
  const auto samples = parse_metrics("a{x=\"q\\\"b\\\\n\\n,}\"} +Inf\na NaN");

  ASSERT_TRUE(samples);
  EXPECT_EQ((*samples)[0].label("x"), "q\"b\\n\n,}");
  EXPECT_TRUE(std::isinf((*samples)[0].value));
  EXPECT_TRUE(std::isnan((*samples)[1].value));
}

TEST(MetricsText, NamesTheLineThatIsNoSample) {
  for (const char* const line :
       {"<html>", "a", "a{", "a{x}", "a{x=\"1\"", "a{x=\"1\"} one", "a{x=\"1", "{} 1", "a 1x"}) {
    const auto samples = parse_metrics(fmt::format("fine 1\n{}\n", line));

    ASSERT_FALSE(samples) << line;
    EXPECT_EQ(samples.error().code(), Code::kInvalidArgument);
    EXPECT_NE(samples.error().message().find("line 2"), std::string::npos);
  }
}

TEST(MetricsText, HasLimits) {
  std::string many;
  for (std::size_t i = 0; i <= kMostMetricSamples; ++i) many += "a 1\n";
  std::string labels = "a{";
  for (std::size_t i = 0; i <= kMostMetricLabels; ++i) labels += fmt::format("l{}=\"\",", i);

  EXPECT_EQ(parse_metrics(many).error().code(), Code::kResourceExhausted);
  EXPECT_EQ(parse_metrics(std::string(kMostMetricBytes + 1, '#')).error().code(), Code::kResourceExhausted);
  EXPECT_EQ(parse_metrics(labels + "} 1").error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace modelyard::app
