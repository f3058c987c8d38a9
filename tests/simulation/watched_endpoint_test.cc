#include "simulation/watched_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::simulation {
namespace {

using testing::Contains;
using testing::Field;
using testing::IsEmpty;

constexpr int kWeek = 168;

Json drift_and_quality() {
  return {{"drift", {{"kind", "drift"}, {"reference", "7d"}}}, {"quality", {{"kind", "quality"}}}};
}

std::vector<FiredAlert> fired_in(WatchedEndpoint& endpoint, int hours) {
  const std::size_t before = endpoint.fired().size();
  for (int i = 0; i < hours; ++i) endpoint.pass_hour();
  return {endpoint.fired().begin() + static_cast<std::ptrdiff_t>(before), endpoint.fired().end()};
}

TEST(WatchedEndpoint, RaisesNoAlarmInFiveWeeksInWhichNothingChanges) {
  Json monitors = drift_and_quality();
  monitors["estimate"] = {{"kind", "estimated_accuracy"}};
  monitors["accuracy"] = {{"kind", "accuracy"}, {"at_least", true_accuracy() - 0.02}};
  WatchedEndpoint endpoint({.rows_of_an_hour = 120, .seed = 7}, monitors);

  EXPECT_THAT(fired_in(endpoint, 5 * kWeek), IsEmpty());
}

TEST(WatchedEndpoint, CallsASeasonDriftWhenAnHourIsComparedWithAllHours) {
  WatchedEndpoint endpoint({.rows_of_an_hour = 120}, {{"m", {{"kind", "drift"}}}});

  EXPECT_THAT(fired_in(endpoint, 24), Contains(Field(&FiredAlert::subject, "load")));
}

TEST(WatchedEndpoint, FindsWhatIsBrokenInTwoWindows) {
  const std::vector<std::pair<Fault, std::string>> broken{{Fault::kUnit, "amount/range"},
                                                          {Fault::kNull, "age/missing"},
                                                          {Fault::kStuck, "age/constant"},
                                                          {Fault::kNewCategory, "purpose/new_categories"}};
  for (const auto& [fault, subject] : broken) {
    WatchedEndpoint endpoint({.rows_of_an_hour = 1000}, {{"m", {{"kind", "quality"}}}});
    ASSERT_THAT(fired_in(endpoint, 5), IsEmpty());

    endpoint.begin(fault);

    EXPECT_THAT(fired_in(endpoint, 2), Contains(Field(&FiredAlert::subject, subject)));
  }
}

TEST(WatchedEndpoint, SeesByLabelsAloneThatWhatInputsMeanHasChanged) {
  WatchedEndpoint endpoint(
      {.rows_of_an_hour = 500, .label_lag_hours = 2},
      {{"accuracy", {{"kind", "accuracy"}, {"window", "1d"}, {"at_least", true_accuracy() - 0.02}}},
       {"drift", {{"kind", "drift"}, {"window", "1d"}}},
       {"estimate", {{"kind", "estimated_accuracy"}}}});
  ASSERT_THAT(fired_in(endpoint, 24), IsEmpty());

  endpoint.begin(Fault::kConcept);

  const auto fired = fired_in(endpoint, 48);
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired.front().monitor, "accuracy");
}

TEST(WatchedEndpoint, SaysNothingOfAccuracyWhenLabelsAreLaterThanTheWindow) {
  WatchedEndpoint endpoint({.rows_of_an_hour = 500, .label_lag_hours = 2},
                           {{"accuracy", {{"kind", "accuracy"}, {"at_least", 0.999}}}});

  EXPECT_THAT(fired_in(endpoint, 24), IsEmpty());
}

}  // namespace
}  // namespace modelyard::simulation
