#include "app/configuration/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "app/configuration/yaml_document.h"
#include "base/nearest_name.h"
#include "security/verb.h"

namespace modelyard::app {
namespace {

using enum SettingType;
constexpr std::int64_t kDay = 86'400;

// clang-format off
constexpr std::array kSettings = {
    Setting{"data", kText, "./modelyard-data", 0, 0, "", "folder of catalog and blobs"},
    Setting{"listen", kText, "127.0.0.1:8080", 0, 0, "", "HOST:PORT to listen on; port 0 lets the system choose"},
    Setting{"tls_certificate", kText, "", 0, 0, "", "PEM file of the server's certificate and its chain; turns TLS on"},
    Setting{"tls_key", kText, "", 0, 0, "", "PEM file of the certificate's key"},
    Setting{"tls_client_ca", kText, "", 0, 0, "", "PEM file of who signs clients; they must then show a certificate"},
    Setting{"authentication", kChoice, "none", 0, 0, "none|required",
            "required: callers show an API key or a client certificate; none: nobody is asked"},
    Setting{"certificate_verbs", kText, "admin", 0, 0, "",
            "what clients with a certificate may do: infer, read, publish, deploy, payload, label, admin, with commas"},
    Setting{"port_file", kText, "", 0, 0, "", "file that receives the bound port once the server is ready"},
    Setting{"loops", kInteger, "0", 0, 256, "", "event loops; 0 is one for each core"},
    Setting{"max_connections", kInteger, "10000", 1, 1'000'000, "", "open connections"},
    Setting{"max_body_bytes", kInteger, "67108864", 1024, 1LL << 34, "", "bytes of a request body, inflated"},
    Setting{"max_header_bytes", kInteger, "16384", 1024, 1 << 20, "", "bytes of all header lines of a request"},
    Setting{"max_headers", kInteger, "100", 8, 1000, "", "header lines of a request"},
    Setting{"max_target_bytes", kInteger, "8192", 256, 65'536, "", "bytes of a request's target"},
    Setting{"idle_timeout_seconds", kInteger, "75", 1, kDay, "", "seconds a connection may be idle"},
    Setting{"header_timeout_seconds", kInteger, "10", 1, 3600, "", "seconds a request's head may take"},
    Setting{"body_timeout_seconds", kInteger, "60", 1, kDay, "", "seconds that a body or an answer may stand still or trickle"},
    Setting{"max_in_flight", kInteger, "4096", 1, 1'000'000, "", "requests being answered at once"},
    Setting{"max_in_flight_bytes", kInteger, "1073741824", 1 << 20, 1LL << 40, "", "bytes of request bodies being answered at once"},
    Setting{"queue_capacity", kInteger, "256", 1, 65'536, "", "requests waiting for the workers of one version"},
    Setting{"workers_per_version", kInteger, "0", 0, 256, "", "worker threads of one version; 0 is one for each core"},
    Setting{"inline_below_us", kInteger, "50", 0, 1'000'000, "", "microseconds below which a run stays on its event loop"},
    Setting{"intra_op_threads", kInteger, "1", 1, 256, "", "engine threads of one run"},
    Setting{"memory_limit_bytes", kInteger, "0", 0, 1LL << 50, "", "bytes all loaded versions may take; 0 is no limit"},
    Setting{"version_grace_seconds", kInteger, "30", 0, 30 * kDay, "", "seconds an unwanted version stays loaded", true},
    Setting{"load_retry_least_seconds", kInteger, "1", 1, 3600, "", "seconds before the first retry of a failed load"},
    Setting{"load_retry_most_seconds", kInteger, "300", 1, kDay, "", "seconds between retries at most"},
    Setting{"control_threads", kInteger, "4", 1, 64, "", "threads for control calls"},
    Setting{"upload_lease_seconds", kInteger, "3600", 60, 30 * kDay, "", "seconds an uploaded blob without a version is kept"},
    Setting{"event_retention", kInteger, "10000", 100, 10'000'000, "", "events kept"},
    Setting{"journal", kBoolean, "true", 0, 0, "", "keep a record of every prediction: which version decided, when, for whom"},
    Setting{"journal_durability", kChoice, "interval", 0, 0, "none|interval|group",
            "what a crash may lose of it: none and interval 50 ms, a power cut half a minute or 1 s; group nothing, answers wait"},
    Setting{"journal_max_bytes", kInteger, "1073741824", 1 << 20, 1LL << 50, "", "bytes of records kept; the oldest go first"},
    Setting{"capture_max_bytes", kInteger, "1073741824", 1 << 20, 1LL << 50, "", "bytes of captured payloads kept; the oldest go first"},
    Setting{"ground_truth_max_age_days", kInteger, "400", 0, 36'500, "", "days that labels are kept, from their predictions on; 0 is for ever"},
    Setting{"capture_max_age_days", kInteger, "30", 0, 36'500, "", "days that captured payloads are kept; 0 is as long as there is room"},
    Setting{"journal_max_age_days", kInteger, "0", 0, 36'500, "", "days that records are kept; 0 is as long as there is room"},
    Setting{"lame_duck_seconds", kInteger, "0", 0, 3600, "", "seconds of not-ready before connections are drained", true},
    Setting{"drain_timeout_seconds", kInteger, "30", 0, 3600, "", "seconds that running requests have to finish", true},
    Setting{"log_level", kChoice, "info", 0, 0, "debug|info|warning|error", "least level that is logged", true},
    Setting{"profile_cpu_percent", kInteger, "2", 0, 50, "", "percent of a loop's time for profiles of what is predicted; 0 watches nothing"},
    Setting{"profile_window_seconds", kInteger, "300", 1, 3600, "", "seconds of the narrowest window of profiles"},
    Setting{"profiles_max_bytes", kInteger, "1073741824", 1 << 20, 1LL << 50, "", "bytes of all profiles on disk; the oldest go first"},
    Setting{"alert_sinks", kText, "", 0, 0, "", "YAML file that lists where alerts are sent; empty: only the log"},
    Setting{"signal_sources", kText, "", 0, 0, "", "YAML file that lists who is asked for external signals of rollouts; empty: nobody"},
    Setting{"public_url", kText, "", 0, 0, "", "URL by which people reach this server, for links in alerts"},
    Setting{"log_format", kChoice, "auto", 0, 0, "auto|json|text", "auto is text on a terminal, else JSON lines"},
    Setting{"access_log_every", kInteger, "1", 0, 1'000'000, "", "log every n-th request; 0 logs none", true},
    Setting{"metrics_triton_names", kBoolean, "false", 0, 0, "", "also expose nv_inference_* metrics"},
    Setting{"otlp_endpoint", kText, "", 0, 0, "", "URL of an OpenTelemetry collector that takes traces over HTTP; empty makes none"},
    Setting{"otlp_headers_file", kText, "", 0, 0, "", "file with header lines for the collector, such as who sends: Name: value"},
    Setting{"trace_share", kNumber, "0", 0, 1, "", "share of the requests without a caller's trace that make one", true},
    Setting{"shared_memory", kBoolean, "false", 0, 0, "", "let clients of this machine lend system shared memory"},
    Setting{"max_shared_memory_regions", kInteger, "256", 1, 65'536, "", "shared memory regions registered at once"},
    Setting{"onnxruntime_lib", kText, "", 0, 0, "", "ONNX Runtime library; empty searches the usual places"},
};
// clang-format on

const Setting* find_setting(std::string_view key) {
  const auto found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& setting) { return setting.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

template <typename Name>
Error unknown(std::string_view what, std::string_view given, std::string_view origin, Name name) {
  std::vector<std::string> known;
  for (const Setting& setting : kSettings) known.push_back(name(setting));
  const auto nearest = nearest_name(given, known);
  return error(Code::kInvalidArgument, "{}: unknown {} '{}'{}", origin, what, given,
               nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    choices = bar == std::string_view::npos ? "" : choices.substr(bar + 1);
  }
  return false;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status check(const Setting& setting, std::string_view text, std::string_view origin) {
  const auto bad = [&](const std::string& expected) {
    return error(Code::kInvalidArgument, "{}: {}: expected {}, got '{}'", origin, setting.key, expected, text);
  };
  switch (setting.type) {
    case kText: return ok();
    case kBoolean: return text == "true" || text == "false" ? ok() : Status(bad("true or false"));
    case kChoice:
      return is_choice(setting.choices, text) ? ok() : Status(bad("one of " + std::string(setting.choices)));
    case kInteger: {
      const auto number = parse_integer(text);
      if (number && *number >= setting.least && *number <= setting.most) return ok();
      return bad(fmt::format("an integer in {}..{}", setting.least, setting.most));
    }
    case kNumber: {
      const auto number = parse_number(text);
      const bool fits =
          number && *number >= static_cast<double>(setting.least) && *number <= static_cast<double>(setting.most);
      return fits ? ok() : Status(bad(fmt::format("a number in {}..{}", setting.least, setting.most)));
    }
  }
  return ok();
}

Status check_traces(const Configuration& configuration) {
  const std::string& endpoint = configuration.text("otlp_endpoint");
  if (endpoint.empty()) {
    if (configuration.number("trace_share") == 0 && configuration.text("otlp_headers_file").empty()) return ok();
    return error(Code::kInvalidArgument, "trace_share and otlp_headers_file need otlp_endpoint");
  }
  const bool is_url = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const bool is_plain = std::all_of(endpoint.begin(), endpoint.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (is_url && is_plain) return ok();
  return error(Code::kInvalidArgument, "otlp_endpoint: '{}' is not a URL; write it like http://127.0.0.1:4318",
               endpoint);
}

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string(setting.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string environment_of(const Setting& setting) {
  std::string name = "MODELYARD_" + std::string(setting.key);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return name;
}

Status Configuration::take(std::string_view key, std::string text, std::string origin) {
  const Setting* setting = find_setting(key);
  if (!setting) {
    return unknown("key", key, origin, [](const Setting& known) { return std::string(known.key); });
  }
  MODELYARD_TRY(check(*setting, text, origin));
  values_[std::string(key)] = {std::move(text), std::move(origin)};
  return ok();
}

Status Configuration::take_file(std::string_view file, std::string_view file_name) {
  MODELYARD_ASSIGN(const auto entries, read_yaml_entries(file, file_name));
  for (const auto& [key, text] : entries) MODELYARD_TRY(take(key, text, std::string(file_name)));
  return ok();
}

Status Configuration::take_environment(const std::map<std::string, std::string>& environment) {
  // Variables of the command line, which are no settings of the server.
  constexpr std::array<std::string_view, 8> kOthers = {"MODELYARD_API_KEY",    "MODELYARD_SERVER",
                                                       "MODELYARD_CONFIG",     "MODELYARD_ENGINE_DIR",
                                                       "MODELYARD_CA",         "MODELYARD_CLIENT_CERTIFICATE",
                                                       "MODELYARD_CLIENT_KEY", "MODELYARD_PARQUET_LIB"};
  for (const auto& [name, text] : environment) {
    if (!name.starts_with("MODELYARD_")) continue;
    if (std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end()) continue;
    const auto known = std::find_if(kSettings.begin(), kSettings.end(),
                                    [&](const Setting& setting) { return environment_of(setting) == name; });
    if (known == kSettings.end()) return unknown("variable", name, "environment", environment_of);
    MODELYARD_TRY(take(known->key, text, "environment " + name));
  }
  return ok();
}

std::vector<std::string_view> Configuration::adopt(const Configuration& fresh) {
  std::vector<std::string_view> refused;
  for (const Setting& setting : settings()) {
    if (setting.reloadable) {
      values_.find(setting.key)->second = fresh.value(setting.key);
    } else if (fresh.text(setting.key) != text(setting.key)) {
      refused.push_back(setting.key);
    }
  }
  return refused;
}

Result<Configuration> Configuration::merge(std::string_view file, std::string_view file_name,
                                           const std::map<std::string, std::string>& environment,
                                           const std::map<std::string, std::string>& flags) {
  Configuration configuration;
  for (const Setting& setting : kSettings) {
    MODELYARD_TRY(configuration.take(setting.key, std::string(setting.otherwise), "default"));
  }
  MODELYARD_TRY(configuration.take_file(file, file_name));
  MODELYARD_TRY(configuration.take_environment(environment));
  for (const auto& [key, text] : flags) {
    const Setting* setting = find_setting(key);
    MODELYARD_TRY(configuration.take(key, text, setting ? "flag " + flag_of(*setting) : "flag"));
  }
  if (configuration.integer("load_retry_least_seconds") > configuration.integer("load_retry_most_seconds")) {
    return error(Code::kInvalidArgument, "load_retry_least_seconds is larger than load_retry_most_seconds");
  }
  const bool has_certificate = !configuration.text("tls_certificate").empty();
  if (has_certificate == configuration.text("tls_key").empty()) {
    return error(Code::kInvalidArgument, "tls_certificate and tls_key belong together; set both or none");
  }
  const bool has_client_ca = !configuration.text("tls_client_ca").empty();
  if (has_client_ca && !has_certificate) {
    return error(Code::kInvalidArgument, "tls_client_ca needs tls_certificate and tls_key");
  }
  if (const auto verbs = security::VerbSet::parse(configuration.text("certificate_verbs")); !verbs) {
    return verbs.error().with_context("certificate_verbs");
  }
  MODELYARD_TRY(parse_listen_address(configuration.text("listen"), configuration.knows_callers()));
  MODELYARD_TRY(check_traces(configuration));
  return configuration;
}

const SettingValue& Configuration::value(std::string_view key) const {
  const auto found = values_.find(key);
  MODELYARD_CHECK(found != values_.end(), "code asks for settings of the table only");
  return found->second;
}

std::int64_t Configuration::integer(std::string_view key) const {
  return *parse_integer(text(key));
}

double Configuration::number(std::string_view key) const {
  return *parse_number(text(key));
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<ListenAddress> parse_listen_address(std::string_view text, bool knows_callers) {
  const auto bad = [&] {
    return error(Code::kInvalidArgument, "listen: '{}' is not HOST:PORT; write it like 127.0.0.1:8080", text);
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535 || host.empty()) return bad();
  ListenAddress address{std::string(host), static_cast<std::uint16_t>(*port)};
  MODELYARD_TRY(check_reach(address.host, knows_callers));
  return address;
}

Status check_reach(const std::string& host, bool knows_callers) {
  if (knows_callers || is_loopback(host)) return ok();
  return error(Code::kFailedPrecondition,
               "listen: '{}' can be reached by other machines, and callers are not asked who they are; make a key "
               "(modelyard key create NAME --verbs admin --data DIR) and set authentication: required, or set "
               "tls_client_ca, or listen on 127.0.0.1",
               host);
}

Json configuration_schema() {
  Json properties = Json::object();
  for (const Setting& setting : kSettings) {
    Json& property = properties[std::string(setting.key)];
    property["description"] = setting.help;
    if (setting.type == kInteger) {
      property["type"] = "integer";
      property["minimum"] = setting.least;
      property["maximum"] = setting.most;
      property["default"] = *parse_integer(setting.otherwise);
    } else if (setting.type == kNumber) {
      property["type"] = "number";
      property["minimum"] = setting.least;
      property["maximum"] = setting.most;
      property["default"] = *parse_number(setting.otherwise);
    } else if (setting.type == kBoolean) {
      property["type"] = "boolean";
      property["default"] = setting.otherwise == "true";
    } else {
      property["type"] = "string";
      property["default"] = setting.otherwise;
    }
    if (setting.type != kChoice) continue;
    for (std::string_view rest = setting.choices; !rest.empty();) {
      const auto bar = rest.find('|');
      property["enum"].push_back(rest.substr(0, bar));
      rest = bar == std::string_view::npos ? "" : rest.substr(bar + 1);
    }
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "modelyard.yaml"},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", std::move(properties)}};
}

}  // namespace modelyard::app
