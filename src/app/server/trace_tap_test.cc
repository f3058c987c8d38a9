#include "app/server/trace_tap.h"

#include <gtest/gtest.h>

#include "app/server/made_up_ended.h"

namespace modelyard::app {
namespace {

class TraceTapTest : public testing::Test {
 protected:
  std::optional<TracedPrediction> told(double share) {
    telemetry::Sampler sampler(share);
    TraceTap tap(lane_, sampler, random_, [this] { ++wakes_; });
    EXPECT_EQ(tap.on_end(made_up_.ended), 0u);
    std::optional<TracedPrediction> found;
    lane_.ring.pop([&](const TracedPrediction& record) { found = record; });
    return found;
  }

  MadeUpEnded made_up_;
  TraceLane lane_;
  SeededRandom random_{1};
  int wakes_ = 0;
};

TEST_F(TraceTapTest, NamesANewTraceByItsPrediction) {
  const auto record = told(1);

  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->trace.trace, made_up_.ended.prediction_id.bytes());
  EXPECT_FALSE(record->has_parent());
  EXPECT_NE(record->span, telemetry::SpanId{});
  EXPECT_EQ(record->tracestate, "ot=th:0");
  EXPECT_EQ(record->endpoint, "e");
  EXPECT_EQ(record->model, "m");
  EXPECT_EQ(record->version, 3);
  EXPECT_EQ(record->run_rows, 5);
}

TEST_F(TraceTapTest, GoesOnWithTheCallersTrace) {
  made_up_.request.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  made_up_.request.tracestate = "congo=t61rcWkgMzE";

  const auto record = told(0);

  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->has_parent());
  EXPECT_EQ(record->trace.trace[0], 0x4b);
  EXPECT_EQ(record->tracestate, "congo=t61rcWkgMzE");
}

TEST_F(TraceTapTest, LeavesAMalformedTracestateOut) {
  made_up_.request.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  made_up_.request.tracestate = "\xff=\x01";

  EXPECT_EQ(told(0)->tracestate, "");
}

TEST_F(TraceTapTest, TellsNothingOfATraceThatIsNotKept) {
  EXPECT_FALSE(told(0).has_value());
  made_up_.request.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  EXPECT_FALSE(told(1).has_value());
}

TEST_F(TraceTapTest, TellsOfARequestThatWasNotTaken) {
  const telemetry::Sampler sampler(1);
  TraceTap tap(lane_, sampler, random_, [] {});
  const std::string name(10'000, 'x');

  tap.on_refused({.endpoint = name, .protocol = serving::Protocol::kOpenInference, .code = Code::kNotFound});
  tap.on_refused({.endpoint = "e", .servable = &made_up_.servable, .code = Code::kResourceExhausted});

  std::vector<TracedPrediction> records;
  while (lane_.ring.pop([&](const TracedPrediction& record) { records.push_back(record); })) continue;
  ASSERT_EQ(records.size(), 2u);
  EXPECT_FALSE(records[0].was_taken);
  EXPECT_EQ(records[0].endpoint.size(), TraceTap::kMostText);
  EXPECT_EQ(records[0].model, "");
  EXPECT_EQ(records[0].failure, Code::kNotFound);
  EXPECT_EQ(records[1].model, "m");
  EXPECT_NE(records[0].trace.trace, records[1].trace.trace);
}

TEST_F(TraceTapTest, DropsAndCountsWhatFindsNoRoomAndWakesWhenManyWait) {
  const telemetry::Sampler sampler(1);
  TraceTap tap(lane_, sampler, random_, [this] { ++wakes_; });

  for (std::size_t i = 0; i < TraceLane::kRecords + 3; ++i) tap.on_end(made_up_.ended);

  EXPECT_EQ(lane_.ring.size(), TraceLane::kRecords);
  EXPECT_EQ(lane_.dropped_spans.load(), 3u * 4u);
  EXPECT_EQ(wakes_, 1);
}

}  // namespace
}  // namespace modelyard::app
