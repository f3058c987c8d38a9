// The report of one rollout as an HTML page that needs nothing else: no script, no other file.
//
// Errors: none; what the document lacks is said to be missing.
#pragma once

#include <string>

#include "base/json.h"

namespace modelyard::app {

// Of what GET /api/v1/rollouts/{id}/report answers, with "made", "server" and the time of both. Pure.
std::string rollout_page(const Json& report);

}  // namespace modelyard::app
