// MODELYARD_CHECK states what a programmer relies on; a false one ends the process with the reason.
// Never used on input from outside: that gets an Error.
#pragma once

namespace modelyard {

[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace modelyard

#define MODELYARD_CHECK(condition, why) \
  ((condition) ? void(0) : ::modelyard::check_failed(#condition, why, __FILE__, __LINE__))
