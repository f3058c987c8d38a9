// WindowProfile is what the predictions of one endpoint by one version looked like in one span of time.
//
// Sampling: traffic counts every request; features are those of `profiled` of the `rows` rows that were answered, and
//           the share was never below `least_share`. Rows were chosen by a hash, whatever is in them; where the share
//           has changed, times of little traffic weigh more than their part.
// Merge:    of one endpoint; the span becomes the one that holds both. Features of another kind than before (a version
//           has changed their datatype) are left out of the later one.
// Form:     JSON, docs/formats/profile.md; parse_window_profile() answers InvalidArgument naming the field.
// Threads:  one at a time.
#pragma once

#include <string>

#include "base/clock.h"
#include "monitoring/profile/feature_profile.h"
#include "monitoring/profile/traffic.h"

namespace modelyard::monitoring {

// Of a profile that is read.
inline constexpr std::size_t kMostFeatures = 4096;

struct WindowProfile {
  UtcTime from{};
  UtcTime to{};  // not included
  Traffic traffic;
  std::uint64_t rows = 0;      // answered
  std::uint64_t profiled = 0;  // rows of them that `features` have seen
  double least_share = 1;
  Profiles features;
};

void merge(WindowProfile& profile, const WindowProfile& other);

Json to_json(const WindowProfile& profile);
Result<WindowProfile> parse_window_profile(const Json& value);

}  // namespace modelyard::monitoring
