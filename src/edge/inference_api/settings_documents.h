// The settings of Triton's logging and trace extensions, as this server has them. Pure.
//
// Logging: log_info, log_warning, log_error, log_verbose_level say together which least level is logged; log_format is
//          "ISO8601" for JSON lines and "default" for text; log_file is "": the log goes to standard error.
// Tracing: requests are not traced. The settings are told; a change to what they are already is accepted.
// Errors:  InvalidArgument for what is no setting or has the wrong type, Unimplemented for what cannot be honoured.
//          Nothing is changed then.
#pragma once

#include "base/json.h"
#include "telemetry/log.h"

namespace modelyard::edge {

struct LogSettings {
  telemetry::Level level = telemetry::Level::kInfo;
  telemetry::LogFormat format = telemetry::LogFormat::kJson;

  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

Json to_json(const LogSettings& settings);
// The settings after the change; null leaves one as it is.
Result<LogSettings> changed(const LogSettings& settings, const Json& change);

Json trace_settings();
// A value is text or a list of texts; null asks for the default.
Status check_trace_change(const Json& change);

}  // namespace modelyard::edge
