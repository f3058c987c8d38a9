// What commands read and change of an endpoint.
#pragma once

#include "app/cli/http_client.h"

namespace modelyard::app {

Result<Json> read_endpoint(const HttpClient& client, const std::string& name);
// Replaces one of the settings ("scheduling", "journal") of an endpoint that was read just now; Conflict when it has
// changed since. The new endpoint.
Result<Json> put_setting(const HttpClient& client, const Json& endpoint, const std::string& setting, Json value);

}  // namespace modelyard::app
