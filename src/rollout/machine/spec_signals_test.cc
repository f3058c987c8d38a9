#include "rollout/machine/spec_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/machine/test_rollouts.h"

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string spec_text(std::string_view signals, std::string_view gates = R"("signal:load <= 5")") {
  return fmt::format(R"({{"candidate": 8, "strategy": "canary", "steps": [50], "gates": [{}], "signals": {}}})", gates,
                     signals);
}

std::string refusal_of(std::string_view signals) {
  const auto document = parse_json(spec_text(signals));
  EXPECT_TRUE(document) << document.error().message();
  const auto spec = parse_rollout_spec(*document);
  return spec ? "" : spec.error().message();
}

// The signal `load` with these fields beside its source.
std::string refusal_of_load(std::string_view fields) {
  return refusal_of(fmt::format(R"({{"load": {{"source": "metrics", {}}}}})", fields));
}

Status check(std::string_view signals, std::string_view gates) {
  const RolloutSpec spec = spec_of(spec_text(signals, gates));
  return check_signals(spec, *parse_gates(spec.gates));
}

TEST(SpecSignals, HaveDefaults) {
  const RolloutSpec spec = spec_of(spec_text(R"({"load": {"source": "metrics"}})"));

  ASSERT_TRUE(spec.signals.contains("load"));
  const ExternalSignal& load = spec.signals.at("load");
  EXPECT_EQ(load.source, "metrics");
  EXPECT_EQ(load.query, "");
  EXPECT_EQ(load.interval, 30s);
  EXPECT_EQ(load.timeout, 10s);
  EXPECT_EQ(load.failures, 3);
}

TEST(SpecSignals, AreTheSameWhenTheyAreWrittenAndReadAgain) {
  const RolloutSpec spec = spec_of(spec_text(
      R"({"load": {"source": "metrics", "query": "x{v=\"{{candidate}}\"}", "interval": "10s", "timeout": "2s",
          "failures": 1}, "checks": {"source": "webhook"}})"));

  EXPECT_EQ(*parse_rollout_spec(to_json(spec)), spec);
}

TEST(SpecSignals, HaveTimesWithinLimits) {
  EXPECT_EQ(refusal_of_load(R"("interval": "1h", "timeout": "60s", "failures": 10)"), "");
  EXPECT_EQ(refusal_of_load(R"("interval": "9s")"), "signals.load.interval: is from 10s to 1h");
  EXPECT_THAT(refusal_of_load(R"("interval": "2h")"), HasSubstr("interval"));
  EXPECT_EQ(refusal_of_load(R"("interval": "20s", "timeout": "21s")"), "signals.load.timeout: is from 1s to 20s");
  EXPECT_THAT(refusal_of_load(R"("interval": "1h", "timeout": "61s")"), HasSubstr("timeout"));
  EXPECT_THAT(refusal_of_load(R"("timeout": "0s")"), HasSubstr("timeout"));
  EXPECT_THAT(refusal_of_load(R"("failures": 0)"), HasSubstr("from 1 to 10"));
  EXPECT_THAT(refusal_of_load(R"("failures": 11)"), HasSubstr("from 1 to 10"));
}

TEST(SpecSignals, RefuseWhatBelongsToTheServer) {
  EXPECT_THAT(refusal_of_load(R"("url": "http://169.254.169.254/")"), HasSubstr("url"));
  EXPECT_THAT(refusal_of_load(R"("secret": "hush")"), HasSubstr("secret"));
  EXPECT_THAT(refusal_of(R"({"load": {}})"), HasSubstr("source"));
}

TEST(SpecSignals, HaveQueriesThatCanBeFilledIn) {
  EXPECT_THAT(refusal_of_load(R"("query": "x{v=\"{{version}}\"}")"), HasSubstr("{{version}}"));
  EXPECT_THAT(refusal_of_load(R"("query": "")"), HasSubstr("query"));
  EXPECT_THAT(refusal_of_load(R"("query": "a\u0000b")"), HasSubstr("query"));
  EXPECT_EQ(refusal_of_load(R"("query": "a\n\t+ b")"), "");
  EXPECT_EQ(refusal_of_load(fmt::format(R"("query": "{}")", std::string(kMostQueryBytes, 'x'))), "");
  EXPECT_THAT(refusal_of_load(fmt::format(R"("query": "{}")", std::string(kMostQueryBytes + 1, 'x'))),
              HasSubstr("query"));
}

TEST(SpecSignals, AreFewWithPlainNames) {
  EXPECT_THAT(refusal_of(R"({"Load": {"source": "metrics"}})"), HasSubstr("'Load' is no name"));
  EXPECT_THAT(refusal_of(R"({"load": "metrics"})"), HasSubstr("signals.load"));
  Json many = Json::object();
  for (std::size_t i = 0; i <= kMostSignals; ++i) many[fmt::format("load{}", i)] = {{"source", "metrics"}};
  EXPECT_THAT(refusal_of(many.dump()), HasSubstr("at most 16"));
}

TEST(SpecSignals, AndGatesOnThemNeedEachOther) {
  constexpr std::string_view kLoad = R"({"load": {"source": "metrics"}})";

  EXPECT_TRUE(check(kLoad, R"("signal:load <= 5", "signal:load >= 1", "error_rate <= 1%")"));
  EXPECT_TRUE(check("{}", R"("error_rate <= 1%")"));
  EXPECT_THAT(check(kLoad, R"("signal:load <= 5", "signal:cost <= 5")").error().message(),
              HasSubstr("write signals: {cost:"));
  EXPECT_THAT(check(kLoad, R"("metric:load <= 5")").error().message(), HasSubstr("no gate asks for it"));
}

}  // namespace
}  // namespace modelyard::rollout
