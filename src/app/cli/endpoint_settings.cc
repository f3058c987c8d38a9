#include "app/cli/endpoint_settings.h"

namespace modelyard::app {
namespace {

std::string path_of(const std::string& name) {
  return "/api/v1/endpoints/" + path_segment(name);
}

}  // namespace

Result<Json> read_endpoint(const HttpClient& client, const std::string& name) {
  return client.call("GET", path_of(name));
}

Result<Json> put_setting(const HttpClient& client, const Json& endpoint, const std::string& setting, Json value) {
  Json body;
  for (const char* name : {"model", "objectives", "scheduling", "journal", "evaluation", "monitors"}) {
    body[name] = endpoint[name];
  }
  body[setting] = std::move(value);
  const std::string tag = "\"" + endpoint["revision"].dump() + "\"";
  return client.call("PUT", path_of(endpoint["name"].get<std::string>()), body, {{"If-Match", tag}});
}

}  // namespace modelyard::app
