// PostedMetrics takes in what callers measured of a rollout's users: revenue, clicks, minutes.
//
// Place:      a value belongs to the prediction that it names, to that one's arm and step; or to a unit, and then to the arm
//             that answers the unit now: while a bandit moves users, values are of whom they say only when they come soon.
// Refused:    values of metrics that neither a gate nor a bandit's reward asks for, of a reward those that are neither 0 nor
//             1, of predictions that the rollout does not count or whose user is not
//             known, and units of a rollout that does not tell users apart by a key.
// Durability: what is counted is on disk when put() has answered. What is sent twice is counted twice.
// Errors:     FailedPrecondition when the endpoint has no rollout under way, or its candidate answers nobody or everybody.
// Threads:    blocking, any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "control/rollouts/rollout_driver.h"
#include "journal/journal.h"
#include "journal/payload_journal.h"

namespace modelyard::control {

struct PostedValue {
  std::string metric;
  double value = 0;
  std::optional<Uuid> prediction;
  std::string unit;  // without a prediction
};
inline constexpr std::size_t kMostPostedValues = 10'000;
// [{"metric", "value", "prediction_id" or "unit"}]
Result<std::vector<PostedValue>> parse_posted_values(const Json& array, const std::string& path);

struct PostedRefusal {
  std::size_t place = 0;  // among the values, from 0
  std::string reason;
};
struct PostedReport {
  static constexpr std::size_t kMostRefusals = 100;  // that are listed

  std::int64_t rollout = 0;
  std::uint64_t counted = 0, refused = 0;
  std::vector<PostedRefusal> refusals;
};
Json to_json(const PostedReport& report);

class PostedMetrics {
 public:
  struct Parts {
    RolloutDriver& driver;
    registry::Catalog& catalog;
    journal::Journal* journal;          // null: off
    journal::PayloadJournal* payloads;  // null: off
  };
  explicit PostedMetrics(const Parts& parts) : parts_(parts) {}

  Result<PostedReport> put(const std::string& endpoint, std::span<const PostedValue> values);

 private:
  const Parts parts_;
};

}  // namespace modelyard::control
