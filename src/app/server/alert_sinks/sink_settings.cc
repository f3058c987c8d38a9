#include "app/server/alert_sinks/sink_settings.h"

#include <algorithm>

#include "app/server/outbound/outbound.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostSinks = 32, kMostReceivers = 100;
constexpr std::array<std::string_view, 2> kSmtp = {"smtp://", "smtps://"};

Result<SinkKind> parse_kind(const std::string& path, std::string_view kind) {
  if (kind == "webhook") return SinkKind::kWebhook;
  if (kind == "alertmanager") return SinkKind::kAlertmanager;
  if (kind == "email") return SinkKind::kEmail;
  if (kind == "slack") return SinkKind::kSlack;
  return error(Code::kInvalidArgument, "{}: expected webhook, alertmanager, email or slack", path);
}

// What could end a header line or an SMTP command, or name a second receiver, is no part of an address.
Status check_address(const std::string& path, std::string_view address) {
  const auto at = address.find('@');
  const bool fits = at != std::string_view::npos && at > 0 && at + 1 < address.size() && address.size() <= 254 &&
                    address.find_first_of("<>()[]\\,;:\"") == std::string_view::npos &&
                    address.find('@', at + 1) == std::string_view::npos && std::ranges::all_of(address, is_graphic);
  return fits ? ok() : Status(error(Code::kInvalidArgument, "{}: expected an address like ops@example.com", path));
}

Status read_email(ObjectReader& reader, SinkSettings& sink) {
  MODELYARD_ASSIGN(sink.from, reader.string("from"));
  MODELYARD_TRY(check_address(reader.path_of("from"), sink.from));
  MODELYARD_ASSIGN(const Json* receivers, reader.array("to"));
  const std::string path = reader.path_of("to");
  if (receivers->empty() || receivers->size() > kMostReceivers) {
    return error(Code::kInvalidArgument, "{}: expected 1 to {} addresses", path, kMostReceivers);
  }
  for (const Json& receiver : *receivers) {
    if (!receiver.is_string()) return error(Code::kInvalidArgument, "{}: expected addresses", path);
    sink.to.push_back(receiver.get<std::string>());
    MODELYARD_TRY(check_address(path, sink.to.back()));
  }
  MODELYARD_ASSIGN(const auto user, reader.optional_string("user"));
  MODELYARD_ASSIGN(const auto password_file, reader.optional_string("password_file"));
  sink.user = user.value_or("");
  sink.password_file = password_file.value_or("");
  if (sink.user.empty() == sink.password_file.empty()) return ok();
  return error(Code::kInvalidArgument, "{}: `user` and `password_file` go together", reader.path_of("user"));
}

Result<SinkSettings> read_sink(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(value, path));
  SinkSettings sink;
  MODELYARD_ASSIGN(const std::string kind, reader.string("kind"));
  MODELYARD_ASSIGN(sink.kind, parse_kind(reader.path_of("kind"), kind));
  MODELYARD_ASSIGN(const auto name, reader.optional_string("name"));
  sink.name = name.value_or(kind);
  MODELYARD_ASSIGN(const auto severity, reader.optional_string("severity"));
  if (severity) {
    const auto least = monitoring::parse_severity(*severity);
    if (!least) return least.error().with_context("{}", reader.path_of("severity"));
    sink.least = *least;
  }
  MODELYARD_ASSIGN(sink.url, reader.string("url"));
  MODELYARD_TRY(check_url(reader.path_of("url"), sink.url, sink.kind == SinkKind::kEmail ? kSmtp : kHttpSchemes));
  if (sink.kind == SinkKind::kWebhook) {
    MODELYARD_ASSIGN(sink.secret_file, reader.string("secret_file"));
  }
  if (sink.kind == SinkKind::kEmail) MODELYARD_TRY(read_email(reader, sink));
  MODELYARD_TRY(reader.finish());
  return sink;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name != "log" && std::ranges::all_of(name, is_graphic);
}

}  // namespace

Result<std::vector<SinkSettings>> parse_alert_sinks(const Json& list) {
  std::vector<SinkSettings> sinks;
  if (list.is_null()) return sinks;
  if (!list.is_array() || list.size() > kMostSinks) {
    return error(Code::kInvalidArgument, "alert_sinks: expected a list of at most {} sinks", kMostSinks);
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("alert_sinks[{}]", i);
    MODELYARD_ASSIGN(SinkSettings sink, read_sink(list[i], path));
    if (!is_name(sink.name)) {
      return error(Code::kInvalidArgument, "{}.name: expected 1 to 64 characters without spaces, and not 'log'", path);
    }
    if (std::ranges::find(sinks, sink.name, &SinkSettings::name) != sinks.end()) {
      return error(Code::kInvalidArgument, "{}.name: '{}' is taken; give each sink of a kind a `name`", path,
                   sink.name);
    }
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

}  // namespace modelyard::app
