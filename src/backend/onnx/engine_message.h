// Turns the engine's own words into a line for people. Pure; private to this folder.
#pragma once

#include <string>
#include <string_view>

namespace modelyard::backend {

// Without the folder it was loaded from, the engine's source file and C++ function, and line breaks; with our advice
// where we have some.
std::string plain_message(std::string_view words);

}  // namespace modelyard::backend
