// What the rules of judge.h share; nothing for other rooms.
#pragma once

#include <cmath>
#include <string>

#include "base/result.h"
#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/verdict.h"

namespace modelyard::rollout::judging {

Verdict judge_share(const Gate& gate, const Evidence& evidence, double alpha);
Verdict judge_mean(const Gate& gate, const Evidence& evidence, double alpha);
Verdict judge_latency(const Gate& gate, const Evidence& evidence, double alpha);
Verdict judge_outputs(const Gate& gate, const Evidence& evidence, double alpha);
Verdict judge_difference(const Gate& gate, const Evidence& evidence, double alpha);
Verdict judge_relative_latency(const Gate& gate, const Evidence& evidence, double alpha);

// Without a verdict yet: no estimate, and all that is possible.
Verdict unjudged(const Gate& gate);
Verdict no_data(const Gate& gate, double candidate_samples, double stable_samples, std::string because);
// "812 requests of the candidate; the gate begins with 1000".
Verdict too_few(const Gate& gate, double samples, double stable_samples, std::string_view what);
Outcome outcome_of(Comparison comparison, const statistics::Interval& interval, double limit);

std::string number_text(double value);
// "between 1.2 and 3.4 %".
std::string between(const statistics::Interval& interval, double scale, std::string_view unit);

// What a share's successes are: "requests failed".
std::string_view happened(Signal signal);

}  // namespace modelyard::rollout::judging
