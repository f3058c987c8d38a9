#include "telemetry/traces/trace_context.h"

#include <gtest/gtest.h>

namespace modelyard::telemetry {
namespace {

// The example of the standard.
constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string with(std::size_t at, std::string_view text) {
  std::string changed(kParent);
  return changed.replace(at, text.size(), text);
}

// A trace id whose last 56 bits are these.
TraceId trace_of(std::uint64_t random) {
  TraceId id{0x4b, 0xf9};
  for (std::size_t i = 15; i >= 9; --i, random >>= 8) id[i] = static_cast<std::uint8_t>(random);
  return id;
}

TEST(TraceParent, IsReadAsTheStandardHasIt) {
  const auto parent = parse_traceparent(kParent);

  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace[0], 0x4b);
  EXPECT_EQ(parent->trace[15], 0x36);
  EXPECT_EQ(parent->span, (SpanId{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}));
  EXPECT_TRUE(parent->is_sampled());
  EXPECT_FALSE(parse_traceparent(with(53, "00"))->is_sampled());
  EXPECT_TRUE(parse_traceparent(with(53, "ff"))->is_sampled());
  EXPECT_FALSE(parse_traceparent(with(53, "02"))->is_sampled());
}

TEST(TraceParent, OfALaterVersionMaySayMore) {
  EXPECT_TRUE(parse_traceparent(with(0, "cc")).has_value());
  EXPECT_TRUE(parse_traceparent(with(0, "cc") + "-what-comes").has_value());
  EXPECT_TRUE(parse_traceparent(with(0, "cc") + "-").has_value());
  EXPECT_FALSE(parse_traceparent(with(0, "cc") + ".what").has_value());
  EXPECT_FALSE(parse_traceparent(std::string(kParent) + "-what-comes").has_value());
}

TEST(TraceParent, IsNoneWhenItIsMalformed) {
  for (const std::string& text : {std::string(),
                                  std::string("00"),
                                  std::string(kParent.substr(0, 54)),
                                  std::string(kParent) + "1",
                                  with(0, "ff"),
                                  with(0, "0G"),
                                  with(0, "  "),
                                  with(2, "_"),
                                  with(35, "_"),
                                  with(52, "_"),
                                  with(3, "00000000000000000000000000000000"),
                                  with(36, "0000000000000000"),
                                  with(3, "4BF9"),
                                  with(3, "g"),
                                  with(36, "-"),
                                  with(53, "0 "),
                                  with(53, "0A"),
                                  with(10, std::string_view("\0", 1)),
                                  with(10, "\xff"),
                                  with(10, "\n"),
                                  " " + std::string(kParent),
                                  std::string(1 << 16, '0'),
                                  std::string(55, '-')}) {
    EXPECT_FALSE(parse_traceparent(text).has_value()) << text.substr(0, 80);
  }
}

TEST(TraceState, IsKeptWhenItKeepsToTheGrammar) {
  for (const char* text : {"congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "foo@bar=1, a-_*/=2",
                           "0=1,,x=y", "ot=th:c;rv:d3", "a=  b"}) {
    EXPECT_TRUE(is_tracestate(text)) << text;
  }
  for (const char* text :
       {"", ",", "foo", "=1", "foo=", "Foo=1", "foo=1=2", "foo=\x01", "foo=\xc3\xa4", "_a=1", "a b=1"}) {
    EXPECT_FALSE(is_tracestate(text)) << text;
  }
}

TEST(TraceState, HasLimits) {
  std::string members = "a=1";
  for (int i = 1; i < 32; ++i) members += ",a=1";
  EXPECT_TRUE(is_tracestate(members));
  EXPECT_FALSE(is_tracestate(members + ",a=1"));
  EXPECT_TRUE(is_tracestate("a=" + std::string(256, 'x') + ",b=" + std::string(250, 'x')));
  EXPECT_FALSE(is_tracestate("a=" + std::string(257, 'x')));
  EXPECT_FALSE(is_tracestate(std::string(257, 'a') + "=x"));
  EXPECT_FALSE(is_tracestate("a=" + std::string(256, 'x') + ",b=" + std::string(256, 'x')));
}

struct Share {
  double share;
  std::uint64_t threshold;
  const char* tracestate;
};
// Of OpenTelemetry's specification, its collector's tests and its Python SDK.
constexpr Share kShares[] = {{1, 0, "ot=th:0"},
                             {0.5, 0x80000000000000, "ot=th:8"},
                             {0.25, 0xc0000000000000, "ot=th:c"},
                             {0.01, 0xfd70a3d70a3d71, "ot=th:fd70a3d70a3d71"},
                             {0.001, 0xffbe76c8b43958, "ot=th:ffbe76c8b43958"},
                             {1.0 / 3, 0xaaaaaaaaaaaaac, "ot=th:aaaaaaaaaaaaac"}};

TEST(Sampler, KeepsTracesFromThePublishedThresholdsOn) {
  for (const Share& known : kShares) {
    const Sampler sampler(known.share);
    EXPECT_TRUE(sampler.samples(trace_of(known.threshold))) << known.share;
    EXPECT_TRUE(sampler.samples(trace_of(0xffffffffffffff))) << known.share;
    if (known.threshold > 0) {
      EXPECT_FALSE(sampler.samples(trace_of(known.threshold - 1))) << known.share;
    }
    EXPECT_EQ(sampler.tracestate(), known.tracestate);
  }
}

TEST(Sampler, OfNothingKeepsNothing) {
  Sampler sampler(0);
  EXPECT_FALSE(sampler.samples(trace_of(0xffffffffffffff)));

  sampler.set_share(1);

  EXPECT_TRUE(sampler.samples(trace_of(0)));
}

TEST(ChooseTrace, LeavesItToTheCallerWhoHasDecided) {
  const TraceId fresh = trace_of(0xffffffffffffff);

  const auto kept = choose_trace(kParent, fresh, Sampler(0));
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->trace, parse_traceparent(kParent)->trace);
  EXPECT_FALSE(choose_trace(with(53, "00"), fresh, Sampler(1)).has_value());
}

TEST(ChooseTrace, BeginsOneWhenNobodyHasDecided) {
  const TraceId fresh = trace_of(0xffffffffffffff);

  for (const std::string& nothing : {std::string(), with(53, "0x")}) {
    const auto begun = choose_trace(nothing, fresh, Sampler(0.01));
    ASSERT_TRUE(begun.has_value());
    EXPECT_EQ(begun->trace, fresh);
    EXPECT_EQ(begun->span, SpanId{});
    EXPECT_EQ(begun->flags, kSampledFlag | kRandomFlag);
    EXPECT_FALSE(choose_trace(nothing, fresh, Sampler(0)).has_value());
  }
}

}  // namespace
}  // namespace modelyard::telemetry
