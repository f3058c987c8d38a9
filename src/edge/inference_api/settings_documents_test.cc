#include "edge/inference_api/settings_documents.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

using telemetry::Level;
using telemetry::LogFormat;

constexpr LogSettings kPlain{Level::kInfo, LogFormat::kJson};

Code code_of(const Json& change, const LogSettings& now = kPlain) {
  const auto after = changed(now, change);
  return after ? Code::kInternal : after.error().code();
}

TEST(LogSettings, AreToldAsTritonsSwitches) {
  EXPECT_EQ(to_json({Level::kWarning, LogFormat::kText}), Json({{"log_file", ""},
                                                                {"log_info", false},
                                                                {"log_warning", true},
                                                                {"log_error", true},
                                                                {"log_verbose_level", 0},
                                                                {"log_format", "default"}}));
  EXPECT_EQ(to_json({Level::kDebug, LogFormat::kJson})["log_verbose_level"], 1);
  EXPECT_EQ(to_json(kPlain)["log_format"], "ISO8601");
}

TEST(LogSettings, ChangeWhatIsNamed) {
  EXPECT_EQ(changed(kPlain, {{"log_verbose_level", 1}}).value().level, Level::kDebug);
  EXPECT_EQ(changed(kPlain, {{"log_info", false}}).value().level, Level::kWarning);
  EXPECT_EQ(changed(kPlain, {{"log_info", false}, {"log_warning", false}}).value().level, Level::kError);
  EXPECT_EQ(changed({Level::kDebug, LogFormat::kJson}, {{"log_verbose_level", 0}}).value().level, Level::kInfo);
  EXPECT_EQ(changed(kPlain, {{"log_format", "default"}}).value(), (LogSettings{Level::kInfo, LogFormat::kText}));
}

TEST(LogSettings, TakeBackWhatTheyTold) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
      const LogSettings settings{level, format};
      EXPECT_EQ(changed(kPlain, to_json(settings)).value(), settings);
    }
  }
}

TEST(LogSettings, AreLeftAloneByNothingAndNull) {
  EXPECT_EQ(changed(kPlain, Json::object()).value(), kPlain);
  EXPECT_EQ(changed(kPlain, {{"log_info", nullptr}}).value(), kPlain);
}

TEST(LogSettings, RefuseWhatCannotBeHonoured) {
  EXPECT_EQ(code_of({{"log_file", "/etc/cron.d/x"}}), Code::kUnimplemented);
  EXPECT_EQ(code_of({{"log_error", false}}), Code::kUnimplemented);
  EXPECT_EQ(code_of({{"log_warning", false}}), Code::kUnimplemented);  // while info is on
  EXPECT_EQ(code_of({{"log_info", false}}, {Level::kDebug, LogFormat::kJson}), Code::kUnimplemented);
  EXPECT_EQ(code_of({{"log_verbose_level", 2}}), Code::kUnimplemented);
}

TEST(LogSettings, RefuseWhatIsNoSetting) {
  EXPECT_EQ(code_of({{"log_colour", "red"}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({{"log_info", "yes"}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({{"log_verbose_level", -1}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({{"log_format", "xml"}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of(Json::array()), Code::kInvalidArgument);
}

TEST(TraceSettings, AcceptWhatTheyAreAlready) {
  EXPECT_TRUE(check_trace_change(trace_settings()).has_value());
  EXPECT_TRUE(check_trace_change({{"trace_level", "OFF"}, {"trace_rate", nullptr}}).has_value());
  EXPECT_TRUE(check_trace_change({{"trace_count", {"-1"}}, {"log_frequency", Json::array()}}).has_value());
}

TEST(TraceSettings, RefuseEveryOtherChange) {
  EXPECT_EQ(check_trace_change({{"trace_level", {"TIMESTAMPS"}}}).error().code(), Code::kUnimplemented);
  EXPECT_EQ(check_trace_change({{"trace_file", "/tmp/x"}}).error().code(), Code::kUnimplemented);
  EXPECT_EQ(check_trace_change({{"trace_colour", "red"}}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(check_trace_change(Json::array()).error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace modelyard::edge
