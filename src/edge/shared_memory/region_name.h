// The names a client may use: of a region, and of the object behind it.
//
// A region's name is the client's own word. A key names an object directly under /dev/shm, as shm_open has it: one
// leading slash, which may be left out, and a file name.
// Errors: InvalidArgument. What is refused for its name is not looked for.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::edge {

Status check_region_name(std::string_view name);
// The object's file name within /dev/shm.
Result<std::string> object_of_key(std::string_view key);

}  // namespace modelyard::edge
