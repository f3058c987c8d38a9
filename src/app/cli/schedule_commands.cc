#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/endpoint_settings.h"

namespace modelyard::app {
namespace {

struct ScheduleFlags {
  std::string endpoint;
  std::vector<std::string> settings;
  bool reset = false;
};

// "queue_policy.max_queue_size=4" sets, "max_batch_size=" goes back to the default.
Status change(Json& scheduling, const std::string& setting) {
  const auto [key, text] = split_pair(setting);
  std::string pointer = "/" + key;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  try {
    const Json::json_pointer place(pointer);
    if (text.empty()) {
      if (scheduling.contains(place)) scheduling[place.parent_pointer()].erase(place.back());
      return ok();
    }
    const auto value = parse_json(text);
    scheduling[place] = value ? *value : Json(text);
  } catch (const Json::exception&) {
    return error(Code::kInvalidArgument, "'{}': there is no such setting", key);
  }
  return ok();
}

void print_scheduling(const Json& endpoint) {
  if (endpoint["scheduling"].empty()) {
    std::printf("endpoint '%s' has the defaults: natural batching, no limits\n",
                endpoint["name"].get<std::string>().c_str());
    return;
  }
  Table table({"SETTING", "VALUE"});
  const Json flat = endpoint["scheduling"].flatten();
  for (const auto& [name, value] : flat.items()) {
    std::string key = name.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    table.add({key, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  table.print("");
}

// Versions that have not been loaded with the endpoint's threads yet.
Status print_pending(const HttpClient& client, const Json& endpoint) {
  const int threads = endpoint["scheduling"].value("intra_op_threads", 0);
  MODELYARD_ASSIGN(const Json status,
                   client.call("GET", "/api/v1/status?model=" + endpoint["model"].get<std::string>()));
  for (const Json& version : status["versions"]) {
    const int loaded = version.value("intra_op_threads", 0);
    const int wanted = version.value("wanted_intra_op_threads", loaded > 0 ? std::max(loaded, threads) : 0);
    if (wanted == loaded) continue;
    std::printf("version %s answers with intra_op_threads %d until it is loaded with %d: modelyard status %s\n",
                version["version"].dump().c_str(), loaded, wanted, endpoint["model"].get<std::string>().c_str());
  }
  return ok();
}

Result<int> schedule(const ScheduleFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(Json endpoint, read_endpoint(context.client(), flags.endpoint));
  if (flags.reset || !flags.settings.empty()) {
    Json scheduling = flags.reset ? Json::object() : endpoint["scheduling"];
    for (const std::string& setting : flags.settings) MODELYARD_TRY(change(scheduling, setting));
    MODELYARD_ASSIGN(endpoint, put_scheduling(context.client(), endpoint, std::move(scheduling)));
  }
  if (context.json) {
    print_json(endpoint["scheduling"]);
  } else {
    print_scheduling(endpoint);
    MODELYARD_TRY(print_pending(context.client(), endpoint));
  }
  return kDone;
}

}  // namespace

void add_schedule_command(CommandLine& line) {
  const auto flags = std::make_shared<ScheduleFlags>();
  CLI::App& app = line.add("schedule", "Show or change how an endpoint's requests are queued, batched and limited",
                           [flags, &line] { return schedule(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("settings", flags->settings, "max_queue_delay_microseconds=100; KEY= goes back to the default")
      ->type_name("KEY=VALUE")
      ->check(key_and_value());
  app.add_flag("--reset", flags->reset, "Back to all defaults first");
}

}  // namespace modelyard::app
