// Where a command's page goes: to the file that was named; without one to standard output, or on a terminal, where a page
// helps nobody, to a file of the usual name. With --json what the page is made of is printed.
//
// Threads: one.
#pragma once

#include <functional>
#include <string>

#include "app/cli/command.h"

namespace modelyard::app {

struct PageOutput {
  std::string file;   // "": none was named
  std::string usual;  // the name on a terminal
};
Result<int> put_out(const PageOutput& output, const Json& data, const std::function<std::string(const Json&)>& page_of,
                    const CommandContext& context);

}  // namespace modelyard::app
