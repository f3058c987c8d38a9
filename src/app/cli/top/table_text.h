// The table of `modelyard top` as lines of text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/top/interval.h"
#include "base/clock.h"

namespace modelyard::app {

struct ScreenLine {
  enum class Kind { kHead, kTitles, kRow, kBadRow, kNote };
  std::string text;
  Kind kind = Kind::kRow;
};

struct ScreenSize {
  std::size_t columns = 0, lines = 0;  // 0: as much as it takes
};

// Columns that have no room are left out, the least needed first; so are rows that have none, which is said.
std::vector<ScreenLine> lines_of(const Interval& interval, const std::string& server, UtcTime now,
                                 const ScreenSize& size);

// Nothing that a terminal would obey; not wider than `columns`, 0: as wide as it is.
std::string on_screen(std::string_view text, std::size_t columns);
// "950 µs", "1.24 ms", "3.2 s", "-" of no number.
std::string latency_text(double seconds);
// "0", "0.5", "12.3", "1234", "12.3k", "-".
std::string rate_text(double rate);

}  // namespace modelyard::app
