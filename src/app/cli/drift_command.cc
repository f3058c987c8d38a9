#include <cmath>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"

namespace modelyard::app {
namespace {

struct DriftFlags {
  std::string endpoint, from, to, reference_from, reference_to, source;
};

// A bar of up to ten blocks, full at ten times the floor.
std::string bar_of(double distance, double floor) {
  const int blocks = static_cast<int>(std::lround(10 * std::min(1.0, distance / (10 * floor))));
  std::string bar;
  for (int i = 0; i < blocks; ++i) bar += "█";
  return bar;
}

Colour colour_of(const std::string& verdict) {
  return verdict == "stable" ? Colour::kGreen : verdict == "nodata" ? Colour::kDim : Colour::kRed;
}

std::string period_text(const Json& period) {
  const auto minute = [](const Json& time) {
    std::string text = text_of(time).substr(0, 16);
    text[10] = ' ';
    return text;
  };
  if (period.contains("attached_to")) {
    return fmt::format("published with version {}, {} rows", period["attached_to"].dump(), period["rows"].dump());
  }
  const std::string time = fmt::format("{} to {}, {} predictions", minute(period["from"]), minute(period["to"]),
                                       period["predictions"].dump());
  if (!period.contains("rows")) return time;
  if (period["rows"] == period["profiled_rows"]) return fmt::format("{}, {} rows", time, period["rows"].dump());
  return fmt::format("{}; {} of {} rows were looked at", time, period["profiled_rows"].dump(), period["rows"].dump());
}

// Exit code 1 when something has drifted.
Result<int> drift(const DriftFlags& flags, const CommandContext& context) {
  std::string query;
  const UtcTime now = system_clock().utc_now();
  for (const auto& [flag, name, text] : {std::tuple("--from", "from", &flags.from), std::tuple("--to", "to", &flags.to),
                                         std::tuple("--reference-from", "reference_from", &flags.reference_from),
                                         std::tuple("--reference-to", "reference_to", &flags.reference_to)}) {
    if (text->empty()) continue;
    MODELYARD_ASSIGN(const UtcTime time, parse_moment(flag, *text, now));
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, format_utc(time));
  }
  if (!flags.source.empty()) query += fmt::format("{}source={}", query.empty() ? '?' : '&', flags.source);
  MODELYARD_ASSIGN(const Json report, context.client().call("GET", fmt::format("/api/v1/endpoints/{}/drift{}",
                                                                               path_segment(flags.endpoint), query)));
  int exit_code = kDone;
  for (const Json& feature : report["features"]) {
    if (feature["verdict"] == "drifted" || feature["verdict"] == "missing") exit_code = kFailed;
  }
  if (context.json) {
    print_json(report);
    return exit_code;
  }
  std::printf("reference  %s\ncurrent    %s\n\n", period_text(report["reference"]).c_str(),
              period_text(report["current"]).c_str());
  Table table({"FEATURE", "KIND", "DISTANCE", "", "P", "VERDICT", "CHANGE"});
  const double floor = report["distance_floor"].get<double>();
  for (const Json& feature : report["features"]) {
    const double distance = feature["distance"].get<double>();
    const std::string verdict = text_of(feature["verdict"]);
    const bool is_measured = verdict == "stable" || verdict == "drifted";
    table.add({text_of(feature["feature"]), text_of(feature["kind"]),
               is_measured ? fmt::format("{:.3f}", distance) : "-", bar_of(distance, floor),
               is_measured ? fmt::format("{:.2g}", feature["p"].get<double>()) : "-",
               coloured(verdict, colour_of(verdict)), text_of(feature["change"])});
  }
  table.print("no features");
  std::printf("\ndrifted: a distance of %.3g or more, and a p-value below %.3g after correction for all features\n",
              floor, report["alpha"].get<double>());
  return exit_code;
}

}  // namespace

void add_drift_command(CommandLine& line) {
  const auto flags = std::make_shared<DriftFlags>();
  CLI::App& app = line.add("drift", "Which inputs and outputs have changed",
                           [flags, &line] { return drift(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("--from", flags->from, "Since then: 2h, or a time, in UTC unless it says where; a day without it");
  app.add_option("--to", flags->to, "Until then");
  app.add_option("--reference-from", flags->reference_from,
                 "What it is compared with, since then; without it the version's reference, else seven days");
  app.add_option("--reference-to", flags->reference_to, "And until then; --from without it");
  app.add_option("--source", flags->source, "live: profiles of a share of all; captured: what capture has kept")
      ->check(CLI::IsMember({"live", "captured"}));
}

}  // namespace modelyard::app
