// traceparent and tracestate: any bytes are read or are none; what was read can be told again.
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "telemetry/traces/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto parent = telemetry::parse_traceparent(text)) {
    std::string told(text.substr(0, 3));
    for (const std::uint8_t byte : parent->trace) told += fmt::format("{:02x}", byte);
    told += '-';
    for (const std::uint8_t byte : parent->span) told += fmt::format("{:02x}", byte);
    told += fmt::format("-{:02x}", parent->flags);
    MODELYARD_CHECK(text.starts_with(told), "a context has one form");
  }
  if (telemetry::is_tracestate(text)) {
    for (const char c : text) MODELYARD_CHECK(c == '\t' || (c >= ' ' && c <= '~'), "a tracestate is plain text");
  }
  return 0;
}
