// Label is what really happened in the case that a prediction was about, as somebody said later.
//
// It names its prediction by id, or by the unit that the prediction was about and a time: then it is meant for the
// unit's newest prediction that is not later. `row` counts from 0; none: the prediction has one row.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/uuid.h"

namespace modelyard::journal {

inline constexpr std::size_t kMostLabelTextBytes = 255;  // of a unit, and of a value

// Numbers have all their digits below it.
inline constexpr double kLabelNumbersEnd = 0x1p53;

// A number or the name of a class.
using LabelValue = std::variant<double, std::string>;

struct Label {
  std::optional<Uuid> prediction;  // a version 7
  std::string unit;                // without a prediction
  UtcTime time{};                  // with a unit
  std::optional<std::int64_t> row;
  std::optional<LabelValue> value;    // none: what was said before is taken back
  std::optional<UtcTime> event_time;  // since when this is so; none: since it arrived
};

// One as it was sent.
struct GivenLabel {
  std::string endpoint;  // "": that of the prediction
  Label label;
  std::size_t line = 0;  // where it stands, from 1
  bool is_typed = true;  // else its value is a text that may mean a number: of CSV
};

// One that was put, or one that it has replaced.
struct KeptLabel {
  std::optional<Uuid> prediction;
  std::string unit;
  UtcTime time{};  // of the prediction, to the millisecond; or what was said with the unit
  std::optional<std::int64_t> row;
  std::optional<LabelValue> value;
  UtcTime event_time{};
  UtcTime arrival{};
  std::string principal;  // who said so
};

}  // namespace modelyard::journal
