#include <cstdio>
#include <map>

#include "app/cli/command.h"

namespace modelyard::app {
namespace {

constexpr std::int64_t kWaitSeconds = 600;

struct TrafficFlags {
  std::string endpoint, sticky, reason;
  std::vector<std::string> versions, overrides, shadows;
  bool wait = false;
};
using Flags = std::shared_ptr<TrafficFlags>;

std::string path_of(const TrafficFlags& flags) {
  return fmt::format("/api/v1/endpoints/{}/traffic", path_segment(flags.endpoint));
}

// "2=12.5"
Result<Json> version_and_percent(const std::string& text) {
  const auto [version, percent] = split_pair(text);
  const auto number = parse_json(percent);
  if (version == text || !number || !number->is_number()) {
    return error(Code::kInvalidArgument, "'{}' is not VERSION=PERCENT, like 2=12.5", text);
  }
  MODELYARD_ASSIGN(const VersionNumber parsed, parse_version_number(version));
  return Json{{"version", parsed}, {"percent", *number}};
}

// "header:X-Tester=yes=2"; the value may have a '=' in it.
Result<Json> override_of(const std::string& text) {
  const auto first = text.find('='), last = text.rfind('=');
  if (first == std::string::npos || first == last) {
    return error(Code::kInvalidArgument, "'{}' is not KEY=VALUE=VERSION, like header:X-Tester=yes=2", text);
  }
  MODELYARD_ASSIGN(const VersionNumber version, parse_version_number(text.substr(last + 1)));
  return Json{
      {"key", text.substr(0, first)}, {"value", text.substr(first + 1, last - first - 1)}, {"version", version}};
}

Result<Json> list_of(const std::vector<std::string>& texts, Result<Json> (*read)(const std::string&)) {
  Json list = Json::array();
  for (const std::string& text : texts) {
    MODELYARD_ASSIGN(Json one, read(text));
    list.push_back(std::move(one));
  }
  return list;
}

std::string rate_text(const Json& version) {
  const Json& rate = version["requests_per_second"];
  if (!rate.is_number()) return "-";
  const double value = rate.get<double>();
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

void print_versions(const Json& traffic) {
  Table table({"VERSION", "SHARE", "ARM", "PHASE", "REQUESTS/S"});
  const auto add = [&](const Json& version, std::string share) {
    const std::string phase = text_of(version["phase"]);
    table.add({version["version"].dump(), std::move(share), text_of(version.value("arm", Json())),
               coloured(phase, colour_of_state(phase)), rate_text(version)});
  };
  for (const Json& one : traffic["versions"]) add(one, fmt::format("{:g} %", one["percent"].get<double>()));
  for (const Json& one : traffic["shadows"]) add(one, fmt::format("copies of {:g} %", one["percent"].get<double>()));
  for (const Json& one : traffic["warm"]) add(one, "kept warm");
  table.print("");
}

void print_traffic(const Json& traffic) {
  const std::string name = text_of(traffic["endpoint"]);
  if (traffic["plan_revision"].is_null()) {
    std::printf("endpoint '%s' serves nothing: modelyard deploy %s VERSION\n", name.c_str(), name.c_str());
    return;
  }
  const Json& rollout = traffic["rollout"];
  const std::string decider =
      rollout.is_null() ? fmt::format("by {}, {}", text_of(traffic["actor"]), human_age(text_of(traffic["created"])))
                        : fmt::format("rollout {} decides", rollout.dump());
  std::printf("endpoint '%s', plan %s%s: %s\n%s\n\n", name.c_str(), traffic["plan_revision"].dump().c_str(),
              traffic["in_effect"] == true ? "" : " (not in effect yet)", decider.c_str(),
              text_of(traffic["reason"]).c_str());
  print_versions(traffic);
  if (traffic["versions"].size() > 1) std::printf("\nsticky     %s\n", text_of(traffic["sticky"]).c_str());
  for (const Json& rule : traffic["overrides"]) {
    std::printf("override   %s is %s: version %s\n", text_of(rule["key"]).c_str(), text_of(rule["value"]).c_str(),
                rule["version"].dump().c_str());
  }
  if (const Json& layer = traffic["layer"]; layer.is_object()) {
    std::printf("layer      %s, %g to %g %%\n", text_of(layer["name"]).c_str(), layer["from"].get<double>(),
                layer["to"].get<double>());
  }
  if (traffic["falls_back"] == true) std::printf("fallback   stable answers what the candidate fails to\n");
}

Result<int> show(const TrafficFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json traffic, context.client().call("GET", path_of(flags)));
  context.json ? print_json(traffic) : print_traffic(traffic);
  return kDone;
}

Result<int> set(const TrafficFlags& flags, const CommandContext& context) {
  Json body = {{"reason", flags.reason}};
  MODELYARD_ASSIGN(body["versions"], list_of(flags.versions, version_and_percent));
  MODELYARD_ASSIGN(body["shadows"], list_of(flags.shadows, version_and_percent));
  MODELYARD_ASSIGN(body["overrides"], list_of(flags.overrides, override_of));
  if (!flags.sticky.empty()) body["sticky"] = flags.sticky;
  if (flags.wait) body["wait_seconds"] = kWaitSeconds;
  MODELYARD_ASSIGN(const Json traffic, context.client().call("PUT", path_of(flags), body));
  if (context.json) {
    print_json(traffic);
    return kDone;
  }
  std::printf("endpoint '%s' %s %s (plan %s)\n", flags.endpoint.c_str(),
              flags.wait ? "is answered by" : "will be answered by", text_of_percents(traffic["versions"]).c_str(),
              traffic["plan_revision"].dump().c_str());
  return kDone;
}

}  // namespace

void add_traffic_commands(CommandLine& line) {
  const auto flags = std::make_shared<TrafficFlags>();
  CLI::App& group = line.group("traffic", "Which versions answer an endpoint, and with which shares");
  line.add(group, "show", "The plan in force, and who decides", [flags, &line] { return show(*flags, line.context()); })
      .add_option("endpoint", flags->endpoint, "Name of the endpoint")
      ->required();
  CLI::App& app = line.add(group, "set", "Let several versions answer, by hand",
                           [flags, &line] { return set(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("versions", flags->versions, "VERSION=PERCENT of those that answer; they sum to 100")->required();
  app.add_option("--override", flags->overrides, "KEY=VALUE=VERSION: header:X-Tester=yes=2 or principal=NAME=2");
  app.add_option("--shadow", flags->shadows, "VERSION=PERCENT: gets copies of so many requests, and answers nobody");
  app.add_option("--sticky", flags->sticky,
                 "What keeps a caller at one version: header:NAME (header:Modelyard-Unit), principal, none");
  app.add_option("--reason", flags->reason, "Why: it is kept with the plan and in the audit log")->required();
  app.add_flag("--wait", flags->wait, "Wait until it is in effect, or failed");
}

}  // namespace modelyard::app
