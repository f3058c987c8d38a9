// What people see: tables, progress, colours, errors. Standard output carries results, standard error the rest.
//
// Colour and progress on a terminal only; NO_COLOR (no-color.org) turns colour off.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace modelyard::app {

enum class Colour { kPlain, kGreen, kYellow, kRed, kDim };

class Table {
 public:
  explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Nothing but `empty` when there are no rows.
  void print(std::string_view empty) const;

 private:
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> rows_;
};

std::string coloured(std::string_view text, Colour colour);
Colour colour_of_state(std::string_view state);
void print_json(const Json& document);
// "version 1 90 %, version 2 10 %", of [{"version", "percent"}]; without percent when it is alone.
std::string text_of_percents(const Json& versions);
// A text without its quotes, "-" for null, anything else as JSON.
std::string text_of(const Json& value);
// "modelyard: what, which, what now"
void print_error(std::string_view message);
// "1.4 MB"
std::string human_bytes(std::int64_t bytes);
// "3 min ago"
std::string human_age(std::string_view utc);

// A bar on standard error, on a terminal only; gone when it is destroyed.
class ProgressBar {
 public:
  enum class Unit { kBytes, kNone };
  explicit ProgressBar(std::string what, Unit unit = Unit::kBytes);
  ~ProgressBar();
  void show(std::int64_t done, std::int64_t total);

 private:
  const std::string what_;
  const Unit unit_;
  const bool terminal_;
  int last_percent_ = -1;
};

// "waiting for URL, 3 s" on standard error, on a terminal only and not before a second has passed; gone when it is
// destroyed.
class WaitingLine {
 public:
  explicit WaitingLine(std::string what);
  ~WaitingLine();
  void tick();

 private:
  const std::string what_;
  const bool terminal_;
  const SteadyTime began_;
  std::int64_t shown_seconds_ = 0;
};

}  // namespace modelyard::app
