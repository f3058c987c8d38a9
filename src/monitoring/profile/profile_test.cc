// Profiles of features and windows: what they keep of rows, and their form.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "monitoring/profile/sample_share.h"
#include "monitoring/profile/tensor_profiler.h"
#include "monitoring/profile/window_profile.h"
#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using inference::TensorView;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

template <typename T>
TensorView view(std::string_view name, DataType type, inference::ShapeView shape, const T& values) {
  return {name, type, shape, std::as_bytes(std::span(values))};
}

TEST(TensorProfiler, NamesColumnsByTheirFeatures) {
  TensorProfiler profiler({{"x", {"age", "income"}}});
  const std::array<float, 4> values{1, 10, 3, 30};
  const std::array<std::int64_t, 2> shape{2, 2};

  profiler.add(Side::kInput, view("x", DataType::kFp32, shape, values), 2);
  profiler.add(Side::kOutput, view("y", DataType::kFp32, shape, values), 2);

  EXPECT_THAT(profiler.profiles(), UnorderedElementsAre(Key("age"), Key("income"), Key("y[0]"), Key("y[1]")));
  EXPECT_EQ(profiler.profiles().at("age").moments().mean(), 2);
  EXPECT_EQ(profiler.profiles().at("income").moments().mean(), 20);
}

TEST(TensorProfiler, TellsAnOutputThatIsCalledAsAnInput) {
  TensorProfiler profiler({});
  const std::array<float, 2> values{1, 2};
  const std::array<std::int64_t, 1> shape{2};

  profiler.add(Side::kInput, view("x", DataType::kFp32, shape, values), 2);
  profiler.add(Side::kOutput, view("x", DataType::kFp32, shape, values), 2);

  EXPECT_THAT(profiler.profiles(), UnorderedElementsAre(Key("x"), Key("x (output)")));
}

TEST(TensorProfiler, LooksAtRowsAtEqualDistances) {
  TensorProfiler profiler({});
  const std::array<double, 5> numbers{0, 1, 2, 3, 4};
  const std::string texts("\1\0\0\0a\1\0\0\0b\1\0\0\0c\1\0\0\0d\1\0\0\0e", 25);
  const std::array<std::int64_t, 1> shape{5};

  profiler.add(Side::kInput, view("n", DataType::kFp64, shape, numbers), 5, 2);
  profiler.add(Side::kInput, view("t", DataType::kBytes, shape, texts), 5, 2);

  EXPECT_EQ(profiler.profiles().at("n").rows(), 3u);
  EXPECT_EQ(profiler.profiles().at("n").moments().mean(), 2);
  EXPECT_EQ(profiler.profiles().at("t").rows(), 3u);
  EXPECT_EQ(profiler.profiles().at("t").categories().count_of("c"), 1u);
  EXPECT_EQ(profiler.profiles().at("t").categories().count_of("b"), 0u);
}

TEST(TensorProfiler, LeavesOutWhatHasTooManyColumns) {
  TensorProfiler profiler({});
  const std::vector<float> values(static_cast<std::size_t>(TensorProfiler::kMostColumns) + 1);
  const std::array<std::int64_t, 2> shape{1, TensorProfiler::kMostColumns + 1};

  profiler.add(Side::kInput, view("wide", DataType::kFp32, shape, values), 1);

  EXPECT_TRUE(profiler.profiles().empty());
}

TEST(TensorProfiler, LooksAtATensorThatIsNotBatchedAsOneRow) {
  TensorProfiler profiler({});
  const std::array<float, 3> values{1, 2, 3};
  const std::array<std::int64_t, 1> shape{3};

  profiler.add(Side::kInput, view("x", DataType::kFp32, shape, values), 1);

  EXPECT_THAT(profiler.profiles(), UnorderedElementsAre(Key("x[0]"), Key("x[1]"), Key("x[2]")));
}

WindowProfile window_of(std::uint32_t seed, std::size_t rows) {
  WindowProfile window;
  window.from = UtcTime(std::chrono::hours(seed));
  window.to = UtcTime(std::chrono::hours(seed + 1));
  window.rows = window.profiled = rows;
  FeatureProfile numbers(FeatureKind::kNumber), texts(FeatureKind::kCategory);
  for (const double u : statistics::uniform_stream(seed, rows)) {
    numbers.add(u < 0.1 ? std::nan("") : u);
    texts.add(u < 0.5 ? "low" : "high");
    window.traffic.add(Ending::kAnswered, std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * (1 + u))));
  }
  window.features.emplace("u", std::move(numbers));
  window.features.emplace("text", std::move(texts));
  return window;
}

TEST(WindowProfile, IsTheSameAfterItsDocumentWasRead) {
  const WindowProfile window = window_of(3, 1000);

  const auto read = parse_window_profile(*parse_json(to_json(window).dump()));

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(window));
  EXPECT_EQ(read->features.at("u").quantiles().quantile(0.5), window.features.at("u").quantiles().quantile(0.5));
  EXPECT_EQ(read->traffic.latency(0.99), window.traffic.latency(0.99));
}

TEST(WindowProfile, MergesToWhatAllRowsTogetherWouldBe) {
  WindowProfile merged = window_of(3, 150);
  merge(merged, window_of(5, 150));

  EXPECT_EQ(merged.from, UtcTime(std::chrono::hours(3)));
  EXPECT_EQ(merged.to, UtcTime(std::chrono::hours(6)));
  EXPECT_EQ(merged.rows, 300u);
  EXPECT_EQ(merged.traffic.answered(), 300u);
  EXPECT_EQ(merged.features.at("u").rows(), 300u);
  EXPECT_EQ(merged.features.at("text").categories().count(), 300u);
}

TEST(WindowProfile, RefusesDocumentsThatCannotBe) {
  const Json good = to_json(window_of(3, 10));
  const auto refused = [](Json document, const Json::json_pointer& at, const Json& value) {
    document[at] = value;
    const auto read = parse_window_profile(document);
    return read ? std::string("read") : read.error().message();
  };
  using Pointer = Json::json_pointer;

  EXPECT_THAT(refused(good, Pointer("/format"), "modelyard-profile/9"), HasSubstr("modelyard-profile/1"));
  EXPECT_THAT(refused(good, Pointer("/rows"), -1), HasSubstr("profile.rows: negative"));
  EXPECT_THAT(refused(good, Pointer("/from"), "now"), HasSubstr("profile.from"));
  EXPECT_THAT(refused(good, Pointer("/features/u/kind"), "colour"), HasSubstr("'number' or 'category'"));
  EXPECT_THAT(refused(good, Pointer("/features/u/rows"), 11), HasSubstr("do not go with"));
  EXPECT_THAT(refused(good, Pointer("/features/u/quantiles"), "!"), HasSubstr("profile.features.u.quantiles"));
  EXPECT_THAT(refused(good, Pointer("/features/u/moments"), ""), HasSubstr("profile.features.u.moments"));
  EXPECT_THAT(refused(good, Pointer("/features/text/frequent"), "AAAA"), HasSubstr("profile.features.text.frequent"));
  EXPECT_THAT(refused(good, Pointer("/traffic/latencies"), Json::parse("[[9999,1]]")), HasSubstr("bucket"));
  EXPECT_THAT(refused(good, Pointer("/surprise"), 1), HasSubstr("surprise"));
}

TEST(Traffic, KnowsALatencyToAnEighth) {
  for (const std::int64_t nanoseconds : {1'000, 1'024, 5'000, 123'456, 9'999'999, 2'000'000'000}) {
    Traffic traffic;
    traffic.add(Ending::kAnswered, std::chrono::nanoseconds(nanoseconds));
    const double said = static_cast<double>(traffic.latency(0.5)->count());
    EXPECT_GE(said, static_cast<double>(nanoseconds));
    EXPECT_LE(said, 1.125 * static_cast<double>(std::max<std::int64_t>(nanoseconds, 1024)) + 1);
  }
}

TEST(Traffic, CountsFailuresAgainstThoseThatWereNotRefused) {
  Traffic traffic;
  for (int i = 0; i < 6; ++i) traffic.add(Ending::kAnswered, std::chrono::milliseconds(1));
  for (int i = 0; i < 2; ++i) traffic.add(Ending::kFailed, std::chrono::milliseconds(1));
  for (int i = 0; i < 9; ++i) traffic.add(ending_of(Code::kInvalidArgument), std::chrono::milliseconds(1));

  EXPECT_EQ(traffic.requests(), 17u);
  EXPECT_EQ(traffic.failed_share(), 0.25);
  EXPECT_EQ(Traffic().latency(0.5), std::nullopt);
  EXPECT_EQ(traffic.slower_than(std::chrono::microseconds(900)), 6u);
  EXPECT_EQ(traffic.slower_than(std::chrono::microseconds(1200)), 0u);
}

// A load that costs `each` for a profiled prediction, `rate` predictions a second, for some seconds.
struct Load {
  SampleShare& share;
  SteadyTime& now;
  double spent_part(int rate, std::chrono::nanoseconds each, int seconds) {
    std::chrono::nanoseconds spent{0};
    std::uint64_t hash = 0;
    for (int i = 0; i < rate * seconds; ++i) {
      now += std::chrono::nanoseconds(1'000'000'000 / rate);
      hash = hash * 6364136223846793005u + 1442695040888963407u;
      if (!share.takes(hash >> 32)) continue;
      share.spent(each, now);
      spent += each;
    }
    return std::chrono::duration<double>(spent).count() / seconds;
  }
};

TEST(SampleShare, StaysWithinItsPartOfTheTime) {
  SteadyTime now{};
  SampleShare share(0.02, now);
  Load load{share, now};

  load.spent_part(20'000, std::chrono::nanoseconds(5000), 10);  // 10 % of the time, if all were profiled
  EXPECT_LE(load.spent_part(20'000, std::chrono::nanoseconds(5000), 20), 0.021);
  EXPECT_EQ(share.share(), 0.125);
}

TEST(SampleShare, TakesEverythingAgainWhenThereIsLittle) {
  SteadyTime now{};
  SampleShare share(0.02, now);
  Load load{share, now};
  load.spent_part(50'000, std::chrono::nanoseconds(20'000), 10);
  EXPECT_LE(share.share(), 1.0 / 32);

  now += std::chrono::minutes(10);
  share.look(now);

  EXPECT_EQ(share.share(), 1);
}

}  // namespace
}  // namespace modelyard::monitoring
