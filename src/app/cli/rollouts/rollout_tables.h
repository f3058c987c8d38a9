// What a terminal shows of a rollout, whether it was served or simulated.
//
// Threads: one at a time; writes to standard output.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/cli/screen.h"
#include "base/json.h"

namespace modelyard::app {

Colour colour_of_ending(std::string_view ending);
// Nothing when there are none.
void print_gates(const Json& verdicts);
// `when` says a UTC time for a person.
void print_history(const Json& history, const std::function<std::string(std::string_view)>& when);

}  // namespace modelyard::app
