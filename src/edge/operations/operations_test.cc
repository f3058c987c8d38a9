#include "edge/operations/operations.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

using telemetry::ExpositionFormat;

TEST(Exposition, IsChosenByTheAcceptHeader) {
  EXPECT_EQ(choose_exposition(""), ExpositionFormat::kPrometheus);
  EXPECT_EQ(choose_exposition("text/plain"), ExpositionFormat::kPrometheus);
  EXPECT_EQ(choose_exposition("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            ExpositionFormat::kOpenMetrics);
  EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0"), ExpositionFormat::kPrometheus);
  EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.5,text/plain;q=0.9"), ExpositionFormat::kPrometheus);
}

}  // namespace
}  // namespace modelyard::edge
