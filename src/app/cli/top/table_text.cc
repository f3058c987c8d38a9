#include "app/cli/top/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace modelyard::app {
namespace {

using Kind = ScreenLine::Kind;

// `keep`: the higher, the longer a column stays when the screen gets narrow.
struct Column {
  std::string title;
  int keep;
  bool is_right;
  std::string (*text)(const Activity&);
};

std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return "-";
  return bytes >= 1e9 ? fmt::format("{:.1f} GB", bytes / 1e9) : fmt::format("{:.1f} MB", bytes / 1e6);
}

std::string count_text(double count) {
  return std::isfinite(count) ? fmt::format("{:.0f}", count) : "-";
}

std::string version_text(const Activity& one) {
  return one.endpoint == one.model ? one.version : one.model + "/" + one.version;
}

const std::vector<Column>& all_columns() {
  static const std::vector<Column> kColumns{
      {"ENDPOINT", 100, false, [](const Activity& one) { return one.endpoint.empty() ? "-" : one.endpoint; }},
      {"VERSION", 99, false, version_text},
      {"REQ/S", 98, true, [](const Activity& one) { return rate_text(one.requests); }},
      {"ROWS/S", 50, true, [](const Activity& one) { return rate_text(one.rows); }},
      {"ERR/S", 97, true, [](const Activity& one) { return rate_text(one.errors); }},
      {"P50", 60, true, [](const Activity& one) { return latency_text(one.p50); }},
      {"P95", 40, true, [](const Activity& one) { return latency_text(one.p95); }},
      {"P99", 90, true, [](const Activity& one) { return latency_text(one.p99); }},
      {"BATCH", 30, true, [](const Activity& one) { return rate_text(one.batch); }},
      {"FLIGHT", 20, true, [](const Activity& one) { return count_text(one.in_flight); }},
      {"QUEUED", 10, true, [](const Activity& one) { return count_text(one.queued); }},
      {"MEMORY", 45, true, [](const Activity& one) { return bytes_text(one.memory); }},
      {"ALERTS", 80, true, [](const Activity& one) { return count_text(one.firing); }}};
  return kColumns;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

struct Cells {
  const Column* column;
  std::vector<std::string> cells;
  std::size_t width;
};

std::vector<Cells> filled_columns(const Interval& interval) {
  std::vector<Cells> columns;
  for (const Column& column : all_columns()) {
    Cells filled{&column, {}, column.title.size()};
    for (const Activity& one : interval.rows_of_table) {
      filled.cells.push_back(column.text(one));
      filled.width = std::max(filled.width, width_of(filled.cells.back()));
    }
    columns.push_back(std::move(filled));
  }
  return columns;
}

void drop_until_fits(std::vector<Cells>& columns, std::size_t width) {
  constexpr std::size_t kFewest = 3, kGap = 2;
  const auto total = [&] {
    std::size_t sum = 0;
    for (const Cells& one : columns) sum += one.width + kGap;
    return sum - kGap;
  };
  while (width > 0 && columns.size() > kFewest && total() > width) {
    columns.erase(std::ranges::min_element(columns, {}, [](const Cells& one) { return one.column->keep; }));
  }
}

std::string padded(const std::string& text, const Cells& column, bool is_last) {
  const std::string gap(column.width - std::min(column.width, width_of(text)), ' ');
  if (column.column->is_right) return gap + text + (is_last ? "" : "  ");
  return text + (is_last ? "" : gap + "  ");
}

std::string uptime_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (!std::isfinite(seconds) || whole < 0) return "-";
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", whole / 60);
  if (whole < 172'800) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86'400, whole % 86'400 / 3600);
}

}  // namespace

std::string on_screen(std::string_view text, std::size_t columns) {
  std::string shown;
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80 && columns > 0 && width++ == columns) break;
    shown += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return shown;
}

std::string latency_text(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds < 1e-3) return fmt::format("{:.0f} µs", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.1f} s", seconds);
}

std::string rate_text(double rate) {
  if (!std::isfinite(rate)) return "-";
  if (rate >= 1e6) return fmt::format("{:.1f}M", rate / 1e6);
  if (rate >= 1e4) return fmt::format("{:.1f}k", rate / 1e3);
  if (rate >= 100 || rate == std::floor(rate)) return fmt::format("{:.0f}", rate);
  return fmt::format("{:.{}f}", rate, rate < 1 ? 2 : 1);
}

std::vector<ScreenLine> lines_of(const Interval& interval, const std::string& server, UtcTime now,
                                 const ScreenSize& size) {
  const double up = static_cast<double>(utc_micros(now)) / 1e6 - interval.started;
  std::vector<ScreenLine> lines;
  lines.push_back(
      {fmt::format("{}  up {}, {} connections, {} in flight, {} resident", server, uptime_text(up),
                   count_text(interval.connections), count_text(interval.open_requests), bytes_text(interval.resident)),
       Kind::kHead});
  lines.push_back({fmt::format("{} requests/s, {} rows/s, {} errors/s, {} alerts firing  {} UTC",
                               rate_text(interval.requests), rate_text(interval.rows), rate_text(interval.errors),
                               count_text(interval.firing), format_utc(now).substr(11, 8)),
                   Kind::kHead});
  lines.push_back({"", Kind::kHead});
  if (interval.rows_of_table.empty())
    lines.push_back({"nothing is served: modelyard push NAME model.onnx", Kind::kNote});
  auto columns = filled_columns(interval);
  drop_until_fits(columns, size.columns);
  std::string titles;
  for (const Cells& one : columns) titles += padded(one.column->title, one, &one == &columns.back());
  if (!interval.rows_of_table.empty()) lines.push_back({titles, Kind::kTitles});
  std::size_t fit = interval.rows_of_table.size();
  constexpr std::size_t kLeast = 2;
  if (size.lines > 0 && lines.size() + fit > size.lines) {
    fit = size.lines > lines.size() + kLeast ? size.lines - lines.size() - 1 : 1;
  }
  for (std::size_t i = 0; i < std::min(fit, interval.rows_of_table.size()); ++i) {
    std::string text;
    for (const Cells& one : columns) text += padded(one.cells[i], one, &one == &columns.back());
    const Activity& row = interval.rows_of_table[i];
    lines.push_back({text, row.errors > 0 || row.firing > 0 ? Kind::kBadRow : Kind::kRow});
  }
  const std::size_t hidden = interval.rows_of_table.size() - std::min(fit, interval.rows_of_table.size());
  if (hidden > 0) lines.push_back({fmt::format("… and {} more that do less", hidden), Kind::kNote});
  for (ScreenLine& line : lines) line.text = on_screen(line.text, size.columns);
  return lines;
}

}  // namespace modelyard::app
