#include "monitoring/profile/live_profiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/fake_clock.h"

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

class LiveProfilerTest : public testing::Test {
 protected:
  LiveProfilerTest() {
    signature_.batched = true;
    signature_.inputs.push_back({"x", DataType::kFp32, {-1, 2}, false, {"age", "income"}});
  }

  void see(const std::string& endpoint, const VersionRef& version, std::int64_t rows,
           std::optional<Code> failure = std::nullopt) {
    const std::vector<float> values(static_cast<std::size_t>(2 * rows), 1.5F);
    const std::array<std::int64_t, 2> shape{rows, 2};
    const inference::TensorView input{"x", DataType::kFp32, shape, std::as_bytes(std::span(values))};
    SeenPrediction seen{.endpoint = endpoint, .version = version, .signature = signature_, .inputs = {&input, 1}};
    seen.failure = failure;
    seen.masked = masked_;
    seen.rows = rows;
    seen.latency = std::chrono::milliseconds(2);
    profiler_.add(seen);
  }

  FakeClock clock_;
  inference::Signature signature_;
  LiveProfiler profiler_{0.02, clock_};
  std::vector<std::string> masked_;
  const VersionRef first_{"m", 1}, second_{"m", 2};
};

TEST_F(LiveProfilerTest, KeepsEndpointsAndVersionsApart) {
  see("a", first_, 1);
  see("a", second_, 2);
  see("b", second_, 3);
  see("a", first_, 1);

  const auto taken = profiler_.take();

  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].window.rows, 2u);
  EXPECT_EQ(taken[0].window.features.at("age").rows(), 2u);
  EXPECT_EQ(taken[1].version, second_);
  EXPECT_EQ(taken[1].window.rows, 2u);
  EXPECT_EQ(taken[2].endpoint, "b");
  EXPECT_EQ(taken[2].window.traffic.answered(), 1u);
}

TEST_F(LiveProfilerTest, GivesEachWindowOnce) {
  see("a", first_, 1);
  EXPECT_EQ(profiler_.take().size(), 1u);
  EXPECT_TRUE(profiler_.take().empty());
}

TEST_F(LiveProfilerTest, CountsFailuresWithoutLookingAtTheirRows) {
  see("a", first_, 1, Code::kInternal);
  see("a", first_, 1, Code::kInvalidArgument);

  const auto taken = profiler_.take();

  EXPECT_EQ(taken[0].window.traffic.failed(), 1u);
  EXPECT_EQ(taken[0].window.traffic.refused(), 1u);
  EXPECT_EQ(taken[0].window.rows, 0u);
  EXPECT_TRUE(taken[0].window.features.empty());
}

TEST_F(LiveProfilerTest, LooksAtABoundedNumberOfValuesOfARequest) {
  see("a", first_, 100'000);

  const auto taken = profiler_.take();

  EXPECT_EQ(taken[0].window.rows, 100'000u);
  EXPECT_EQ(taken[0].window.profiled, taken[0].window.features.at("age").rows());
  EXPECT_LE(taken[0].window.profiled, LiveProfiler::kMostValues / 2 + 1);
  EXPECT_GE(taken[0].window.profiled, LiveProfiler::kMostValues / 4);
  EXPECT_NEAR(taken[0].window.least_share, 0.02, 0.001);
}

TEST_F(LiveProfilerTest, DoesNotLookAtWhatIsMasked) {
  see("a", first_, 1);
  masked_ = {"income"};
  see("a", first_, 1);
  see("b", first_, 1);
  masked_ = {"x"};
  see("c", first_, 1);

  const auto taken = profiler_.take();

  EXPECT_THAT(taken[0].window.features, UnorderedElementsAre(Key("age")));  // what was kept before is gone, too
  EXPECT_EQ(taken[0].window.features.at("age").rows(), 2u);
  EXPECT_THAT(taken[1].window.features, UnorderedElementsAre(Key("age")));
  EXPECT_THAT(taken[2].window.features, IsEmpty());
  EXPECT_EQ(taken[2].window.traffic.answered(), 1u);
}

TEST_F(LiveProfilerTest, ForgetsTheFeaturesOfATensorThatIsMaskedLater) {
  see("a", first_, 1);
  masked_ = {"x"};
  see("a", first_, 1);
  EXPECT_THAT(profiler_.take()[0].window.features, IsEmpty());
}

TEST_F(LiveProfilerTest, CountsWhatIsBeyondItsBound) {
  for (std::size_t i = 0; i < LiveProfiler::kMostStreams + 3; ++i) see(std::to_string(i), first_, 1);

  EXPECT_EQ(profiler_.take().size(), LiveProfiler::kMostStreams);
  EXPECT_EQ(profiler_.left_out(), 3u);
}

TEST_F(LiveProfilerTest, LooksAtNoFurtherStreamsWhenThereAreTooManyFeatures) {
  constexpr std::int64_t kColumns = TensorProfiler::kMostColumns;
  constexpr auto kFull = static_cast<std::int64_t>(LiveProfiler::kMostLiveFeatures) / kColumns;
  const std::vector<float> values(kColumns, 1.5F);
  const std::array<std::int64_t, 2> shape{1, kColumns};
  const inference::TensorView input{"x", DataType::kFp32, shape, std::as_bytes(std::span(values))};
  const auto see_wide = [&](std::int64_t version) {
    const VersionRef ref{"m", version};
    SeenPrediction seen{.endpoint = "a", .version = ref, .signature = signature_, .inputs = {&input, 1}};
    seen.rows = 1;
    profiler_.add(seen);
  };
  for (std::int64_t version = 1; version <= kFull + 1; ++version) see_wide(version);
  see_wide(1);

  EXPECT_EQ(profiler_.left_out(), 1u);
  const auto taken = profiler_.take();
  EXPECT_EQ(taken.front().window.profiled, 2u) << "what is known goes on";
  EXPECT_EQ(taken.back().window.profiled, 0u);
  EXPECT_EQ(taken.back().window.traffic.answered(), 1u) << "traffic counts all the same";
  see_wide(kFull + 1);
  EXPECT_EQ(profiler_.take().front().window.profiled, 1u) << "the next window begins anew";
}

TEST_F(LiveProfilerTest, PutsTheTimeOfAWindowBetweenTwoTakings) {
  (void)profiler_.take();
  const UtcTime begin = clock_.utc_now();
  clock_.advance(std::chrono::minutes(5));
  see("a", first_, 1);

  const auto taken = profiler_.take();

  EXPECT_EQ(taken[0].window.from, begin);
  EXPECT_EQ(taken[0].window.to, begin + std::chrono::minutes(5));
}

}  // namespace
}  // namespace modelyard::monitoring
