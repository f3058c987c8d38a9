#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"
#include "base/uuid.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kPage = 1000;

struct FindFlags {
  std::string endpoint, version, status, principal, from, to;
  std::size_t last = 20;
};

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

std::string human_microseconds(std::int64_t micros) {
  return micros < 1000 ? fmt::format("{} µs", micros) : fmt::format("{:.3g} ms", static_cast<double>(micros) / 1000);
}

std::string coloured_status(const Json& status) {
  return coloured(text_of(status), status == "ok" ? Colour::kPlain : Colour::kRed);
}

Result<std::string> query_of(const FindFlags& flags) {
  std::string query;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, path_segment(value));
  };
  const UtcTime now = system_clock().utc_now();
  add("endpoint", flags.endpoint);
  add("version", flags.version);
  add("status", flags.status);
  add("principal", flags.principal);
  if (!flags.from.empty()) {
    MODELYARD_ASSIGN(const UtcTime from, parse_moment("--from", flags.from, now));
    add("from", format_utc(from));
  }
  if (!flags.to.empty()) {
    MODELYARD_ASSIGN(const UtcTime to, parse_moment("--to", flags.to, now));
    add("to", format_utc(to));
  }
  return query;
}

// The newest first, as many as are asked for.
Result<Json> fetch(const FindFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::string query, query_of(flags));
  const HttpClient client = context.client();
  Json found = Json::array();
  std::string cursor;
  while (found.size() < flags.last) {
    const std::size_t limit = std::min(kPage, flags.last - found.size());
    MODELYARD_ASSIGN(const Json page,
                     client.call("GET", fmt::format("/api/v1/predictions?limit={}{}{}", limit, query,
                                                    cursor.empty() ? "" : "&cursor=" + path_segment(cursor))));
    for (const Json& item : page["items"]) found.push_back(item);
    if (page["next_cursor"].is_null()) break;
    cursor = page["next_cursor"].get<std::string>();
  }
  return found;
}

Result<int> find(const FindFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json found, fetch(flags, context));
  if (context.json) {
    print_json(found);
    return kDone;
  }
  Table table({"TIME (UTC)", "PREDICTION", "ENDPOINT", "VERSION", "BY", "STATUS", "LATENCY", "ROWS"});
  for (const Json& one : found) {
    std::string time = text_of(one["time"]).substr(0, 23);
    time[10] = ' ';
    table.add({time, text_of(one["prediction_id"]), text_of(one["endpoint"]),
               text_of(one["model"]) + "/" + one["version"].dump(), text_of(one["principal"]),
               coloured_status(one["status"]), human_microseconds(one["latency_us"].get<std::int64_t>()),
               one["rows"].dump()});
  }
  table.print("no such predictions in the journal");
  return kDone;
}

Result<int> show(const std::string& id, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json one, context.client().call("GET", "/api/v1/predictions/" + path_segment(id)));
  if (context.json) {
    print_json(one);
    return kDone;
  }
  const auto line = [](std::string_view name, const std::string& value) {
    std::printf("%-14s %s\n", std::string(name).c_str(), value.c_str());
  };
  const std::string time = text_of(one["time"]);
  line("prediction", text_of(one["prediction_id"]));
  line("time", fmt::format("{}  ({})", time, human_age(time)));
  line("decided by", fmt::format("{}/{}", text_of(one["model"]), one["version"].dump()));
  line("endpoint", one["plan_revision"].is_null()
                       ? text_of(one["endpoint"]) + ", the version was named by the caller"
                       : fmt::format("{}, traffic plan {}", text_of(one["endpoint"]), one["plan_revision"].dump()));
  if (!one["arm"].is_null()) line("arm", text_of(one["arm"]));
  line("asked by", text_of(one["principal"]));
  line("protocol", text_of(one["protocol"]));
  line("status", coloured_status(one["status"]));
  line("latency", human_microseconds(one["latency_us"].get<std::int64_t>()));
  line("rows", one["rows"].dump());
  return kDone;
}

Result<int> show_journal(const CommandContext& context) {
  MODELYARD_ASSIGN(const Json report, context.client().call("GET", "/api/v1/journal"));
  if (context.json) {
    print_json(report);
    return kDone;
  }
  const auto most = report["max_bytes"].get<std::int64_t>();
  const auto bytes = report["bytes"].get<std::int64_t>();
  const auto records = report["records"].get<std::int64_t>();
  const auto days = report["max_age_days"].get<std::int64_t>();
  const Json& lost = report["lost"];
  std::printf("%ld records in %s of %s at most%s; durability %s\n", static_cast<long>(records),
              human_bytes(bytes).c_str(), human_bytes(most).c_str(),
              days > 0 ? fmt::format(", for {} days", days).c_str() : "", text_of(report["durability"]).c_str());
  if (lost["room"] != 0 || lost["disk"] != 0) {
    std::printf("%s since the start: %s for want of room in memory, %s because the disk did not take them\n",
                coloured("records were lost", Colour::kRed).c_str(), lost["room"].dump().c_str(),
                lost["disk"].dump().c_str());
  }
  Table table({"ENDPOINT", "RECORDS", "SIZE", "BYTES/RECORD", "FROM (UTC)", "TO (UTC)"});
  for (const Json& endpoint : report["endpoints"]) {
    const auto size = endpoint["bytes"].get<std::int64_t>();
    table.add({text_of(endpoint["endpoint"]), endpoint["records"].dump(), human_bytes(size),
               fmt::format("{:.1f}", static_cast<double>(size) / endpoint["records"].get<double>()),
               text_of(endpoint["first_time"]).substr(0, 19), text_of(endpoint["last_time"]).substr(0, 19)});
  }
  table.print("no predictions yet");
  return kDone;
}

}  // namespace

void add_prediction_commands(CommandLine& line) {
  CLI::App& predictions = line.group("predictions", "Which version decided, when, and for whom");
  auto flags = std::make_shared<FindFlags>();
  CLI::App& finding = line.add(predictions, "find", "The newest predictions that fit",
                               [flags, &line] { return find(*flags, line.context()); });
  finding.add_option("endpoint", flags->endpoint, "Only of this endpoint");
  finding.add_option("--version", flags->version, "Only of this version")->check(version_argument(AliasToo::kNo));
  finding.add_option("--status", flags->status, "ok, failed, or the name of a code");
  finding.add_option("--by", flags->principal, "Only for this caller");
  finding.add_option("--from", flags->from, "Since then: 2h, 30m, or a UTC time");
  finding.add_option("--to", flags->to, "Until then");
  finding.add_option("--last", flags->last, "So many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  auto id = std::make_shared<std::string>();
  line.add(predictions, "show", "The record of one prediction", [id, &line] { return show(*id, line.context()); })
      .add_option("id", *id, "Modelyard-Prediction-Id of the answer")
      ->required()
      ->check(CLI::Validator(
          [](const std::string& text) { return Uuid::parse(text) ? "" : "'" + text + "' is not a UUID"; }, "UUID"));
  line.add(predictions, "journal", "What is kept, and what was lost", [&line] { return show_journal(line.context()); });
}

}  // namespace modelyard::app
