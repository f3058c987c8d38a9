#include "app/server/exemplars.h"

#include <gtest/gtest.h>

namespace modelyard::app {
namespace {

using namespace std::chrono_literals;

TracedPrediction took(std::chrono::nanoseconds time, std::uint8_t trace) {
  TracedPrediction prediction;
  prediction.trace.trace = {trace};
  prediction.model = "m";
  prediction.version = 3;
  prediction.end = utc_from_micros(1'500'000);
  prediction.durations.total = time;
  return prediction;
}

TEST(Exemplars, KeepTheLastTraceOfEachBucket) {
  Exemplars exemplars;
  exemplars.take(took(50us, 1));
  exemplars.take(took(51us, 2));
  exemplars.take(took(99us, 3));
  exemplars.take(took(1h, 4));

  const auto found = exemplars.find({"m", 3}, serving::Protocol::kOpenInference, 0);

  EXPECT_EQ(found[0]->trace_id, "01000000000000000000000000000000");
  EXPECT_EQ(found[1]->trace_id, "03000000000000000000000000000000");
  EXPECT_DOUBLE_EQ(found[1]->value, 0.000099);
  EXPECT_DOUBLE_EQ(found[1]->timestamp, 1.5);
  EXPECT_FALSE(found[2].has_value());
  EXPECT_EQ(found.back()->trace_id, "04000000000000000000000000000000");
}

TEST(Exemplars, AreOfOneHistogram) {
  Exemplars exemplars;
  TracedPrediction failed = took(50us, 1);
  failed.failure = Code::kInternal;
  exemplars.take(failed);
  TracedPrediction refused = took(50us, 2);
  refused.was_taken = false;
  exemplars.take(refused);

  EXPECT_FALSE(exemplars.find({"m", 3}, serving::Protocol::kOpenInference, 0)[0].has_value());
  EXPECT_TRUE(
      exemplars.find({"m", 3}, serving::Protocol::kOpenInference, serving::outcome_of(Code::kInternal))[0].has_value());
  EXPECT_FALSE(exemplars.find({"m", 4}, serving::Protocol::kOpenInference, serving::outcome_of(Code::kInternal))[0]);
}

TEST(Exemplars, DoNotGrowForEver) {
  Exemplars exemplars;
  for (std::size_t i = 0; i <= Exemplars::kMostHistograms; ++i) {
    TracedPrediction prediction = took(50us, 1);
    prediction.version = static_cast<VersionNumber>(i);
    exemplars.take(prediction);
  }

  EXPECT_FALSE(exemplars.find({"m", 0}, serving::Protocol::kOpenInference, 0)[0].has_value());
  EXPECT_TRUE(exemplars.find({"m", Exemplars::kMostHistograms}, serving::Protocol::kOpenInference, 0)[0].has_value());
}

}  // namespace
}  // namespace modelyard::app
