// nearest_name finds what a misspelt word was probably meant to be, for "did you mean".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace modelyard {

// The candidate with the least edit distance (insert, delete, replace, swap of neighbours), if that
// is at most a third of the word's length (at least 1); nullopt when none is near.
std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> candidates);

}  // namespace modelyard
