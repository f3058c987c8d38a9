// The server's settings, as one table: each row has its key in modelyard.yaml, and from that its flag
// (--max-connections) and its environment variable (MODELYARD_MAX_CONNECTIONS).
//
// Precedence: flags > environment > modelyard.yaml > defaults. Every value remembers where it came from.
// Errors:     InvalidArgument for an unknown key or variable (naming the nearest known one), a value of the
//             wrong type or out of range, and a combination that cannot be honoured.
// Threads:    values; read them before threads start.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::app {

enum class SettingType { kText, kInteger, kNumber, kBoolean, kChoice };

struct Setting {
  std::string_view key;  // "max_connections"
  SettingType type;
  std::string_view otherwise;  // the default, as text
  std::int64_t least = 0;      // integers and numbers
  std::int64_t most = 0;
  std::string_view choices;  // "auto|json|text"
  std::string_view help;     // one line, with the unit
  bool reloadable = false;   // SIGHUP takes a new value
};

std::span<const Setting> settings();
std::string flag_of(const Setting& setting);         // "--max-connections"
std::string environment_of(const Setting& setting);  // "MODELYARD_MAX_CONNECTIONS"

struct SettingValue {
  std::string text;
  std::string origin;  // "default", "/etc/modelyard/modelyard.yaml", "environment MODELYARD_LISTEN", "flag --listen"
};

// The effective configuration: a value for every setting.
class Configuration {
 public:
  // `file` is the text of modelyard.yaml and `file_name` its origin; both may be empty. `environment` holds
  // all variables; those that begin with MODELYARD_ must be known. `flags` maps keys to texts.
  static Result<Configuration> merge(std::string_view file, std::string_view file_name,
                                     const std::map<std::string, std::string>& environment,
                                     const std::map<std::string, std::string>& flags);

  const SettingValue& value(std::string_view key) const;
  const std::string& text(std::string_view key) const { return value(key).text; }
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key) const { return text(key) == "true"; }
  // Callers have to say who they are.
  bool knows_callers() const { return text("authentication") == "required" || !text("tls_client_ca").empty(); }
  std::chrono::milliseconds seconds(std::string_view key) const { return std::chrono::seconds(integer(key)); }

  const std::map<std::string, SettingValue, std::less<>>& values() const { return values_; }

  // Takes over what may change while the server runs. The keys of what has changed and may not.
  std::vector<std::string_view> adopt(const Configuration& fresh);

 private:
  Status take(std::string_view key, std::string text, std::string origin);
  Status take_file(std::string_view file, std::string_view file_name);
  Status take_environment(const std::map<std::string, std::string>& environment);

  std::map<std::string, SettingValue, std::less<>> values_;
};

// "HOST:PORT", "[::1]:0".
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
bool is_loopback(const std::string& host);
// Refuses addresses that other machines can reach, as long as nobody has to say who they are.
Status check_reach(const std::string& host, bool knows_callers);
Result<ListenAddress> parse_listen_address(std::string_view text, bool knows_callers);

// JSON Schema 2020-12 of modelyard.yaml.
Json configuration_schema();

}  // namespace modelyard::app
