#include "edge/inference_api/settings_documents.h"

#include <limits>

namespace modelyard::edge {
namespace {

using telemetry::Level;
using telemetry::LogFormat;

constexpr std::string_view kText = "default", kJsonLines = "ISO8601";

// Levels as Triton's switches have them.
struct Switches {
  bool info, warning, error;
  std::int64_t verbose;
};

Switches switches_of(Level level) {
  return {level <= Level::kInfo, level <= Level::kWarning, true, level == Level::kDebug ? 1 : 0};
}

Result<Level> level_of(const Switches& asked) {
  if (asked.verbose < 0) return error(Code::kInvalidArgument, "log_verbose_level must not be negative");
  if (asked.verbose > 1)
    return error(Code::kUnimplemented, "log_verbose_level is 0 or 1 here: there is one debug level");
  if (!asked.error) return error(Code::kUnimplemented, "log_error cannot be turned off: errors are always logged");
  if ((asked.verbose > 0 && !asked.info) || (asked.info && !asked.warning)) {
    return error(
        Code::kUnimplemented,
        "a level cannot be logged without those above it: turn log_verbose_level, log_info and log_warning off "
        "in this order");
  }
  if (asked.verbose > 0) return Level::kDebug;
  if (asked.info) return Level::kInfo;
  return asked.warning ? Level::kWarning : Level::kError;
}

Result<LogFormat> format_of(std::string_view name) {
  if (name == kText) return LogFormat::kText;
  if (name == kJsonLines) return LogFormat::kJson;
  return error(Code::kInvalidArgument, "log_format is '{}' (text) or '{}' (JSON lines), not '{}'", kText, kJsonLines,
               name);
}

}  // namespace

Json to_json(const LogSettings& settings) {
  const Switches on = switches_of(settings.level);
  return {{"log_file", ""},
          {"log_info", on.info},
          {"log_warning", on.warning},
          {"log_error", on.error},
          {"log_verbose_level", on.verbose},
          {"log_format", settings.format == LogFormat::kText ? kText : kJsonLines}};
}

Result<LogSettings> changed(const LogSettings& settings, const Json& change) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(change, "log settings"));
  const Switches now = switches_of(settings.level);
  MODELYARD_ASSIGN(const auto file, reader.optional_string("log_file"));
  MODELYARD_ASSIGN(const auto info, reader.optional_boolean("log_info"));
  MODELYARD_ASSIGN(const auto warning, reader.optional_boolean("log_warning"));
  MODELYARD_ASSIGN(const auto errors, reader.optional_boolean("log_error"));
  MODELYARD_ASSIGN(const auto verbose, reader.optional_integer("log_verbose_level"));
  MODELYARD_ASSIGN(const auto format, reader.optional_string("log_format"));
  MODELYARD_TRY(reader.finish());
  if (!file.value_or("").empty()) {
    return error(Code::kUnimplemented, "log_file cannot be changed by a client: the log goes to standard error");
  }
  const Switches asked{info.value_or(now.info), warning.value_or(now.warning), errors.value_or(now.error),
                       verbose.value_or(now.verbose)};
  LogSettings after = settings;
  MODELYARD_ASSIGN(after.level, level_of(asked));
  if (format) {
    MODELYARD_ASSIGN(after.format, format_of(*format));
  }
  return after;
}

Json trace_settings() {
  return {{"trace_level", {"OFF"}},
          {"trace_rate", "1000"},
          {"trace_count", "-1"},
          {"log_frequency", "0"},
          {"trace_file", ""}};
}

Status check_trace_change(const Json& change) {
  if (!change.is_object()) return error(Code::kInvalidArgument, "trace settings must be a JSON object");
  const Json now = trace_settings();
  const auto as_list = [](const Json& value) { return value.is_array() ? value : Json::array({value}); };
  for (const auto& [key, value] : change.items()) {
    if (!now.contains(key)) return error(Code::kInvalidArgument, "'{}' is not a trace setting", key);
    if (value.is_null() || value == Json::array() || as_list(value) == as_list(now[key])) continue;
    return error(
        Code::kUnimplemented,
        "trace setting '{}' cannot be changed: this server does not trace requests; /metrics and the access log "
        "tell how they went",
        key);
  }
  return ok();
}

}  // namespace modelyard::edge
