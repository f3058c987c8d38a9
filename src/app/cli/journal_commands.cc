#include <cstdio>

#include "app/cli/command.h"
#include "journal/verify.h"

namespace modelyard::app {
namespace {

// "hold", "200 days, 1.0 GB"
std::string kept_for(const Json& endpoint) {
  if (endpoint["hold"] == true) return "hold";
  std::string kept;
  if (endpoint["max_age_days"] != 0) kept = endpoint["max_age_days"].dump() + " days";
  if (endpoint["max_bytes"] != 0) {
    kept += (kept.empty() ? "" : ", ") + human_bytes(endpoint["max_bytes"].get<std::int64_t>());
  }
  return kept.empty() ? "as all" : kept;
}

std::string captured_of(const Json& payloads) {
  if (payloads["records"] == 0) return "";
  return fmt::format("{} in {}", payloads["records"].dump(), human_bytes(payloads["bytes"].get<std::int64_t>()));
}

// Nothing where nothing is, or was.
void print_captured(const Json& payloads) {
  if (payloads["records"] == 0 && payloads["recorded"] == 0) return;
  const auto days = payloads["max_age_days"].get<std::int64_t>();
  std::printf("%s captured payloads in %s of %s at most%s\n", payloads["records"].dump().c_str(),
              human_bytes(payloads["bytes"].get<std::int64_t>()).c_str(),
              human_bytes(payloads["max_bytes"].get<std::int64_t>()).c_str(),
              days > 0 ? fmt::format(", for {} days", days).c_str() : "");
  const Json& lost = payloads["lost"];
  if (lost["room"] == 0 && lost["disk"] == 0) return;
  std::printf("%s since the start: %s for want of room in memory, %s because the disk did not take them\n",
              coloured("payloads were lost", Colour::kRed).c_str(), lost["room"].dump().c_str(),
              lost["disk"].dump().c_str());
}

Result<int> show_stats(const CommandContext& context) {
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
  print_captured(report["payloads"]);
  Table table({"ENDPOINT", "RECORDS", "SIZE", "BYTES/RECORD", "FROM (UTC)", "TO (UTC)", "KEPT", "CAPTURED"});
  for (const Json& endpoint : report["endpoints"]) {
    const auto size = endpoint["bytes"].get<std::int64_t>();
    table.add({text_of(endpoint["endpoint"]), endpoint["records"].dump(), human_bytes(size),
               fmt::format("{:.1f}", static_cast<double>(size) / endpoint["records"].get<double>()),
               text_of(endpoint["first_time"]).substr(0, 19), text_of(endpoint["last_time"]).substr(0, 19),
               kept_for(endpoint), captured_of(endpoint["payloads"])});
  }
  table.print("no predictions yet");
  return kDone;
}

// What is damaged; exit code 1 when something is.
Result<int> verify(const std::string& data, const CommandContext& context) {
  ProgressBar bar("verifying", ProgressBar::Unit::kNone);
  MODELYARD_ASSIGN(const auto verdict,
                   journal::verify_journal(data + "/journal", [&](std::size_t done, std::size_t all) {
                     bar.show(static_cast<std::int64_t>(done), static_cast<std::int64_t>(all));
                   }));
  const int exit_code = verdict.is_whole() ? kDone : kFailed;
  std::uint64_t records = 0;
  Json damaged = Json::array();
  for (const journal::FileVerdict& file : verdict.files) {
    records += file.records;
    if (!file.damage.empty()) {
      damaged.push_back({{"endpoint", file.endpoint}, {"file", file.file}, {"damage", file.damage}});
    }
  }
  if (context.json) {
    print_json({{"records", records},
                {"files", verdict.files.size()},
                {"damaged", damaged},
                {"deletions", verdict.deletions},
                {"deletions_damage", verdict.deletions_damage}});
    return exit_code;
  }
  for (const Json& file : damaged) {
    for (const Json& what : file["damage"]) {
      std::printf("%s %s/%s: %s\n", coloured("damaged", Colour::kRed).c_str(), text_of(file["endpoint"]).c_str(),
                  text_of(file["file"]).c_str(), text_of(what).c_str());
    }
  }
  for (const std::string& what : verdict.deletions_damage) {
    std::printf("%s %s\n", coloured("damaged", Colour::kRed).c_str(), what.c_str());
  }
  std::printf("%zu files with %llu records, %zu of them damaged; %llu deletions\n", verdict.files.size(),
              static_cast<unsigned long long>(records), damaged.size(),
              static_cast<unsigned long long>(verdict.deletions));
  return exit_code;
}

}  // namespace

void add_journal_commands(CommandLine& line) {
  CLI::App& group =
      line.group("journal", "The records of predictions: what is kept, whether it is whole, taking it out");
  line.add(group, "stats", "What is kept, and what was lost", [&line] { return show_stats(line.context()); });
  auto data = std::make_shared<std::string>("./modelyard-data");
  line.add(group, "verify", "Read every record on disk, and say what is damaged; needs no server",
           [data, &line] { return verify(*data, line.context()); })
      .add_option("--data", *data, "Folder of the server's data")
      ->capture_default_str();
  add_export_command(line, group);
}

}  // namespace modelyard::app
