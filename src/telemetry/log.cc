#include "telemetry/log.h"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/json.h"

namespace modelyard::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

std::string_view level_name(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

// Whether the text goes between quotation marks as it is.
bool is_plain(std::string_view text) {
  unsigned other = 0;  // no early end: the compiler makes vectors of it
  for (const char c : text) {
    other |= unsigned{c < ' '} | unsigned{c == 0x7f} | unsigned{c == '"'} | unsigned{c == '\\'};
  }
  return other == 0;
}

void append_quoted(std::string& line, std::string_view text) {
  if (is_plain(text)) {
    line.append("\"").append(text).append("\"");
  } else {
    line += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

void append_value(std::string& line, const Field& field, LogFormat format) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    const bool bare =
        format == LogFormat::kText && !text->empty() && text->find_first_of(" \"\n\r\t\\=") == std::string_view::npos;
    bare ? void(line += *text) : append_quoted(line, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    const fmt::format_int digits(*number);
    line.append(digits.data(), digits.size());
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    line += Json(*real).dump();
  } else {
    line += std::get<bool>(field.value) ? "true" : "false";
  }
}

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

void append_line(std::string& lines, LogFormat format, UtcTime time, Level level, std::string_view message,
                 Fields fields) {
  if (format == LogFormat::kJson) {
    lines.append("{\"time\":\"")
        .append(format_utc(time))
        .append("\",\"level\":\"")
        .append(level_name(level))
        .append("\",\"message\":");
    append_quoted(lines, message);
  } else {
    lines.append(format_utc(time), 11, 12).append(" ").append(level_name(level)).append("  ").append(message);
  }
  for (const Field& field : fields) {
    if (format == LogFormat::kJson) {
      lines += ',';
      append_quoted(lines, field.name);
      lines += ':';
    } else {
      lines.append("  ").append(field.name).append("=");
    }
    append_value(lines, field, format);
  }
  lines += format == LogFormat::kJson ? "}\n" : "\n";
}

void Log::write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  std::string line;
  append_line(line, format(), clock_.utc_now(), level, message, fields);
  write_lines(line);
}

void Log::write_lines(std::string_view lines) {
  MutexLock lock(mutex_);
  while (!lines.empty()) {
    const ssize_t written = ::write(fd_, lines.data(), lines.size());
    if (written < 0 && errno != EINTR) return;  // nobody is left to tell
    if (written > 0) lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace modelyard::telemetry
