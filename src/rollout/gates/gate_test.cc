#include "rollout/gates/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string refusal(std::string_view text) {
  const auto gate = parse_gate(text);
  if (gate) return fmt::format("'{}' is read", text);
  return gate.error().message();
}

TEST(Gate, IsReadWithAllItsClausesInAnyOrder) {
  const auto gate = parse_gate("p99.9_ms <= stable * 1.1 min 500 nodata fail over 10m at 99.5%");

  ASSERT_TRUE(gate) << gate.error().message();
  EXPECT_EQ(gate->signal, Signal::kLatency);
  EXPECT_EQ(gate->quantile, 0.999);
  EXPECT_EQ(gate->relative, RelativeTo::kStableTimes);
  EXPECT_EQ(gate->limit, 1.1);
  EXPECT_NEAR(*gate->confidence, 0.995, 1e-12);
  EXPECT_EQ(gate->window, 10min);
  EXPECT_EQ(gate->least_samples, 500u);
  EXPECT_EQ(gate->on_no_data, OnNoData::kFail);
  EXPECT_EQ(canonical_text(*gate), "p99.9_ms <= stable * 1.1 at 99.5% over 10m min 500 nodata fail");
}

TEST(Gate, HasDefaultsThatNeedNotBeWritten) {
  const auto gate = parse_gate("error_rate <= 0.5%");

  ASSERT_TRUE(gate);
  EXPECT_NEAR(gate->limit, 0.005, 1e-15);
  EXPECT_EQ(gate->least_samples, 100u);
  EXPECT_EQ(gate->on_no_data, OnNoData::kHold);
  EXPECT_FALSE(gate->confidence || gate->window || gate->is_relative());
}

TEST(Gate, IsTheSameWhenItsCanonicalTextIsRead) {
  const std::pair<std::string, std::string> lines[] = {
      {"error_rate <= 0.5%", ""},
      {"timeout_rate   <= 0.1%  ", "timeout_rate <= 0.1%"},
      {"nonfinite_rate <= 0%", ""},
      {"error_rate <= 0.7%", ""},
      {"error_rate <= stable + 0.2%", ""},
      {"error_rate <= stable * 1.50", "error_rate <= stable * 1.5"},
      {"p50_ms <= 40.0", "p50_ms <= 40"},
      {"p99_ms <= stable + 5", ""},
      {"accuracy >= stable - 0.01 at 95%", ""},
      {"accuracy >= stable - 1%", "accuracy >= stable - 0.01"},
      {"accuracy >= 90%", "accuracy >= 0.9"},
      {"accuracy >= stable - 0 min 100 nodata hold", "accuracy >= stable"},
      {"disagreement <= 2% over 60m", "disagreement <= 2% over 1h"},
      {"output_distance <= 0.1", ""},
      {"metric:revenue.per-click_2 >= stable - 0.5", ""},
      {"metric:margin >= -5", ""},
      {"metric:cost <= 5", ""}};
  for (const auto& [line, canonical] : lines) {
    const auto gate = parse_gate(line);
    ASSERT_TRUE(gate) << gate.error().message();
    EXPECT_EQ(gate->text, line);
    const std::string text = canonical_text(*gate);
    EXPECT_EQ(text, canonical.empty() ? line : canonical);
    EXPECT_EQ(canonical_text(*parse_gate(text)), text);
  }
}

TEST(Gate, SaysWhatIsWrongWhereAndWhatToWriteInstead) {
  const std::pair<std::string_view, std::string_view> lines[] = {
      {"eror_rate <= 1%", "at 'eror_rate': a gate begins with one of error_rate,"},
      {"eror_rate <= 1%", "did you mean 'error_rate'?"},
      {"p98_ms <= 40", "did you mean 'p9"},
      {"", "at 'the end': a gate begins with"},
      {"error_rate", "at 'the end': write '<=' or '>='"},
      {"p99_ms<=40", "write spaces around '<='"},
      {"error_rate < 1%", "at '<': write '<=' or '>='"},
      {"error_rate >= 1%", "more of it is worse: write '<='"},
      {"accuracy <= 0.9", "more of it is better: write '>='"},
      {"error_rate <= 0.5", "write a rate in percent, such as 0.5%"},
      {"error_rate <= 150%", "from 0% to below 100%"},
      {"error_rate <= -1%", "from 0% to below 100%"},
      {"error_rate <= 1e-3%", "write a plain number"},
      {"error_rate <= stable+1%", "write spaces around what follows 'stable'"},
      {"error_rate <= stable + -1%", "write the sign before the space"},
      {"error_rate <= stable * 0", "a factor from 0.01 to 100"},
      {"error_rate <= stable * 110%", "a factor from 0.01 to 100"},
      {"p99_ms <= 0", "above 0 ms"},
      {"p99_ms <= stable + 10%", "such as stable * 1.1"},
      {"p99_ms <= 40ms", "write a plain number"},
      {"metric:x >= stable - 5%", "such as stable * 0.95"},
      {"metric: >= 5", "a metric's name has 1 to 64"},
      {"metric:Revenue >= 5", "a metric's name has 1 to 64"},
      {"accuracy >= 1", "a share between 0 and 1"},
      {"output_distance <= 1.5", "a distance lies between 0"},
      {"disagreement <= stable", "write a number"},
      {"output_distance <= stable * 2", "write a number"},
      {"error_rate <= 1% at 95", "such as at 95%"},
      {"error_rate <= 1% at 100%", "below 100%"},
      {"error_rate <= 1% over ten", "expected a time like"},
      {"error_rate <= 1% over 1s", "a window from 10s to 31d"},
      {"error_rate <= 1% min 0", "a count from 1 to"},
      {"error_rate <= 1% min -5", "a count from 1 to"},
      {"error_rate <= 1% nodata shrug", "write hold, fail or pass"},
      {"error_rate <= 1% min 5 min 6", "at 'min': it is said twice"},
      {"error_rate <= 1% and more", "at 'and': write 'at 95%'"},
      {"error_rate <= nan%", "write a plain number"},
      {"error_rate <=\t1%", "plain ASCII"}};
  for (const auto& [line, expected] : lines) EXPECT_THAT(refusal(line), HasSubstr(expected));
  EXPECT_THAT(refusal(std::string(300, 'p')), HasSubstr("at most 200"));
}

TEST(Gates, MayNotSayTheSameTwice) {
  const auto twice = parse_gates(std::vector<std::string>{"error_rate <= 1%", "error_rate <= 1.0% at 99%"});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("'error_rate <= 1.0% at 99%' says what 'error_rate <= 1%' says"));

  const auto stricter = parse_gates(std::vector<std::string>{"error_rate <= 20%", "error_rate <= 1% min 5000"});
  ASSERT_TRUE(stricter);
  EXPECT_EQ(stricter->size(), 2u);
  EXPECT_FALSE(parse_gates(std::vector<std::string>(65, "error_rate <= 1%")));
}

}  // namespace
}  // namespace modelyard::rollout
