#include "control/watching/captured_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "inference/element.h"

namespace modelyard::control {
namespace {

using journal::FieldRecord;
using journal::PayloadRecord;
using journal::Side;
using journal::Treatment;
using testing::ElementsAre;

monitoring::Monitor monitor_of(const Json& more = Json::object()) {
  Json document = {{"kind", "multivariate"}, {"reference", "1d"}};
  document.update(more);
  return monitoring::parse_monitors({{"m", document}})->front();
}

Uuid id_of(std::uint8_t number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.back() = number;
  return Uuid::of(bytes);
}

FieldRecord numbers(std::string name, const std::vector<float>& values, inference::Shape shape) {
  FieldRecord field{Side::kInput, Treatment::kKept, std::move(name), inference::DataType::kFp32, std::move(shape), ""};
  field.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return field;
}

FieldRecord texts(std::string name, const std::vector<std::string>& values) {
  FieldRecord field{Side::kInput,
                    Treatment::kKept,
                    std::move(name),
                    inference::DataType::kBytes,
                    {static_cast<std::int64_t>(values.size())},
                    ""};
  for (const std::string& text : values) {
    const auto size = static_cast<std::uint32_t>(text.size());
    field.bytes.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
  }
  return field;
}

PayloadRecord payload_of(std::uint8_t id, std::vector<FieldRecord> fields) {
  PayloadRecord payload;
  payload.id = id_of(id);
  payload.fields = std::move(fields);
  return payload;
}

const monitoring::ColumnNames kNames{{"x", {"age", "debt"}}};

std::vector<double> column(const std::vector<double>& rows, std::size_t width, std::size_t place) {
  std::vector<double> values;
  for (std::size_t at = place; at < rows.size(); at += width) values.push_back(rows[at]);
  std::ranges::sort(values);
  return values;
}

TEST(CapturedRows, HaveTheFeaturesThatBothSidesHave) {
  const auto monitor = monitor_of();
  CapturedRows gathered(kNames, monitor);
  gathered.add(RowSide::kReference, payload_of(1, {numbers("x", {1, 2, 3, 4}, {2, 2}), numbers("old", {9, 9}, {2})}));
  gathered.add(RowSide::kCurrent, payload_of(2, {numbers("x.age", {5, 6}, {2}), numbers("x.debt", {7, 8}, {2}),
                                                 numbers("new", {9, 9}, {2})}));

  const auto rows = std::move(gathered).compared();

  EXPECT_THAT(rows.features, ElementsAre("age", "debt"));
  EXPECT_THAT(column(rows.reference, 2, 0), ElementsAre(1, 3));
  EXPECT_THAT(column(rows.reference, 2, 1), ElementsAre(2, 4));
  EXPECT_THAT(column(rows.current, 2, 1), ElementsAre(7, 8));
}

TEST(CapturedRows, LeaveOutWhatIsMaskedOrNotWatched) {
  const auto monitor = monitor_of({{"features", {"age", "debt"}}});
  CapturedRows gathered(kNames, monitor);
  for (const RowSide side : {RowSide::kReference, RowSide::kCurrent}) {
    auto payload =
        payload_of(1, {numbers("x.age", {1, 2}, {2}), numbers("x.debt", {}, {2}), numbers("z", {1, 2}, {2})});
    payload.fields[1].treatment = Treatment::kMasked;
    gathered.add(side, payload);
  }
  EXPECT_THAT(std::move(gathered).compared().features, ElementsAre("age"));
}

TEST(CapturedRows, AreTheSameRowsInWhateverOrderTheyCome) {
  const auto monitor = monitor_of({{"least_rows", 50}, {"most_rows", 50}});
  const auto gather = [&](bool is_reversed) {
    CapturedRows gathered(kNames, monitor);
    for (int i = 0; i < 200; ++i) {
      const auto id = static_cast<std::uint8_t>(is_reversed ? 199 - i : i);
      for (const RowSide side : {RowSide::kReference, RowSide::kCurrent}) {
        gathered.add(side, payload_of(id, {numbers("x", {id * 1.0f, 1, id + 0.5f, 2}, {2, 2})}));
      }
    }
    return std::move(gathered).compared();
  };

  const auto one = gather(false), other = gather(true);

  EXPECT_EQ(one.reference.size(), 100u);
  EXPECT_EQ(one.reference, other.reference);
  EXPECT_EQ(one.current, one.reference);
  // Spread over all of them: not the first ones, nor the last.
  EXPECT_GT(column(one.reference, 2, 0).back(), 150);
  EXPECT_LT(column(one.reference, 2, 0).front(), 50);
}

TEST(CapturedRows, CallTextsByHowFrequentTheyAre) {
  const auto monitor = monitor_of();
  CapturedRows gathered(kNames, monitor);
  gathered.add(RowSide::kReference, payload_of(1, {texts("country", {"fr", "de", "de", ""})}));
  gathered.add(RowSide::kCurrent, payload_of(2, {texts("country", {"de", "pl", "pl", "fr"})}));

  const auto rows = std::move(gathered).compared();

  // de: 3; then fr and pl: 2 each, by their text.
  std::vector<double> present;
  std::ranges::copy_if(rows.reference, std::back_inserter(present), [](double value) { return !std::isnan(value); });
  std::ranges::sort(present);
  EXPECT_EQ(rows.reference.size(), 4u);
  EXPECT_THAT(present, ElementsAre(0, 0, 1));
  EXPECT_THAT(column(rows.current, 1, 0), ElementsAre(0, 1, 2, 2));
}

}  // namespace
}  // namespace modelyard::control
