#include "edge/http/request_id.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

TraceHeaders headers_of(const std::vector<HeaderLine>& lines) {
  Request request;
  request.headers = lines;
  return trace_headers(request);
}

TEST(TraceHeaders, AreFoundInEitherCase) {
  const std::vector<HeaderLine> lines{{"Host", "x"}, {"TraceParent", "p"}, {"TRACESTATE", "s"}};
  EXPECT_EQ(headers_of(lines).parent, "p");
  EXPECT_EQ(headers_of(lines).state, "s");
  EXPECT_EQ(headers_of({}).parent, "");
}

TEST(TraceHeaders, OfTwoParentsCountNone) {
  const std::vector<HeaderLine> lines{{"traceparent", "p"}, {"tracestate", "s"}, {"Traceparent", "p"}};
  EXPECT_EQ(headers_of(lines).parent, "");
  EXPECT_EQ(headers_of(lines).state, "");
}

TEST(TraceHeaders, LeaveOutAStateWithoutParentOrInSeveralLines) {
  const std::vector<HeaderLine> alone{{"tracestate", "s"}};
  const std::vector<HeaderLine> several{{"traceparent", "p"}, {"tracestate", "s"}, {"tracestate", "t"}};
  EXPECT_EQ(headers_of(alone).state, "");
  EXPECT_EQ(headers_of(several).parent, "p");
  EXPECT_EQ(headers_of(several).state, "");
}

}  // namespace
}  // namespace modelyard::edge
