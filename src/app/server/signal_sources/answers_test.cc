#include "app/server/signal_sources/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/names.h"

namespace modelyard::app {
namespace {

using testing::HasSubstr;

Result<control::SignalAnswer> read(std::string_view type, std::string_view result, std::string_view more = "") {
  return read_prometheus_answer(
      fmt::format(R"({{"status": "success", "data": {{"resultType": "{}", "result": {}}}{}}})", type, result, more));
}
Result<control::SignalAnswer> read_value(std::string_view number) {
  return read("vector", fmt::format(R"([{{"metric": {{"job": "x"}}, "value": [1.7e9, "{}"]}}])", number));
}
std::string refusal(const Result<control::SignalAnswer>& answer) {
  return answer ? "" : std::string(answer.error().message());
}

TEST(PrometheusAnswer, IsAScalarOrTheOnlySampleOfAVector) {
  EXPECT_EQ(read("scalar", R"([1700000000.123, "1.5"])")->value, 1.5);
  EXPECT_EQ(read_value("5e-06")->value, 5e-06);
  EXPECT_EQ(read_value("-2")->value, -2);
  EXPECT_EQ(read_value("+2")->value, 2);
}

TEST(PrometheusAnswer, HasNoValueWithoutASeriesOrANumber) {
  const auto none = read("vector", "[]");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->value);
  EXPECT_EQ(none->reason, "the query finds no series");
  for (const char* const text : {"NaN", "+Inf", "-Inf"}) {
    const auto answer = read_value(text);
    ASSERT_TRUE(answer) << text;
    EXPECT_FALSE(answer->value) << text;
    EXPECT_THAT(answer->reason, HasSubstr("the query's value is")) << text;
  }
}

TEST(PrometheusAnswer, WithSeveralSeriesSaysSo) {
  EXPECT_EQ(refusal(read("vector", R"([{"value": [1, "1"]}, {"value": [1, "2"]}])")),
            "the query finds 2 series; write one that has one, such as sum(…)");
  EXPECT_THAT(refusal(read("matrix", "[]")), HasSubstr("a matrix for result"));
  EXPECT_THAT(refusal(read("string", R"([1, "x"])")), HasSubstr("a string for result"));
  EXPECT_THAT(refusal(read("vector", R"([{"metric": {}, "histogram": [1, {}]}])")), HasSubstr("histogram_quantile"));
}

TEST(PrometheusAnswer, PassesOnWarningsAndLeavesAloneWhatLaterVersionsSay) {
  const auto answer =
      read("scalar", R"([1, "1"])", R"(, "warnings": ["one", "two\n", 3], "infos": ["x"], "stats": {})");

  ASSERT_TRUE(answer) << refusal(answer);
  EXPECT_EQ(answer->value, 1);
  EXPECT_EQ(answer->warning, "one; two ");
}

TEST(PrometheusAnswer, IsRefusedInAnyOtherForm) {
  for (const char* const body :
       {"", "[]", "null", R"({"status": "success"})", R"({"status": "error", "error": "x"})",
        R"({"status": "success", "data": {"resultType": "vector"}})",
        R"({"status": "success", "data": {"resultType": "vector", "result": {}}})",
        R"({"status": "success", "data": {"resultType": "vector", "result": [1]}})",
        R"({"status": "success", "data": {"resultType": "vector", "result": [{}]}})",
        R"({"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, 2]}]}})",
        R"({"status": "success", "data": {"resultType": "vector", "result": [{"value": ["1"]}]}})",
        R"({"status": "success", "data": {"resultType": "scalar", "result": [1, "1", 2]}})"}) {
    EXPECT_FALSE(read_prometheus_answer(body)) << body;
  }
  for (const char* const number : {"", " 1", "1 ", "0x10", "1e999", "one"}) EXPECT_FALSE(read_value(number)) << number;
}

TEST(PrometheusAnswer, IsBoundedInSizeAndDepth) {
  EXPECT_FALSE(read("scalar", R"([1, "1"])", std::string(kMostPrometheusBytes, ' ')));
  EXPECT_TRUE(read("scalar", R"([1, "1"])", std::string(kMostPrometheusBytes - 100, ' ')));
  EXPECT_FALSE(
      read("scalar", R"([1, "1"])", fmt::format(R"(, "x": {}{})", std::string(50, '['), std::string(50, ']'))));
}

TEST(PrometheusRefusal, SaysWhatIsWrongOnOneShortLine) {
  EXPECT_EQ(prometheus_refusal(400, R"({"status": "error", "errorType": "bad_data", "error": "parse\nerror"})"),
            "answered 400: parse error");
  EXPECT_EQ(prometheus_refusal(502, "<html>bad gateway</html>"), "answered 502");
  const Json document{{"error", std::string(1000, 'x') + "ä"}};
  EXPECT_EQ(prometheus_refusal(500, document.dump()).size(), kMostWords);
}

TEST(WebhookAnswer, HasAValueOrSaysWhyNot) {
  const auto answer = read_webhook_answer(R"({"value": 0.97, "reason": "of 12\nchecks"})");
  ASSERT_TRUE(answer) << refusal(answer);
  EXPECT_EQ(answer->value, 0.97);
  EXPECT_EQ(answer->reason, "of 12 checks");
  const auto none = read_webhook_answer(R"({"value": null, "reason": "not yet"})");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->value);
  EXPECT_EQ(none->reason, "not yet");
  EXPECT_EQ(read_webhook_answer(R"({"value": null})")->reason, "it has no value");
  EXPECT_EQ(read_webhook_answer(R"({"value": null, "reason": ""})")->reason, "it has no value");
  EXPECT_EQ(read_webhook_answer(R"({"value": 1})")->value, 1);
}

TEST(WebhookAnswer, IsRefusedInAnyOtherForm) {
  for (const char* const body :
       {"", "1", "{}", R"({"value": "1"})", R"({"value": true})", R"({"value": 1, "values": 2})",
        R"({"value": 1, "reason": 2})", R"({"value": 1e999})", R"({"value": NaN})", R"({"value": 1, "value": 2})",
        R"({"verdict": "pass"})", R"({"value": 1} x)"}) {
    EXPECT_FALSE(read_webhook_answer(body)) << body;
  }
  EXPECT_FALSE(read_webhook_answer(R"({"value": 1})" + std::string(kMostWebhookBytes, ' ')));
}

TEST(WebhookAnswer, HasFewWordsCutBetweenCharacters) {
  std::string umlauts = "x";
  for (int i = 0; i < 1000; ++i) umlauts += "ä";

  const std::string cut = read_webhook_answer(Json{{"value", 1}, {"reason", umlauts}}.dump())->reason;

  EXPECT_EQ(cut.size(), kMostWords - 1);
  EXPECT_TRUE(is_valid_utf8(cut));
}

}  // namespace
}  // namespace modelyard::app
