// What a made-up request shows, for tests of assignment.
#pragma once

#include <map>
#include <string>

#include "rollout/assignment.h"

namespace modelyard::rollout {

struct TestKeys final : RequestKeys {
  std::map<std::string, std::string, std::less<>> headers;
  std::string name;

  std::optional<std::string_view> header(std::string_view wanted) const override {
    const auto found = headers.find(wanted);
    return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  std::string_view principal() const override { return name; }
};

// Requests whose key ("header:X-Tester", "principal") has this value go to this version.
inline Override send(std::string_view key, std::string value, VersionNumber version) {
  Override rule;
  rule.key = *parse_request_key(key);
  rule.value = std::move(value);
  rule.version = version;
  return rule;
}

}  // namespace modelyard::rollout
