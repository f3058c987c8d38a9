#include "journal/ground_truth/label_rule.h"

#include <tuple>

namespace modelyard::journal {

bool goes_before(const KeptLabel& label, const KeptLabel& other) {
  if (label.prediction.has_value() != other.prediction.has_value()) return label.prediction.has_value();
  const auto rank = [](const KeptLabel& one) {
    const UtcTime spoken_of = one.prediction ? UtcTime() : one.time;
    return std::tuple(spoken_of, one.event_time, one.arrival, one.row.has_value());
  };
  return rank(label) > rank(other);
}

}  // namespace modelyard::journal
