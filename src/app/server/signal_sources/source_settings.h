// SourceSettings says who is asked for external signals of rollouts, as the setting `signal_sources` lists them
// (docs/guides/rollouts.md).
//
// Form:    [{"name", "kind": "prometheus", "url", "bearer_file"?}, {"name", "kind": "webhook", "url", "secret_file"}]
// Errors:  InvalidArgument with the place ("signal_sources[1].url: …"), never with a URL: some are secrets.
// Threads: values.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace modelyard::app {

enum class SourceKind { kPrometheus, kWebhook };

struct SourceSettings {
  std::string name;  // unique
  SourceKind kind{};
  std::string url;          // of Prometheus what comes before /api/v1/query
  std::string secret_file;  // prometheus: a bearer token's, or ""
};

// Null is no sources.
Result<std::vector<SourceSettings>> parse_signal_sources(const Json& list);

}  // namespace modelyard::app
