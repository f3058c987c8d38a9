// What is kept of a rollout beside its state, and the report that is made of both.
//
// Kept:    {"steps", "courses", "windows"}: the evidence with the courses of its gates and what their windows hold; of
//          before there were such, rows have none.
// Errors:  InvalidArgument for what this program did not write.
// Threads: pure.
#pragma once

#include <string>

#include "control/rollouts/rollout_plan.h"
#include "rollout/gates/course.h"
#include "rollout/gates/windows.h"

namespace modelyard::control {

struct KeptEvidence {
  rollout::WindowedEvidence evidence;
  rollout::Courses courses;
};
std::string text_of_kept(const KeptEvidence& kept);
// "": nothing has been kept.
Result<KeptEvidence> parse_kept_evidence(const std::string& text);

// {"rollout","split": [{"step","planned","candidate": ARM,"stable": ARM}],"srm": {"is_judged","is_mismatch","because"},
// "gates": [{"gate","unit","limit","points"}]}; an ARM is {"requests","failures","timeouts","nonfinite"}.
Json report_rollout(const Rollout& rollout, const KeptEvidence& kept);

}  // namespace modelyard::control
