#include "monitoring/monitors/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

Monitor only(const Json& document) {
  const auto monitors = parse_monitors({{"m", document}});
  EXPECT_TRUE(monitors) << monitors.error().message();
  return monitors ? monitors->front() : Monitor();
}

std::string refusal(const Json& document) {
  const auto monitors = parse_monitors({{"m", document}});
  return monitors ? "accepted" : monitors.error().message();
}

TEST(Monitor, HasDefaultsForAllButItsKind) {
  const Monitor monitor = only({{"kind", "drift"}});

  EXPECT_EQ(monitor.kind, MonitorKind::kDrift);
  EXPECT_EQ(monitor.window, std::chrono::hours(1));
  EXPECT_EQ(monitor.reference, std::nullopt);
  EXPECT_EQ(monitor.drift.distance_floor, 0.1);
  EXPECT_EQ(monitor.drift.alpha, 0.01);
  EXPECT_EQ(monitor.alert.severity, Severity::kTicket);
  EXPECT_TRUE(monitor.watches("anything"));
}

TEST(Monitor, IsReadWithAllItsFields) {
  const Monitor monitor =
      only({{"kind", "drift"},
            {"window", "1h"},
            {"features", {"age", "score*"}},
            {"reference", "7d"},
            {"least_rows", 50},
            {"alpha", 0.02},
            {"distance_floor", 0.2},
            {"missing_floor", 0.05},
            {"alert", {{"windows", 5}, {"failed", 3}, {"clear", 4}, {"for", "10m"}, {"severity", "page"}}}});

  EXPECT_EQ(monitor.window, std::chrono::hours(1));
  EXPECT_EQ(monitor.reference, std::chrono::days(7));
  EXPECT_EQ(monitor.drift.least_rows, 50u);
  EXPECT_EQ(monitor.alert.windows, 5);
  EXPECT_EQ(monitor.alert.least_failed, 3);
  EXPECT_EQ(monitor.alert.hold, std::chrono::minutes(10));
  EXPECT_EQ(monitor.alert.severity, Severity::kPage);
  EXPECT_TRUE(monitor.watches("age"));
  EXPECT_TRUE(monitor.watches("score[1]"));
  EXPECT_FALSE(monitor.watches("ages"));
}

TEST(Monitor, KnowsWhichFeaturesMatter) {
  EXPECT_EQ(only({{"kind", "drift"}, {"importance", {{"age", 3}}}}).drift.importance.at("age"), 3);
  EXPECT_THAT(refusal({{"kind", "drift"}, {"importance", {{"age", -1}}}}), HasSubstr("monitors.m.importance: 'age'"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"importance", {{"age", "high"}}}}), HasSubstr("expected a number"));
  EXPECT_THAT(refusal({{"kind", "quality"}, {"importance", {{"age", 1}}}}), HasSubstr("importance"));
}

TEST(Monitor, WaitsForLabels) {
  EXPECT_EQ(only({{"kind", "accuracy"}, {"delay", "3d"}}).delay, std::chrono::days(3));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"delay", "3d"}}), HasSubstr("delay"));
}

TEST(Monitor, ComparesWithTheWindowBefore) {
  EXPECT_EQ(only({{"kind", "drift"}, {"window", "5m"}, {"reference", "previous"}}).reference, std::chrono::minutes(5));
}

TEST(Monitor, WatchesAnswers) {
  const Monitor shares = only({{"kind", "class_share"}, {"reference", "7d"}, {"share_floor", 0.1}});
  EXPECT_EQ(shares.share_floor, 0.1);
  EXPECT_EQ(shares.reference, std::chrono::days(7));
  EXPECT_EQ(only({{"kind", "class_share"}}).drift.least_rows, 100u);
  EXPECT_THAT(refusal({{"kind", "class_share"}, {"features", {"age"}}}), HasSubstr("features"));
  const Monitor calibration = only({{"kind", "calibration"}, {"delay", "3d"}});
  EXPECT_EQ(calibration.at_most, 0.05);
  EXPECT_EQ(calibration.drift.least_rows, 200u);
  EXPECT_EQ(calibration.delay, std::chrono::days(3));
  EXPECT_THAT(refusal({{"kind", "calibration"}, {"at_most", 1.5}}), HasSubstr("monitors.m.at_most"));
}

TEST(Monitor, ComparesRowsOnlyWithATimeThatHasRows) {
  const Monitor rows = only({{"kind", "multivariate"}, {"window", "15m"}, {"reference", "14d"}, {"most_rows", 500}});
  EXPECT_EQ(rows.reference, std::chrono::days(14));
  EXPECT_EQ(rows.most_rows, 500u);
  EXPECT_EQ(rows.drift.least_rows, 200u);
  EXPECT_THAT(refusal({{"kind", "multivariate"}}), HasSubstr("say previous, 1d or 7d"));
  EXPECT_THAT(refusal({{"kind", "multivariate"}, {"reference", "attached"}}), HasSubstr("say previous, 1d or 7d"));
  EXPECT_THAT(refusal({{"kind", "multivariate"}, {"reference", "1d"}, {"most_rows", 100}}), HasSubstr("least_rows to"));
  EXPECT_THAT(refusal({{"kind", "multivariate"}, {"reference", "1d"}, {"least_rows", 49}}), HasSubstr("at least 50"));
}

TEST(Monitor, WakesSomebodyForWhatCallersSee) {
  EXPECT_EQ(only({{"kind", "errors"}}).alert.severity, Severity::kPage);
  EXPECT_EQ(only({{"kind", "latency"}}).alert.severity, Severity::kPage);
  EXPECT_EQ(only({{"kind", "quality"}}).alert.severity, Severity::kTicket);
  EXPECT_EQ(only({{"kind", "quality"}}).alert.with_loss, Severity::kPage);
  EXPECT_EQ(only({{"kind", "drift"}, {"alert", {{"with_loss", "ticket"}}}}).alert.with_loss, Severity::kTicket);
  EXPECT_EQ(only({{"kind", "estimated_accuracy"}}).alert.with_loss, Severity::kTicket);
}

TEST(Monitor, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal({{"kind", "drfit"}}), HasSubstr("monitors.m.kind: 'drfit' is none of"));
  EXPECT_THAT(refusal({{"kind", "drfit"}}), HasSubstr("did you mean 'drift'?"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"at_most", 3}}), HasSubstr("at_most"));
  EXPECT_THAT(refusal({{"kind", "volume"}}), HasSubstr("monitors.m.at_least"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"window", "soon"}}), HasSubstr("monitors.m.window"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"window", "60d"}}), HasSubstr("31d"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"window", "1d"}, {"reference", "1h"}}), HasSubstr("overlap"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"features", {"a*b"}}}), HasSubstr("a * stands at the end"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"features", Json::array()}}), HasSubstr("monitors.m.features"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"alert", {{"windows", 2}, {"failed", 3}}}}), HasSubstr("monitors.m.alert"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"alert", {{"severity", "panic"}}}}), HasSubstr("monitors.m.alert.severity"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"alert", {{"with_loss", "no"}}}}), HasSubstr("monitors.m.alert.with_loss"));
  EXPECT_THAT(refusal({{"kind", "errors"}, {"alert", {{"with_loss", "page"}}}}), HasSubstr("with_loss"));
  EXPECT_THAT(refusal({{"kind", "errors"}, {"at_most", 2}}), HasSubstr("share"));
  EXPECT_THAT(refusal({{"kind", "estimated_accuracy"}, {"metric", "r2"}}), HasSubstr("none of accuracy"));
  EXPECT_THAT(refusal({{"kind", "label_lag"}, {"at_most", "x"}}), HasSubstr("monitors.m.at_most"));
  EXPECT_FALSE(parse_monitors({{"../m", {{"kind", "drift"}}}}));
  EXPECT_FALSE(parse_monitors({{"eu.errors", {{"kind", "errors"}}}}));
}

TEST(Monitor, ReachesBackOnlyToWhatIsKnownOfSuchSpans) {
  EXPECT_THAT(refusal({{"kind", "drift"}, {"window", "15m"}, {"reference", "7d"}}), HasSubstr("known by 1h"));
  EXPECT_THAT(refusal({{"kind", "drift"}, {"window", "1h"}, {"reference", "14d"}}), HasSubstr("known by 1d"));
  EXPECT_THAT(refusal({{"kind", "volume"}, {"window", "200m"}, {"at_least", 1}}), HasSubstr("known by 1h"));
  EXPECT_EQ(refusal({{"kind", "drift"}, {"window", "1h"}, {"reference", "7d"}}), "accepted");
  EXPECT_EQ(refusal({{"kind", "drift"}, {"window", "1d"}, {"reference", "14d"}}), "accepted");
  EXPECT_EQ(refusal({{"kind", "drift"}, {"window", "15m"}, {"reference", "previous"}}), "accepted");
}

}  // namespace
}  // namespace modelyard::monitoring
