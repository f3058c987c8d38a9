#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/cli/command.h"
#include "app/configuration/settings.h"
#include "app/server/server.h"
#include "base/directory.h"

extern char** environ;

namespace modelyard::app {
namespace {

namespace fs = std::filesystem;

struct ServeFlags {
  std::string config;
  std::map<std::string, std::string> settings;
  std::vector<std::string> models;
};

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return variables;
}

// --config, else MODELYARD_CONFIG, else ./modelyard.yaml, else /etc/modelyard/modelyard.yaml; the usual places may be
// without a file.
Result<Configuration> load_configuration(const ServeFlags& flags) {
  const char* const named = std::getenv("MODELYARD_CONFIG");
  std::string file = flags.config.empty() && named != nullptr ? named : flags.config;
  std::error_code ignored;
  for (const char* usual : {"modelyard.yaml", "/etc/modelyard/modelyard.yaml"}) {
    if (file.empty() && fs::exists(usual, ignored)) file = usual;
  }
  std::string text;
  if (!file.empty()) {
    MODELYARD_ASSIGN(text, read_file(file, 1u << 20));
  }
  return Configuration::merge(text, file, environment(), flags.settings);
}

void add_setting_flags(CLI::App& app, ServeFlags& flags) {
  app.add_option("--config", flags.config, "Configuration file (default ./modelyard.yaml) [MODELYARD_CONFIG]")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    const std::string key(setting.key);
    app.add_option_function<std::string>(
           flag_of(setting), [&flags, key](const std::string& value) { flags.settings[key] = value; },
           fmt::format("{} [{}]", setting.help, setting.otherwise))
        ->type_name(setting.type == SettingType::kInteger  ? "N"
                    : setting.type == SettingType::kNumber ? "X"
                    : setting.type == SettingType::kChoice ? std::string(setting.choices)
                                                           : "TEXT");
  }
}

Result<int> serve(const ServeFlags& flags) {
  MODELYARD_ASSIGN(const Configuration configuration, load_configuration(flags));
  MODELYARD_ASSIGN(const auto server, Server::open(configuration, [flags] { return load_configuration(flags); }));
  for (const std::string& path : flags.models) {
    const Status served = server->serve_file(fs::path(path).stem().string(), path);
    const bool named = served || served.error().message().find(path) != std::string::npos;
    if (!named) return served.error().with_context("'{}'", path);
    MODELYARD_TRY(served);
  }
  MODELYARD_TRY(server->start());
  return server->run() ? kDone : kFailed;
}

Result<int> show_configuration(const ServeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Configuration configuration, load_configuration(flags));
  if (context.json) {
    Json document = Json::object();
    for (const auto& [key, value] : configuration.values())
      document[key] = {{"value", value.text}, {"origin", value.origin}};
    print_json(document);
    return kDone;
  }
  Table table({"SETTING", "VALUE", "ORIGIN"});
  for (const Setting& setting : settings()) {
    const SettingValue& value = configuration.value(setting.key);
    table.add({std::string(setting.key), value.text, value.origin});
  }
  table.print("");
  return kDone;
}

}  // namespace

void add_serve_commands(CommandLine& line) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App& serve_app = line.add("serve", "Serve models; files named here are published and served at once",
                                 [flags] { return serve(*flags); });
  serve_app.add_option("models", flags->models, "Model files, served under their own names")->type_name("MODEL.onnx");
  add_setting_flags(serve_app, *flags);
  auto config_flags = std::make_shared<ServeFlags>();
  CLI::App& config =
      line.add("config", "Show the effective configuration of the server and where each value comes from",
               [config_flags, &line] { return show_configuration(*config_flags, line.context()); });
  add_setting_flags(config, *config_flags);
}

}  // namespace modelyard::app
