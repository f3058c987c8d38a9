// What pages of reports have in common: their head with all styles, and the parts that these know.
//
// Errors: none. Titles and bodies are HTML already; figures of tiles are text.
#pragma once

#include <string>
#include <string_view>

namespace modelyard::app {

// A whole page that needs nothing else: no script, no other file. Light and dark as the reader likes.
std::string framed_page(const std::string& title, const std::string& body);

enum class Tile { kPlain, kBad };
std::string tile(const std::string& figure, std::string_view words, Tile kind = Tile::kPlain);

// A plot below its title.
std::string figure(const std::string& title, const std::string& svg);

}  // namespace modelyard::app
