// The machine that measures, as far as its measurements depend on it.
#pragma once

#include <string>

namespace modelyard::tuning {

struct Machine {
  std::string host;
  std::string cpu;  // its model; "" when the system does not tell
  int cores = 1;    // that this process may use
};

Machine this_machine();

}  // namespace modelyard::tuning
