#include "app/cli/report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>

namespace modelyard::app {
namespace {

constexpr double kWidth = 500, kLeft = 52, kRight = 10, kTop = 8, kBottom = 24;
constexpr double kPlotRight = kWidth - kRight;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string begin_svg(const std::string& label, double width, double height) {
  return fmt::format(
      R"(<svg viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img" aria-label="{2}">)", width,
      height, escape_html(label));
}

std::string line_of(double x1, double y1, double x2, double y2, std::string_view style) {
  return fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>)", x1, y1, x2, y2, style);
}

enum class Anchor { kStart, kMiddle, kEnd };

std::string text_at(double x, double y, Anchor anchor, std::string_view text) {
  constexpr std::array<std::string_view, 3> kAnchors{"start", "middle", "end"};
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", x, y,
                     kAnchors[static_cast<std::size_t>(anchor)], escape_html(text));
}

// Without zeros at its end.
std::string plain_decimal(double number, int digits) {
  std::string text = fmt::format("{:.{}f}", number, digits);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string grouped(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > static_cast<std::ptrdiff_t>(first); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), "\u202F");
  }
  return digits;
}

std::string unit_text(double value, Unit unit) {
  if (unit == Unit::kPercent) return axis_text(100 * value) + " %";
  return axis_text(value) + (unit == Unit::kMilliseconds ? " ms" : "");
}

// The share of each unit of length; one number gets a sliver of the axis.
std::vector<Cell> densities(const std::vector<Cell>& cells, const Axis& axis) {
  const double sliver = (axis.high - axis.low) / 100;
  std::vector<Cell> heights;
  for (const Cell& cell : cells) {
    if (!(cell.share > 0) || !std::isfinite(cell.from) || !std::isfinite(cell.to)) continue;
    const double width = std::max(cell.to - cell.from, sliver), middle = (cell.from + cell.to) / 2;
    const bool is_wide = cell.to - cell.from >= sliver;
    heights.push_back(
        {is_wide ? cell.from : middle - sliver / 2, is_wide ? cell.to : middle + sliver / 2, cell.share / width});
  }
  return heights;
}

// Of what is seen. A single value would dwarf all that is spread: it is cut at three times the rest.
double tallest_of(const Axis& axis, const std::vector<Cell>& reference, const std::vector<Cell>& current) {
  const double sliver = (axis.high - axis.low) / 100;
  double tallest = 0, spread = 0;
  for (const auto* const cells : {&reference, &current}) {
    for (const Cell& cell : *cells) {
      if (cell.to <= axis.low || cell.from >= axis.high) continue;
      tallest = std::max(tallest, cell.share);
      if (cell.to - cell.from > 1.5 * sliver) spread = std::max(spread, cell.share);
    }
  }
  return spread > 0 ? std::min(tallest, 3 * spread) : tallest;
}

std::string area_of(const std::vector<Cell>& cells, const Axis& axis, double tallest, double bottom,
                    std::string_view style) {
  std::string path;
  for (const Cell& cell : cells) {
    const double from = std::clamp(cell.from, axis.low, axis.high), to = std::clamp(cell.to, axis.low, axis.high);
    if (!(from < to)) continue;
    const double height = (bottom - kTop) * std::min(1.0, cell.share / tallest);
    path += fmt::format("M{:.1f} {:.1f}V{:.1f}H{:.1f}V{:.1f}Z", axis.place(from, kLeft, kPlotRight), bottom,
                        bottom - height, axis.place(to, kLeft, kPlotRight), bottom);
  }
  return path.empty() ? "" : fmt::format(R"(<path d="{}" class="area {}"/>)", path, style);
}

std::string number_axis(const Axis& axis, double bottom) {
  std::string svg = line_of(kLeft, bottom, kPlotRight, bottom, "axis");
  for (const double tick : ticks_of(axis, 6)) {
    const double x = axis.place(tick, kLeft, kPlotRight);
    svg += line_of(x, bottom, x, bottom + 4, "axis") + text_at(x, bottom + 17, Anchor::kMiddle, axis_text(tick));
  }
  return svg;
}

std::string time_axis(const Axis& axis, double bottom) {
  std::string svg = line_of(kLeft, bottom, kPlotRight, bottom, "axis");
  const double length = axis.high - axis.low;
  for (const double tick : time_ticks_of(axis, 5)) {
    const double x = axis.place(tick, kLeft, kPlotRight);
    const Anchor anchor = x > kPlotRight - 20 ? Anchor::kEnd : Anchor::kMiddle;
    svg += line_of(x, bottom, x, bottom + 4, "axis") + text_at(x, bottom + 17, anchor, time_text(tick, length));
  }
  return svg;
}

Axis value_axis(const TimePlot& plot) {
  std::vector<double> values;
  for (const Line& line : plot.lines) values.insert(values.end(), line.values.begin(), line.values.end());
  values.insert(values.end(), plot.low.begin(), plot.low.end());
  values.insert(values.end(), plot.high.begin(), plot.high.end());
  values.insert(values.end(), plot.levels.begin(), plot.levels.end());
  const bool has_any = std::ranges::any_of(values, [](double value) { return value != 0 && std::isfinite(value); });
  if (plot.is_from_zero) {
    values.push_back(0);
    // A line of zeros lies at the bottom.
    if (!has_any) return {0, plot.unit == Unit::kPercent ? 0.01 : 1};
  }
  Axis axis = axis_over(values);
  const double room = (axis.high - axis.low) / 20;
  if (!plot.is_from_zero) axis.low -= room;
  axis.high += room;
  return axis;
}

// Neighbours in time are joined, others are not.
std::vector<std::vector<std::size_t>> runs_of(const TimePlot& plot, const std::vector<double>& values) {
  std::vector<std::vector<std::size_t>> runs;
  for (std::size_t i = 0; i < std::min(values.size(), plot.begins.size()); ++i) {
    if (!std::isfinite(values[i])) continue;
    const bool is_next = !runs.empty() && runs.back().back() + 1 == i &&
                         plot.begins[i] - plot.ends[i - 1] <=
                             2 * std::max(plot.ends[i] - plot.begins[i], plot.ends[i - 1] - plot.begins[i - 1]);
    if (!is_next) runs.emplace_back();
    runs.back().push_back(i);
  }
  return runs;
}

// Where a point is drawn.
class Canvas {
 public:
  Canvas(const TimePlot& plot, const Axis& axis, double bottom) : plot_(plot), axis_(axis), bottom_(bottom) {}

  double x(std::size_t point) const {
    return plot_.period.place((plot_.begins[point] + plot_.ends[point]) / 2, kLeft, kPlotRight);
  }
  double y(double value) const { return axis_.place(value, bottom_, kTop); }
  std::string at(std::size_t point, double value) const { return fmt::format("{:.1f} {:.1f}", x(point), y(value)); }

 private:
  const TimePlot& plot_;
  const Axis axis_;
  const double bottom_;
};

std::string line_path(const TimePlot& plot, const Line& line, const Canvas& canvas) {
  std::string path, dots;
  for (const auto& run : runs_of(plot, line.values)) {
    if (run.size() == 1) {
      dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.5" class="dot {}"/>)", canvas.x(run.front()),
                          canvas.y(line.values[run.front()]), line.style);
      continue;
    }
    for (const std::size_t point : run) {
      path += (point == run.front() ? "M" : "L") + canvas.at(point, line.values[point]);
    }
  }
  return (path.empty() ? "" : fmt::format(R"(<path d="{}" class="line {}"/>)", path, line.style)) + dots;
}

std::string band_path(const TimePlot& plot, const Canvas& canvas) {
  std::string path, bars;
  for (const auto& run : runs_of(plot, plot.low)) {
    if (run.size() == 1) {
      const std::size_t point = run.front();
      bars +=
          line_of(canvas.x(point), canvas.y(plot.low[point]), canvas.x(point), canvas.y(plot.high[point]), "line band");
      continue;
    }
    for (const std::size_t point : run) path += (point == run.front() ? "M" : "L") + canvas.at(point, plot.low[point]);
    for (auto point = run.rbegin(); point != run.rend(); ++point) path += "L" + canvas.at(*point, plot.high[*point]);
    path += "Z";
  }
  return (path.empty() ? "" : fmt::format(R"(<path d="{}" class="band"/>)", path)) + bars;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          escaped += "\uFFFD";
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (++characters > most) return std::string(text.substr(0, i)) + "…";
  }
  return std::string(text);
}

std::string number_text(double number) {
  if (!std::isfinite(number)) return "–";
  const double size = std::abs(number);
  if (size == 0) return "0";
  if (size >= 1e12 || size < 1e-4) return fmt::format("{:.4g}", number);
  if (size >= 1000) return grouped(plain_decimal(number, 0));
  return plain_decimal(number, std::clamp(3 - static_cast<int>(std::floor(std::log10(size))), 0, 7));
}

std::string axis_text(double number) {
  const double size = std::abs(number);
  if (size != 0 && (size >= 1e15 || size < 1e-4)) return fmt::format("{:.3g}", number);
  if (size >= 1e12) return plain_decimal(number / 1e12, 2) + "T";
  if (size >= 1e9) return plain_decimal(number / 1e9, 2) + "G";
  if (size >= 1e6) return plain_decimal(number / 1e6, 2) + "M";
  if (size >= 1e4) return plain_decimal(number / 1e3, 2) + "k";
  return plain_decimal(number, 6);
}

std::string percent_text(double share) {
  if (!std::isfinite(share)) return "–";
  if (share > 0 && share < 1e-4) return "< 0.01 %";
  return plain_decimal(100 * share, share < 0.1 ? 2 : 1) + " %";
}

double Axis::place(double value, double from, double to) const {
  return from + (to - from) * ((value - low) / (high - low));
}

Axis axis_over(std::span<const double> values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return {0, 1};
  // Half the double's range, so that no difference of two is infinite.
  constexpr double kMost = std::numeric_limits<double>::max() / 4;
  low = std::max(low, -kMost);
  high = std::min(high, kMost);
  if (high - low > 1e-12 * std::max(std::abs(low), std::abs(high))) return {low, high};
  const double room = low == 0 ? 1 : std::abs(low) / 2;
  return {low - room, high + room};
}

std::vector<double> ticks_of(const Axis& axis, int wanted) {
  const double rough = (axis.high - axis.low) / std::max(wanted, 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (1.5 * factor * power >= rough) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::ceil(axis.low / step - 1e-9);
  for (int i = 0; i < 4 * wanted; ++i) {
    const double tick = (first + i) * step;
    if (!(tick <= axis.high + 1e-9 * step)) break;
    ticks.push_back(tick == 0 ? 0 : tick);
  }
  return ticks;
}

std::vector<double> time_ticks_of(const Axis& axis, int wanted) {
  constexpr std::array kSteps{1.0,     2.0,     5.0,     10.0,    15.0,     30.0,     60.0,
                              120.0,   300.0,   600.0,   900.0,   1800.0,   3600.0,   7200.0,
                              10800.0, 21600.0, 43200.0, 86400.0, 172800.0, 604800.0, 2592000.0};
  const double rough = (axis.high - axis.low) / std::max(wanted, 1);
  double step = kSteps.back();
  for (const double one : kSteps) {
    if (one >= rough) {
      step = one;
      break;
    }
  }
  step *= std::max(1.0, std::ceil(rough / step));
  std::vector<double> ticks;
  for (double tick = std::ceil(axis.low / step) * step; tick <= axis.high; tick += step) ticks.push_back(tick);
  return ticks;
}

std::string time_text(double time, double length) {
  constexpr double kMinutes = 600, kDay = 86'400;
  const auto seconds = std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(time)));
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const std::string date_text =
      fmt::format("{:02}-{:02}", static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const std::string clock_text = fmt::format("{:02}:{:02}", clock.hours().count(), clock.minutes().count());
  if (length <= kMinutes) return fmt::format("{}:{:02}", clock_text, clock.seconds().count());
  if (length <= kDay) return clock_text;
  return seconds == day ? date_text : date_text + " " + clock_text;
}

std::string draw(const HistogramPlot& plot) {
  constexpr double kHeight = 190, kFloor = kHeight - kBottom;
  const auto reference = densities(plot.reference, plot.axis), current = densities(plot.current, plot.axis);
  const double tallest = tallest_of(plot.axis, reference, current);
  std::string svg = begin_svg(plot.label, kWidth, kHeight);
  if (tallest > 0) {
    svg += area_of(reference, plot.axis, tallest, kFloor, "reference");
    svg += area_of(current, plot.axis, tallest, kFloor, "current");
  } else {
    svg += text_at((kLeft + kPlotRight) / 2, kFloor / 2, Anchor::kMiddle, "no values");
  }
  return svg + number_axis(plot.axis, kFloor) + "</svg>";
}

std::string draw(const BarPlot& plot) {
  constexpr double kRow = 30, kText = 170, kFigure = 58;
  constexpr std::size_t kMostCharacters = 24;
  double most = 0;
  for (const BarPair& bar : plot.bars) most = std::max({most, bar.reference, bar.current});
  const double height = std::max(kRow * static_cast<double>(plot.bars.size()), kRow);
  std::string svg = begin_svg(plot.label, kWidth, height);
  if (plot.bars.empty()) svg += text_at(kWidth / 2, kRow / 2 + 4, Anchor::kMiddle, "no values");
  double top = 0;
  const auto one = [&](double share, double y, std::string_view style) {
    const double length = most > 0 ? share / most * (kWidth - kText - kFigure) : 0;
    svg += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="9" class="bar {}"/>)", kText, y,
                       std::max(length, share > 0 ? 1.0 : 0.0), style);
    svg += text_at(kText + length + 5, y + 9, Anchor::kStart, percent_text(share));
  };
  for (const BarPair& bar : plot.bars) {
    svg +=
        fmt::format(R"(<g><title>{}</title><text x="{:.1f}" y="{:.1f}" text-anchor="end" class="name">{}</text></g>)",
                    escape_html(bar.text), kText - 8, top + 18, escape_html(shortened(bar.text, kMostCharacters)));
    if (plot.has_reference) one(bar.reference, top + 3, "reference");
    one(bar.current, plot.has_reference ? top + 14 : top + 9, "current");
    top += kRow;
  }
  return svg + "</svg>";
}

std::string draw(const TimePlot& plot) {
  const double bottom = plot.height - kBottom;
  const Axis axis = value_axis(plot);
  const Canvas canvas(plot, axis, bottom);
  std::string svg = begin_svg(plot.label, kWidth, plot.height);
  for (const double tick : ticks_of(axis, plot.height < 120 ? 2 : 4)) {
    svg += line_of(kLeft, canvas.y(tick), kPlotRight, canvas.y(tick), "grid");
    svg += text_at(kLeft - 6, canvas.y(tick) + 4, Anchor::kEnd, unit_text(tick, plot.unit));
  }
  for (const double change : plot.changes) {
    if (!plot.period.holds(change)) continue;
    const double x = plot.period.place(change, kLeft, kPlotRight);
    svg += line_of(x, kTop, x, bottom, "change");
  }
  svg += band_path(plot, canvas);
  for (const double level : plot.levels) {
    if (std::isfinite(level)) svg += line_of(kLeft, canvas.y(level), kPlotRight, canvas.y(level), "level");
  }
  for (const Line& line : plot.lines) svg += line_path(plot, line, canvas);
  if (plot.begins.empty()) svg += text_at((kLeft + kPlotRight) / 2, bottom / 2 + 4, Anchor::kMiddle, "no values");
  return svg + time_axis(plot.period, bottom) + "</svg>";
}

std::string draw_distance(double distance, double floor) {
  constexpr double kLength = 120, kHeight = 14, kFull = 10;
  std::string svg = begin_svg("distance", kLength, kHeight);
  const double share = floor > 0 && distance > 0 ? std::min(1.0, distance / (kFull * floor)) : 0;
  svg += fmt::format(R"(<rect x="0" y="2" width="{:.1f}" height="10" class="bar {}"/>)", kLength * share,
                     distance >= floor ? "drifted" : "stable");
  return svg + line_of(kLength / kFull, 0, kLength / kFull, kHeight, "floor") + "</svg>";
}

}  // namespace modelyard::app
