#include "app/server/open_traces.h"

#include <unistd.h>

#include <array>

#include "base/directory.h"
#include "edge/http/message.h"

namespace modelyard::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Result<std::vector<std::string>> parse_header_lines(std::string_view text, std::string_view file_name) {
  std::vector<std::string> lines;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || edge::has_controls(line)) {
      // The line may be a secret: it is not repeated.
      return error(Code::kInvalidArgument, "{}:{}: expected a header line, like 'authorization: Bearer …'", file_name,
                   number);
    }
    lines.emplace_back(line);
  }
  return lines;
}

Result<std::unique_ptr<TraceExporter>> open_traces(const Configuration& configuration, std::size_t loops,
                                                   telemetry::Log& log) {
  if (configuration.text("otlp_endpoint").empty()) return std::unique_ptr<TraceExporter>();
  std::vector<std::string> headers;
  if (const std::string& file = configuration.text("otlp_headers_file"); !file.empty()) {
    MODELYARD_ASSIGN(const std::string text, read_file(file));
    MODELYARD_ASSIGN(headers, parse_header_lines(text, file));
  }
  MODELYARD_ASSIGN(std::shared_ptr<OtlpPost> post, OtlpPost::open(configuration.text("otlp_endpoint"), headers));
  TraceExporterOptions options;
  options.loops = loops;
  options.share = configuration.number("trace_share");
  options.resource = {MODELYARD_VERSION, host_name()};
  return std::make_unique<TraceExporter>(
      std::move(options),
      [post](std::string_view request, const auto& gives_up) { return post->post(request, gives_up); }, log,
      system_random());
}

}  // namespace modelyard::app
