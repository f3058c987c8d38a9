// Fetches a published version from the server, for an engine in this process.
#pragma once

#include "app/cli/http_client.h"
#include "lifecycle/source.h"

namespace modelyard::app {

// `version` is the server's document of it. Files go beneath `folder`, which must be empty; their digests are checked.
Result<lifecycle::Artifact> download_version(const HttpClient& client, const Json& version, const std::string& folder);

}  // namespace modelyard::app
