#include "control/rollouts/signal_asker.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/directory.h"
#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "base/unique_fd.h"
#include "rollout/machine/looking.h"

namespace modelyard::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using namespace std::chrono_literals;

class FakeSources final : public SignalSources {
 public:
  explicit FakeSources(FakeClock& of) : clock(of) {}
  Status check(const rollout::ExternalSignal&) const override { return ok(); }
  Result<SignalAnswer> ask(const SignalQuestion& question, const std::stop_token&) override {
    questions.push_back(question);
    clock.advance(takes);
    return answer;
  }

  FakeClock& clock;
  std::chrono::seconds takes{0};
  std::vector<SignalQuestion> questions;
  Result<SignalAnswer> answer = SignalAnswer{.value = 4, .reason = "four", .warning = ""};
};

Rollout canary(std::int64_t id) {
  Rollout rollout;
  rollout.record.id = id;
  rollout.record.endpoint = "shop";
  rollout.record.model = "loans";
  rollout.spec = *rollout::parse_rollout_spec(*parse_json(R"({"candidate": 8, "stable": 7, "strategy": "canary",
      "steps": [{"weight": 12.5, "gates": ["signal:load <= 5"]}, {"weight": 50, "gates": ["signal:cost <= 1"]}],
      "signals": {"load": {"source": "metrics", "query": "load{v=\"{{candidate}}\",e=\"{{endpoint}}\"}", "timeout": "3s"},
                  "cost": {"source": "checks", "interval": "10s"}}})"));
  rollout.state.phase = rollout::Phase::kCanary;
  rollout.gates = *rollout::parse_gates(rollout::all_gates(rollout.spec));
  return rollout;
}

class SignalAskerTest : public ::testing::Test {
 protected:
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    asker_.step();
  }
  int lines_with(std::string_view words) const {
    const std::string text = *read_file(folder_ / "log", 1 << 20);
    int lines = 0;
    for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1)) ++lines;
    return lines;
  }

  const TestFolder folder_;
  const UniqueFd fd_{::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  FakeClock clock_;
  telemetry::Log log_{fd_.get(), telemetry::LogFormat::kJson, telemetry::Level::kInfo, clock_};
  FakeSources sources_{clock_};
  std::vector<Rollout> live_{canary(3)};
  Status read_;
  SignalAsker asker_{{[this]() -> Result<std::vector<Rollout>> {
                        MODELYARD_TRY(read_);
                        return live_;
                      },
                      sources_, log_, clock_}};
};

TEST_F(SignalAskerTest, AsksForWhatAGateInForceWantsAndKeepsTheAnswer) {
  asker_.step();

  ASSERT_EQ(sources_.questions.size(), 1u);
  const SignalQuestion& question = sources_.questions[0];
  EXPECT_EQ(question.source, "metrics");
  EXPECT_EQ(question.query, R"(load{v="8",e="shop"})");
  EXPECT_EQ(question.timeout, 3s);
  const rollout::SignalReading reading = asker_.readings(3).at("load");
  ASSERT_EQ(reading.values.size(), 1u);
  EXPECT_EQ(reading.values[0].value, 4);
  EXPECT_EQ(reading.values[0].reason, "four");
  EXPECT_EQ(reading.values[0].asked, clock_.utc_now());
  EXPECT_TRUE(asker_.readings(4).empty());
}

TEST_F(SignalAskerTest, TellsTheSourceWhomItIsAbout) {
  live_[0].state.step = 1;

  asker_.step();

  ASSERT_EQ(sources_.questions.size(), 1u);
  EXPECT_EQ(sources_.questions[0].subject, (Json{{"rollout", 3},
                                                 {"endpoint", "shop"},
                                                 {"model", "loans"},
                                                 {"candidate", 8},
                                                 {"stable", 7},
                                                 {"stage", "canary"},
                                                 {"step", 2},
                                                 {"weight", 50.0},
                                                 {"signal", "cost"},
                                                 {"at", format_utc(clock_.utc_now())}}));
}

TEST_F(SignalAskerTest, AsksOnceInEachInterval) {
  asker_.step();
  pass(29s);
  EXPECT_EQ(sources_.questions.size(), 1u);
  pass(1s);
  EXPECT_EQ(sources_.questions.size(), 2u);
  EXPECT_EQ(asker_.readings(3).at("load").count, 2u);
}

TEST_F(SignalAskerTest, AsksNothingWithoutTraffic) {
  live_[0].state.phase = rollout::Phase::kVerifying;

  asker_.step();

  EXPECT_TRUE(sources_.questions.empty());
}

TEST_F(SignalAskerTest, KeepsTheLastNumberAndTheReasonWhenASourceIsSilent) {
  asker_.step();
  sources_.answer = error(Code::kUnavailable, "answered 503");
  pass(30s);

  rollout::SignalReading reading = asker_.readings(3).at("load");
  EXPECT_EQ(reading.values.size(), 1u);
  EXPECT_EQ(reading.lacking, "answered 503");
  sources_.answer = SignalAnswer{.value = {}, .reason = "no series", .warning = ""};
  pass(30s);
  EXPECT_EQ(asker_.readings(3).at("load").lacking, "no series");
  sources_.answer = SignalAnswer{.value = 5, .reason = "", .warning = ""};
  pass(30s);
  reading = asker_.readings(3).at("load");
  EXPECT_EQ(reading.values.size(), 2u);
  EXPECT_EQ(reading.lacking, "");
  EXPECT_THAT(asker_.counts(), ElementsAre(Pair(Pair("metrics", "error"), 1), Pair(Pair("metrics", "nodata"), 1),
                                           Pair(Pair("metrics", "value"), 2)));
}

TEST_F(SignalAskerTest, LogsAnOutageOnceAndItsEnd) {
  sources_.answer = error(Code::kUnavailable, "answered 503");
  for (int i = 0; i < 3; ++i) pass(30s);
  EXPECT_EQ(lines_with("has no answer"), 1);
  EXPECT_EQ(lines_with("answered 503"), 1);
  sources_.answer = SignalAnswer{.value = 5, .reason = "", .warning = "old data"};
  for (int i = 0; i < 3; ++i) pass(30s);

  EXPECT_EQ(lines_with("answered again"), 1);
  EXPECT_EQ(lines_with("old data"), 1);
}

TEST_F(SignalAskerTest, ForgetsRolloutsThatAreOver) {
  asker_.step();
  live_.clear();
  pass(1s);

  EXPECT_TRUE(asker_.readings(3).empty());
}

TEST_F(SignalAskerTest, ForgetsWhatNoGateInForceWants) {
  asker_.step();
  live_[0].state.step = 1;
  pass(1s);

  EXPECT_FALSE(asker_.readings(3).contains("load"));
  EXPECT_TRUE(asker_.readings(3).contains("cost"));
}

TEST_F(SignalAskerTest, ForgetsNothingWhenRolloutsCannotBeRead) {
  asker_.step();
  read_ = error(Code::kUnavailable, "the disk is away");
  pass(30s);
  EXPECT_EQ(asker_.readings(3).size(), 1u);
  EXPECT_EQ(sources_.questions.size(), 1u);
}

TEST_F(SignalAskerTest, AsksASourceThatLetItWaitNothingElseForAnInterval) {
  live_.push_back(canary(4));
  sources_.answer = error(Code::kUnavailable, "no answer within 3 s");
  sources_.takes = 3s;
  asker_.step();
  pass(29s);
  EXPECT_EQ(sources_.questions.size(), 1u);
  pass(1s);
  EXPECT_EQ(sources_.questions.size(), 2u);
}

TEST_F(SignalAskerTest, AsksASourceThatRefusesAQuestionTheOthers) {
  live_.push_back(canary(4));
  sources_.answer = error(Code::kUnavailable, "answered 400");
  asker_.step();
  EXPECT_EQ(sources_.questions.size(), 2u);
}

TEST_F(SignalAskerTest, EndsItsThreadAtOnce) {
  asker_.start();
  asker_.stop();
  asker_.stop();
}

}  // namespace
}  // namespace modelyard::control
