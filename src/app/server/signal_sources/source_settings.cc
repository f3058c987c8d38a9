#include "app/server/signal_sources/source_settings.h"

#include <algorithm>

#include "app/server/outbound/outbound.h"
#include "rollout/machine/spec_signals.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostSources = 32;

Result<SourceSettings> read_source(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(value, path));
  SourceSettings source;
  MODELYARD_ASSIGN(source.name, reader.string("name"));
  if (source.name.empty() || source.name.size() > rollout::kMostSourceBytes ||
      !std::ranges::all_of(source.name, is_graphic)) {
    return error(Code::kInvalidArgument, "{}: expected 1 to {} characters without spaces", reader.path_of("name"),
                 rollout::kMostSourceBytes);
  }
  MODELYARD_ASSIGN(const std::string kind, reader.string("kind"));
  if (kind != "prometheus" && kind != "webhook") {
    return error(Code::kInvalidArgument, "{}: expected prometheus or webhook", reader.path_of("kind"));
  }
  MODELYARD_ASSIGN(source.url, reader.string("url"));
  MODELYARD_TRY(check_url(reader.path_of("url"), source.url));
  if (kind == "webhook") {
    source.kind = SourceKind::kWebhook;
    MODELYARD_ASSIGN(source.secret_file, reader.string("secret_file"));
  } else {
    MODELYARD_ASSIGN(const auto bearer_file, reader.optional_string("bearer_file"));
    source.secret_file = bearer_file.value_or("");
    while (source.url.ends_with('/')) source.url.pop_back();
    if (source.url.find_first_of("?#") != std::string::npos) {
      return error(Code::kInvalidArgument, "{}: write what comes before /api/v1/query", reader.path_of("url"));
    }
  }
  MODELYARD_TRY(reader.finish());
  return source;
}

}  // namespace

Result<std::vector<SourceSettings>> parse_signal_sources(const Json& list) {
  std::vector<SourceSettings> sources;
  if (list.is_null()) return sources;
  if (!list.is_array() || list.size() > kMostSources) {
    return error(Code::kInvalidArgument, "signal_sources: expected a list of at most {} sources", kMostSources);
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("signal_sources[{}]", i);
    MODELYARD_ASSIGN(SourceSettings source, read_source(list[i], path));
    if (std::ranges::find(sources, source.name, &SourceSettings::name) != sources.end()) {
      return error(Code::kInvalidArgument, "{}.name: '{}' is taken", path, source.name);
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace modelyard::app
