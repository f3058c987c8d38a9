#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/endpoint_settings.h"

namespace modelyard::app {
namespace {

// One of an endpoint's settings, and what is said of it when nothing is set.
struct Setting {
  std::string name;
  std::string defaults;
};

struct SettingFlags {
  std::string endpoint;
  std::vector<std::string> settings;
  bool reset = false;
};

// "queue_policy.max_queue_size=4" sets, "max_batch_size=" goes back to the default.
Status change(Json& values, const std::string& setting) {
  const auto [key, text] = split_pair(setting);
  std::string pointer = "/" + key;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  try {
    const Json::json_pointer place(pointer);
    if (text.empty()) {
      if (values.contains(place)) values[place.parent_pointer()].erase(place.back());
      return ok();
    }
    const auto value = parse_json(text);
    values[place] = value ? *value : Json(text);
  } catch (const Json::exception&) {
    return error(Code::kInvalidArgument, "'{}': there is no such setting", key);
  }
  return ok();
}

void print_setting(const Json& endpoint, const Setting& setting) {
  if (endpoint[setting.name].empty()) {
    std::printf("endpoint '%s' has the defaults: %s\n", endpoint["name"].get<std::string>().c_str(),
                setting.defaults.c_str());
    return;
  }
  Table table({"SETTING", "VALUE"});
  const Json flat = endpoint[setting.name].flatten();
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

Result<int> show_or_change(const Setting& setting, const SettingFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(Json endpoint, read_endpoint(context.client(), flags.endpoint));
  if (flags.reset || !flags.settings.empty()) {
    Json values = flags.reset ? Json::object() : endpoint[setting.name];
    for (const std::string& one : flags.settings) MODELYARD_TRY(change(values, one));
    MODELYARD_ASSIGN(endpoint, put_setting(context.client(), endpoint, setting.name, std::move(values)));
  }
  if (context.json) {
    print_json(endpoint[setting.name]);
    return kDone;
  }
  print_setting(endpoint, setting);
  if (setting.name == "scheduling") MODELYARD_TRY(print_pending(context.client(), endpoint));
  return kDone;
}

struct SettingCommand {
  std::string name, help, example;
  Setting setting;
};

void add_setting_command(CommandLine& line, const SettingCommand& command) {
  const auto flags = std::make_shared<SettingFlags>();
  CLI::App& app = line.add(command.name, command.help, [flags, setting = command.setting, &line] {
    return show_or_change(setting, *flags, line.context());
  });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("settings", flags->settings, command.example + "; KEY= goes back to the default")
      ->type_name("KEY=VALUE")
      ->check(key_and_value());
  app.add_flag("--reset", flags->reset, "Back to all defaults first");
}

}  // namespace

void add_setting_commands(CommandLine& line) {
  add_setting_command(line, {"schedule",
                             "Show or change how an endpoint's requests are queued, batched and limited",
                             "max_queue_delay_microseconds=100",
                             {"scheduling", "natural batching, no limits"}});
  add_setting_command(line, {"record",
                             "Show or change what an endpoint's predictions leave in the journal",
                             "required=true",
                             {"journal", "a decision record of each, dropped and counted when it cannot be kept"}});
  add_setting_command(line, {"evaluate",
                             "Show or change how an endpoint's predictions are judged by the labels that come",
                             "task=binary",
                             {"evaluation", "the task and its outputs as the signature suggests them"}});
  add_setting_command(line, {"watch",
                             "Show or change what of an endpoint is watched, by monitors",
                             "inputs.kind=drift inputs.window=1h",
                             {"monitors", "nothing is watched"}});
}

}  // namespace modelyard::app
