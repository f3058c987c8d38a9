// Verdict is what a gate says of a candidate at one look, with the numbers it says it by.
//
// Units:   those of the gate's signal: rates and shares from 0 to 1, milliseconds, or whatever a metric is counted in.
// Meaning: kFail and kPass need evidence: the whole interval lies on one side of the limit. kInconclusive: it holds the
//          limit. kNoData: fewer samples than the gate asks for; silence is never success. kSrm: requests did not
//          reach the versions in the shares that the plan says, so that nothing they show can be trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::rollout {

enum class Outcome { kPass, kFail, kInconclusive, kNoData, kSrm };
std::string_view outcome_name(Outcome outcome);  // "pass", "fail", "inconclusive", "nodata", "srm"
std::optional<Outcome> parse_outcome(std::string_view name);

struct Verdict {
  std::string gate;  // as it was written
  Outcome outcome{};
  double candidate = 0;           // the signal's estimate
  std::optional<double> stable;   // of a relative gate
  statistics::Interval interval;  // of what is compared with the limit; always valid
  double limit = 0;
  std::uint64_t candidate_samples = 0;
  std::uint64_t stable_samples = 0;
  std::string because;  // one sentence for a person, with the numbers
};

// {"gate","outcome","candidate","stable"?,"low","high","limit","candidate_samples","stable_samples","because"}; numbers
// that are not finite are null.
Json to_json(const Verdict& verdict);
Result<Verdict> parse_verdict(const Json& value, std::string path);

}  // namespace modelyard::rollout
