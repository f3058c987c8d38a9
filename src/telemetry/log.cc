#include "telemetry/log.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/json.h"

namespace modelyard::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

std::string_view level_name(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

void append_quoted(std::string& line, std::string_view text) {
  line += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_value(std::string& line, const Field& field, LogFormat format) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    const bool plain =
        format == LogFormat::kText && !text->empty() && text->find_first_of(" \"\n\r\t\\=") == std::string_view::npos;
    plain ? void(line += *text) : append_quoted(line, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    line += std::to_string(*number);
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

std::string format_line(LogFormat format, UtcTime time, Level level, std::string_view message, Fields fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line.append("{\"time\":\"").append(format_utc(time)).append("\",\"level\":\"").append(level_name(level));
    line += "\",\"message\":";
    append_quoted(line, message);
  } else {
    line.append(format_utc(time).substr(11, 12)).append(" ").append(level_name(level)).append("  ").append(message);
  }
  for (const Field& field : fields) {
    if (format == LogFormat::kJson) {
      line += ',';
      append_quoted(line, field.name);
      line += ':';
    } else {
      line.append("  ").append(field.name).append("=");
    }
    append_value(line, field, format);
  }
  line += format == LogFormat::kJson ? "}\n" : "\n";
  return line;
}

void Log::write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  write_line(format_line(format(), clock_.utc_now(), level, message, fields));
}

void Log::write_line(std::string_view line) {
  while (::write(fd_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace modelyard::telemetry
