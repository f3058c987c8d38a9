#include "app/cli/screen.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/clock.h"

namespace modelyard::app {
namespace {

bool colours_on() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

// Columns on the screen: colour codes take none, and of UTF-8 only the first byte counts.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
      if (i == std::string_view::npos) break;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++width;
    }
  }
  return width;
}

void print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  std::printf("%s\n", line.c_str());
}

}  // namespace

void Table::print(std::string_view empty) const {
  if (rows_.empty()) {
    std::printf("%.*s\n", static_cast<int>(empty.size()), empty.data());
    return;
  }
  std::vector<std::size_t> widths(titles_.size());
  for (std::size_t i = 0; i < titles_.size(); ++i) {
    widths[i] = width_of(titles_[i]);
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::vector<std::string> titles;
  for (const std::string& title : titles_) titles.push_back(coloured(title, Colour::kDim));
  print_row(titles, widths);
  for (const auto& row : rows_) print_row(row, widths);
}

std::string coloured(std::string_view text, Colour colour) {
  constexpr std::array<std::string_view, 5> kCodes{"", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m"};
  if (colour == Colour::kPlain || !colours_on()) return std::string(text);
  return std::string(kCodes[static_cast<std::size_t>(colour)]).append(text).append("\x1b[0m");
}

Colour colour_of_state(std::string_view state) {
  if (state == "ready" || state == "published") return Colour::kGreen;
  if (state == "failing" || state == "failed") return Colour::kRed;
  if (state == "undeployed" || state == "deleted") return Colour::kDim;
  return Colour::kYellow;
}

std::string text_of_percents(const Json& versions) {
  std::string text;
  for (const Json& one : versions) {
    text += fmt::format("{}version {}", text.empty() ? "" : ", ", one["version"].dump());
    if (versions.size() > 1) text += fmt::format(" {:g} %", one["percent"].get<double>());
  }
  return text;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

void print_json(const Json& document) {
  std::printf("%s\n", document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_error(std::string_view message) {
  std::fprintf(stderr, "modelyard: %.*s\n", static_cast<int>(message.size()), message.data());
}

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_age(std::string_view utc) {
  const auto time = parse_utc(utc);
  if (!time) return std::string(utc);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(system_clock().utc_now() - *time).count();
  if (seconds < 2) return "just now";
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h ago", seconds / 3600);
  return fmt::format("{} days ago", seconds / 86'400);
}

ProgressBar::ProgressBar(std::string what, Unit unit)
    : what_(std::move(what)), unit_(unit), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (terminal_ && last_percent_ >= 0) std::fprintf(stderr, "\r\x1b[K");
}

void ProgressBar::show(std::int64_t done, std::int64_t total) {
  if (!terminal_) return;
  constexpr int kCells = 30;
  const int percent = total > 0 ? static_cast<int>(done * 100 / total) : 100;
  if (percent == last_percent_) return;
  last_percent_ = percent;
  const int full = percent * kCells / 100;
  std::fprintf(stderr, "\r%s [%s%s] %3d %%%s", what_.c_str(), std::string(static_cast<std::size_t>(full), '#').c_str(),
               std::string(static_cast<std::size_t>(kCells - full), '.').c_str(), percent,
               unit_ == Unit::kBytes ? (" of " + human_bytes(total)).c_str() : "");
}

WaitingLine::WaitingLine(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1), began_(system_clock().steady_now()) {}

WaitingLine::~WaitingLine() {
  if (shown_seconds_ > 0) std::fprintf(stderr, "\r\x1b[K");
}

void WaitingLine::tick() {
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(system_clock().steady_now() - began_).count();
  if (!terminal_ || waited <= shown_seconds_) return;
  shown_seconds_ = waited;
  std::fprintf(stderr, "\rwaiting for %s, %lld s", what_.c_str(), static_cast<long long>(waited));
}

}  // namespace modelyard::app
