// Plots as inline SVG, for a page that reads without scripts. Colours come from the page by CSS classes: "reference",
// "current", "band", "floor", "axis", "grid".
//
// Shapes: a share is 0 … 1; a time is seconds since 1970; NaN is a gap.
// Errors: none; whatever is empty or has no width is drawn as what can be said of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modelyard::app {

// For HTML, between tags and in attributes; control characters become U+FFFD.
std::string escape_html(std::string_view text);
// So many characters and "…"; never within a character.
std::string shortened(std::string_view text, std::size_t most);

// "12 345", "0.01235", "1.2e+09", "–" for what is no number.
std::string number_text(double number);
// For axes: "12k", "1.5M", "0.02".
std::string axis_text(double number);
// "12.3 %", "< 0.01 %" for what is more than nothing.
std::string percent_text(double share);

// A stretch of numbers that is drawn; `low` < `high`.
struct Axis {
  double low = 0, high = 1;

  double place(double value, double from, double to) const;
  bool holds(double value) const { return value >= low && value <= high; }
};

// Over all that are numbers, with room where they are one; 0 … 1 over none.
Axis axis_over(std::span<const double> values);
// Round numbers within, about `wanted` of them.
std::vector<double> ticks_of(const Axis& axis, int wanted);
// Round times within (UTC), about `wanted` of them.
std::vector<double> time_ticks_of(const Axis& axis, int wanted);
// As an axis of such a length needs it: "12:30:05", "12:30", "11-27 12:00", "11-27".
std::string time_text(double time, double length);

// A share of numbers that lies between two; from = to is one number.
struct Cell {
  double from = 0, to = 0, share = 0;
};

// Two distributions as areas on one axis. Either may be empty.
struct HistogramPlot {
  std::string label;
  std::vector<Cell> reference, current;
  Axis axis;
};
std::string draw(const HistogramPlot& plot);

// Shares of categories, two bars for each.
struct BarPair {
  std::string text;
  double reference = 0, current = 0;
};
struct BarPlot {
  std::string label;
  std::vector<BarPair> bars;
  bool has_reference = true;
};
std::string draw(const BarPlot& plot);

enum class Unit { kNumber, kPercent, kMilliseconds };

struct Line {
  std::string style;  // its class: "current", "second", "failed"
  std::vector<double> values;
};
struct TimePlot {
  std::string label;
  Axis period;
  std::vector<double> begins, ends;  // of each point
  std::vector<Line> lines;           // as many values as points
  std::vector<double> low, high;     // a band; both empty: none
  std::vector<double> changes;       // times that are marked
  std::vector<double> levels;        // values that are marked
  Unit unit = Unit::kNumber;
  bool is_from_zero = false;
  int height = 150;
};
std::string draw(const TimePlot& plot);

// A bar that is full at ten times the floor, with a mark at the floor.
std::string draw_distance(double distance, double floor);

}  // namespace modelyard::app
