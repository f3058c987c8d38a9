// Log writes structured lines to one descriptor: JSON, or text for a terminal.
//
// Form:    {"time","level","message", fields…}; lines are written whole, one writer at a time, so that they never mix.
// Threads: write() from any thread. It blocks as long as the descriptor does, so the request path hands its lines to an
//          AccessLog.
// Never:   payloads, secrets.
#pragma once

#include <atomic>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"

namespace modelyard::telemetry {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kJson, kText };

std::optional<Level> parse_level(std::string_view name);

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
  Field(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
};
using Fields = std::initializer_list<Field>;

void append_line(std::string& lines, LogFormat format, UtcTime time, Level level, std::string_view message,
                 Fields fields);

class Log {
 public:
  Log(int fd, LogFormat format, Level level, const Clock& clock)
      : fd_(fd), format_(format), level_(level), clock_(clock) {}

  void write(Level level, std::string_view message, Fields fields = {});
  void debug(std::string_view message, Fields fields = {}) { write(Level::kDebug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { write(Level::kInfo, message, fields); }
  void warning(std::string_view message, Fields fields = {}) { write(Level::kWarning, message, fields); }
  void error(std::string_view message, Fields fields = {}) { write(Level::kError, message, fields); }

  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }
  bool enabled(Level level) const { return level >= this->level(); }
  Level level() const { return level_.load(std::memory_order_relaxed); }
  void set_format(LogFormat format) { format_.store(format, std::memory_order_relaxed); }
  LogFormat format() const { return format_.load(std::memory_order_relaxed); }
  const Clock& clock() const { return clock_; }
  // Whole lines, formatted already.
  void write_lines(std::string_view lines);

 private:
  const int fd_;
  std::atomic<LogFormat> format_;
  std::atomic<Level> level_;
  const Clock& clock_;
  Mutex mutex_;  // of the descriptor
};

}  // namespace modelyard::telemetry
