#include "app/cli/command.h"

#include <cstdio>
#include <cstdlib>

#include "base/directory.h"
#include "base/nearest_name.h"

namespace modelyard::app {
namespace {

std::string environment_or(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

// "alias 'x' of …" → "x"
std::string quoted_behind(const std::string& text, std::string_view word) {
  const auto begin = text.find(fmt::format("{}'", word));
  if (begin == std::string::npos) return "";
  const auto first = begin + word.size() + 1;
  return text.substr(first, text.find('\'', first) - first);
}

}  // namespace

CommandLine::CommandLine() : root_("modelyard takes a trained model and keeps it in production.", "modelyard") {
  root_.require_subcommand(1);
  root_.set_help_flag("-h,--help", "Show this and exit");
  root_.footer("Begin with `modelyard serve model.onnx`. Every command has --help and --json.");
  root_.get_formatter()->column_width(34);
  context_.server = environment_or("MODELYARD_SERVER", "http://127.0.0.1:8080");
  context_.api_key = environment_or("MODELYARD_API_KEY", "");
  context_.tls = {environment_or("MODELYARD_CA", ""), environment_or("MODELYARD_CLIENT_CERTIFICATE", ""),
                  environment_or("MODELYARD_CLIENT_KEY", "")};
}

CLI::App& CommandLine::group(const std::string& name, const std::string& help) {
  CLI::App* group = root_.add_subcommand(name, help);
  group->require_subcommand(1);
  return *group;
}

CLI::App& CommandLine::add(const std::string& name, const std::string& help, Command command) {
  return add(root_, name, help, std::move(command));
}

CLI::App& CommandLine::add(CLI::App& parent, const std::string& name, const std::string& help, Command command) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->add_option("--server", context_.server, "Server to talk to [MODELYARD_SERVER]")->type_name("URL");
  app->add_option("--ca", context_.tls.ca, "Who signs the server's certificate [MODELYARD_CA]")->type_name("FILE");
  app->add_option("--certificate", context_.tls.certificate, "Our certificate [MODELYARD_CLIENT_CERTIFICATE]")
      ->type_name("FILE");
  app->add_option("--key", context_.tls.key, "Its key [MODELYARD_CLIENT_KEY]")->type_name("FILE");
  app->add_option("--api-key-file", api_key_file_, "File with our API key [MODELYARD_API_KEY: the key itself]")
      ->type_name("FILE");
  app->add_option("--timeout", context_.timeout_seconds, "Seconds for which the server may be silent [60; changes 660]")
      ->check(CLI::Range(1, 86'400))
      ->type_name("N");
  app->add_flag("--json", context_.json, "Print JSON");
  app->callback([this, command = std::move(command)] { chosen_ = command; });
  return *app;
}

// The library's words, and the nearest command or flag.
int CommandLine::report_usage(const CLI::ParseError& failure, int argc, char** argv) {
  if (failure.get_exit_code() == 0) return root_.exit(failure);  // --help
  std::string message = failure.what();
  const CLI::App* app = &root_;
  for (const CLI::App* parsed : root_.get_subcommands()) app = parsed;
  std::vector<std::string> known;
  for (const CLI::App* parent : {static_cast<const CLI::App*>(&root_), app}) {
    for (const CLI::App* command : parent->get_subcommands({})) known.push_back(command->get_name());
  }
  const bool wants_command = !app->get_subcommands({}).empty();
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool misspelt = message.find(word) != std::string::npos || i == 1 || (i == 2 && wants_command);
    const auto nearest = misspelt ? nearest_name(word, known) : std::nullopt;
    if (!nearest || *nearest == word) continue;
    message += fmt::format("; did you mean '{}'?", *nearest);
    break;
  }
  print_error(message);
  std::fprintf(stderr, "Run `modelyard %s--help` for what there is.\n",
               app == &root_ ? "" : (app->get_name() + " ").c_str());
  return kUsage;
}

// "$UNSET" in a script must not mean "no file".
void CommandLine::refuse_empty_paths(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type == "FILE" || type == "DIR") {
      option->check(
          [](const std::string& path) { return path.empty() ? "an empty path names no file" : std::string(); }, "", "");
    }
  }
  for (CLI::App* command : app.get_subcommands({})) refuse_empty_paths(*command);
}

int CommandLine::run(int argc, char** argv) {
  refuse_empty_paths(root_);
  try {
    root_.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return report_usage(failure, argc, argv);
  }
  while (context_.server.ends_with('/')) context_.server.pop_back();
  if (context_.server.find("://") == std::string::npos) context_.server = "http://" + context_.server;
  if (!api_key_file_.empty()) {
    auto text = read_file(api_key_file_, 4096);
    if (!text) {
      print_error(text.error().message());
      return exit_code_of(text.error().code());
    }
    context_.api_key = text->substr(0, text->find_first_of(" \r\n"));
  }
  const auto code = chosen_();
  return code ? *code : report_failure(code.error(), argc, argv);
}

// With the nearest name, when a model or an alias that was asked for is not there.
int CommandLine::report_failure(const Error& failure, int argc, char** argv) const {
  std::string message = failure.message();
  for (int i = 2; failure.code() == Code::kNotFound && i < argc; ++i) {
    const std::string word = argv[i], name = word.substr(0, word.find_first_of("/@"));
    if (message.find("model") == std::string::npos || message.find("'" + name + "'") == std::string::npos) continue;
    const bool of_alias = message.find("alias '") != std::string::npos;
    const auto list = context_.client().call(
        "GET", of_alias ? "/api/v1/models/" + path_segment(name) + "/aliases" : "/api/v1/models?limit=1000");
    if (!list) break;
    std::vector<std::string> known;
    for (const Json& item : (*list)["items"]) known.push_back(item.value(of_alias ? "alias" : "name", ""));
    const auto nearest = nearest_name(of_alias ? quoted_behind(message, "alias ") : name, known);
    if (nearest && *nearest != name) message += fmt::format("; did you mean '{}'?", *nearest);
    break;
  }
  print_error(message);
  return exit_code_of(failure.code());
}

CLI::Validator key_and_value() {
  const auto check = [](const std::string& text) {
    const auto equals = text.find('=');
    return equals == std::string::npos || equals == 0 ? fmt::format("'{}' is not KEY=VALUE", text) : "";
  };
  return {check, "", ""};
}

CLI::Validator key_and_number() {
  const auto check = [](const std::string& text) {
    const auto [key, value] = split_pair(text);
    const auto number = parse_json(value);
    const bool good = !key.empty() && key != text && number && number->is_number();
    return good ? "" : fmt::format("'{}' is not KEY=NUMBER", text);
  };
  return {check, "", ""};
}

CLI::Validator version_argument(AliasToo alias_too) {
  const auto check = [alias_too](const std::string& text) -> std::string {
    if (alias_too == AliasToo::kYes && text.starts_with('@')) return "";
    const auto number = parse_version_number(text);
    if (number) return "";
    return number.error().message() + (alias_too == AliasToo::kYes ? ", or @ALIAS" : "");
  };
  return {check, "", ""};
}

std::pair<std::string, std::string> split_pair(const std::string& text) {
  const auto equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<ModelArgument> parse_model_argument(const std::string& text) {
  ModelArgument argument;
  const auto split = text.find_first_of("/@");
  argument.model = text.substr(0, split);
  MODELYARD_TRY(check_model_name(argument.model));
  if (split == std::string::npos) return argument;
  const std::string rest = text.substr(split + 1);
  if (text[split] == '@') {
    MODELYARD_TRY(check_alias_name(rest));
    argument.alias = rest;
  } else {
    MODELYARD_ASSIGN(argument.version, parse_version_number(rest));
  }
  return argument;
}

Result<VersionNumber> resolve_version(const HttpClient& client, const ModelArgument& target) {
  if (target.alias.empty()) return target.version;
  MODELYARD_ASSIGN(const Json aliases, client.call("GET", "/api/v1/models/" + target.model + "/aliases"));
  for (const Json& alias : aliases["items"]) {
    if (alias["alias"] == target.alias) return alias["version"].get<VersionNumber>();
  }
  return error(Code::kNotFound, "model '{}' has no alias '{}'", target.model, target.alias);
}

}  // namespace modelyard::app
