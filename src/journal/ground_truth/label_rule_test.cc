#include "journal/ground_truth/label_rule.h"

#include <gtest/gtest.h>

namespace modelyard::journal {
namespace {

const Uuid kPrediction = *Uuid::parse("0190a6e0-0000-7000-8000-000000000001");

UtcTime at(std::int64_t seconds) {
  return utc_from_micros(seconds * 1'000'000);
}

KeptLabel by_id(std::int64_t event, std::int64_t arrival, std::optional<std::int64_t> row = 0) {
  KeptLabel label;
  label.prediction = kPrediction;
  label.row = row;
  label.event_time = at(event);
  label.arrival = at(arrival);
  return label;
}

KeptLabel by_unit(std::int64_t time, std::int64_t event, std::int64_t arrival) {
  KeptLabel label = by_id(event, arrival, std::nullopt);
  label.prediction.reset();
  label.unit = "customer-17";
  label.time = at(time);
  return label;
}

void expect_before(const KeptLabel& first, const KeptLabel& second) {
  EXPECT_TRUE(goes_before(first, second));
  EXPECT_FALSE(goes_before(second, first));
}

TEST(LabelRule, LetsTheIdGoBeforeTheUnit) {
  expect_before(by_id(1, 1), by_unit(9, 9, 9));
  expect_before(by_id(9, 9), by_unit(1, 1, 1));
}

TEST(LabelRule, LetsTheNewestEventHoldAndThenTheLastArrival) {
  expect_before(by_id(2, 1), by_id(1, 2, std::nullopt));
  expect_before(by_id(1, 2, std::nullopt), by_id(1, 1));
  expect_before(by_id(1, 1), by_id(1, 1, std::nullopt));  // which names its row
}

TEST(LabelRule, LetsTheLatestTimeOfAUnitHold) {
  expect_before(by_unit(2, 1, 1), by_unit(1, 2, 2));
  expect_before(by_unit(1, 2, 1), by_unit(1, 1, 2));
}

TEST(LabelRule, LetsWhatTakesBackHoldLikeAValue) {
  KeptLabel said = by_unit(5, 9, 9);
  said.value = 1.0;
  expect_before(by_id(1, 1), said);  // which has no value
}

}  // namespace
}  // namespace modelyard::journal
