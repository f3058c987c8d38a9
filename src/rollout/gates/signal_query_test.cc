#include "rollout/gates/signal_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;

const SignalContext kContext{.endpoint = "shop", .model = "loans.v2", .candidate = 8, .stable = 7, .rollout = 12};

TEST(SignalQuery, NamesWhomItIsAbout) {
  EXPECT_EQ(*fill_query(R"(x{endpoint="{{endpoint}}",model="{{model}}",v=~"{{candidate}}|{{stable}}"} / {{rollout}})",
                        kContext),
            R"(x{endpoint="shop",model="loans.v2",v=~"8|7"} / 12)");
  EXPECT_EQ(*fill_query("sum by (a) (x{}) ", kContext), "sum by (a) (x{}) ");
  EXPECT_EQ(*fill_query("", kContext), "");
}

TEST(SignalQuery, KeepsNamesWithinTheTextTheyStandIn) {
  SignalContext odd = kContext;
  odd.endpoint = R"(a"} or b{c='\)";

  EXPECT_EQ(*fill_query(R"(x{e="{{endpoint}}"})", odd), R"(x{e="a\"} or b{c=\'\\"})");
}

TEST(SignalQuery, DoesNotFillInWhatWasFilledIn) {
  SignalContext odd = kContext;
  odd.endpoint = "{{model}}";

  EXPECT_EQ(*fill_query("{{endpoint}}", odd), "{{model}}");
}

TEST(SignalQuery, RefusesWordsThatItDoesNotKnow) {
  EXPECT_THAT(fill_query("x{v=\"{{version}}\"}", kContext).error().message(), HasSubstr("'{{version}}' is not known"));
  EXPECT_FALSE(fill_query("{{ candidate }}", kContext));
  EXPECT_FALSE(fill_query("{{}}", kContext));
  EXPECT_THAT(fill_query("{{candidate", kContext).error().message(), HasSubstr("no '}}'"));
}

}  // namespace
}  // namespace modelyard::rollout
