#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>

#include "app/cli/command.h"
#include "app/configuration/yaml_document.h"
#include "base/directory.h"
#include "base/random.h"
#include "registry/backup.h"

namespace modelyard::app {
namespace {

constexpr std::int64_t kWaitSeconds = 600;

struct ChangeFlags {
  std::string model, version, alias, key, pair, file, folder, data = "./modelyard-data", reason;
  bool wait = false, hard = false, dry_run = false;
};
using Flags = std::shared_ptr<ChangeFlags>;

std::string model_path(const std::string& model) {
  return "/api/v1/models/" + path_segment(model);
}

void say(const CommandContext& context, const Json& document, const std::string& text) {
  if (context.json) {
    print_json(document);
  } else {
    std::printf("%s\n", text.c_str());
  }
}

Result<int> change_endpoint(const ChangeFlags& flags, const std::string& verb, const CommandContext& context) {
  MODELYARD_TRY(check_model_name(flags.model));
  Json body = Json::object();
  if (verb == "deploy") {
    if (flags.version.starts_with('@')) {
      body["alias"] = flags.version.substr(1);
    } else {
      MODELYARD_ASSIGN(body["version"], parse_version_number(flags.version));
    }
  }
  if (!flags.reason.empty()) body["reason"] = flags.reason;
  if (flags.wait) body["wait_seconds"] = kWaitSeconds;
  MODELYARD_ASSIGN(const Json done,
                   context.client().call("POST", "/api/v1/endpoints/" + flags.model + ":" + verb, body));
  const std::string where = fmt::format("endpoint '{}'", flags.model);
  const bool has_several = done.contains("versions");
  say(context, done,
      done["version"].is_null() && !has_several
          ? where + " answers no more"
          : fmt::format("{} {} {} (plan {})", where, flags.wait ? "is answered by" : "will be answered by",
                        has_several ? text_of_percents(done["versions"]) : "version " + done["version"].dump(),
                        done["plan_revision"].dump()));
  return kDone;
}

Result<int> set_alias(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const VersionNumber version, parse_version_number(flags.version));
  MODELYARD_ASSIGN(const Json done,
                   context.client().call("PUT", model_path(flags.model) + "/aliases/" + path_segment(flags.alias),
                                         {{"version", version}}));
  say(context, done, fmt::format("alias '{}' of '{}' names version {}", flags.alias, flags.model, version));
  return kDone;
}

Result<int> unset_alias(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_TRY(context.client().call("DELETE", model_path(flags.model) + "/aliases/" + path_segment(flags.alias)));
  say(context, {{"removed", flags.alias}}, fmt::format("alias '{}' of '{}' is gone", flags.alias, flags.model));
  return kDone;
}

Result<int> change_pin(const ChangeFlags& flags, bool pinned, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  if (target.version == 0) return error(Code::kInvalidArgument, "'{}': name a version: MODEL/VERSION", flags.model);
  const std::string path = fmt::format("{}/versions/{}/pin", model_path(target.model), target.version);
  MODELYARD_TRY(context.client().call(pinned ? "PUT" : "DELETE", path));
  say(context, {{"model", target.model}, {"version", target.version}, {"pinned", pinned}},
      fmt::format("version {} of '{}' {}", target.version, target.model,
                  pinned ? "stays loaded" : "is loaded only while something uses it"));
  return kDone;
}

Result<int> list_aliases(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json aliases, context.client().call("GET", model_path(flags.model) + "/aliases"));
  if (context.json) {
    print_json(aliases);
    return kDone;
  }
  Table table({"ALIAS", "VERSION", "CHANGED"});
  for (const Json& alias : aliases["items"]) {
    table.add(
        {alias["alias"].get<std::string>(), alias["version"].dump(), human_age(alias["changed"].get<std::string>())});
  }
  table.print("no aliases");
  return kDone;
}

std::string owner_path(const ModelArgument& target) {
  return model_path(target.model) + (target.version > 0 ? "/versions/" + std::to_string(target.version) : "");
}

Result<int> set_tag(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  const auto [key, value] = split_pair(flags.pair);
  MODELYARD_TRY(context.client().call("PUT", owner_path(target) + "/tags/" + path_segment(key), {{"value", value}}));
  say(context, {{"key", key}, {"value", value}}, fmt::format("{} is tagged {}={}", flags.model, key, value));
  return kDone;
}

Result<int> unset_tag(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  MODELYARD_TRY(context.client().call("DELETE", owner_path(target) + "/tags/" + path_segment(flags.key)));
  say(context, {{"removed", flags.key}}, fmt::format("tag '{}' of {} is gone", flags.key, flags.model));
  return kDone;
}

Result<int> remove(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  MODELYARD_TRY(context.client().call("DELETE", owner_path(target) + (flags.hard ? "?hard=true" : "")));
  say(context, {{"deleted", flags.model}, {"hard", flags.hard}},
      fmt::format("{} is deleted{}", flags.model,
                  flags.hard           ? " for good"
                  : target.version > 0 ? "; modelyard restore-version " + flags.model + " brings it back"
                                       : ""));
  return kDone;
}

Result<int> restore_version(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  MODELYARD_ASSIGN(const Json done, context.client().call("POST", owner_path(target) + ":restore"));
  say(context, done, fmt::format("{} is back", flags.model));
  return kDone;
}

Result<int> apply(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::string text,
                   flags.file == "-" ? read_all(0, "standard input", 1u << 20) : read_file(flags.file, 1u << 20));
  MODELYARD_ASSIGN(const Json document, read_yaml_document(text, flags.file));
  MODELYARD_ASSIGN(
      const Json done,
      context.client().call("POST", flags.dry_run ? "/api/v1/apply?dry_run=true" : "/api/v1/apply", document));
  if (context.json) {
    print_json(done);
    return kDone;
  }
  for (const Json& change : done["changes"]) {
    std::printf("%s %s %s: %s → %s\n", flags.dry_run ? "would" : "did", change["action"].get<std::string>().c_str(),
                change["object"].get<std::string>().c_str(), change["from"].dump().c_str(),
                change["to"].dump().c_str());
  }
  if (done["changes"].empty()) std::printf("nothing to change\n");
  return kDone;
}

Result<int> collect_garbage(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json done,
                   context.client().call("POST", flags.dry_run ? "/api/v1/gc?dry_run=true" : "/api/v1/gc"));
  say(context, done,
      fmt::format("{} {} blob(s), {}", flags.dry_run ? "would remove" : "removed", done["blobs"].size(),
                  human_bytes(done["bytes"].get<std::int64_t>())));
  return kDone;
}

// What a backup has beside the catalog, as the end of a line.
std::string with_databases(const Json& names) {
  return names.empty() ? "" : fmt::format(", with {}", fmt::join(names.get<std::vector<std::string>>(), ", "));
}

Result<int> back_up(const ChangeFlags& flags, const CommandContext& context) {
  std::error_code failure;
  const std::string folder = std::filesystem::absolute(flags.folder, failure).lexically_normal().string();
  if (failure || flags.folder.empty()) {
    return error(Code::kInvalidArgument, "'{}' is no folder to write to: {}", flags.folder,
                 failure ? failure.message() : "name one");
  }
  MODELYARD_ASSIGN(const Json done, context.client().call("POST", "/api/v1/backup", {{"folder", folder}}));
  say(context, done,
      fmt::format("backup of revision {} in {}: {} blob(s), {}{}", done["revision"].dump(), folder,
                  done["blobs"].dump(), human_bytes(done["bytes"].get<std::int64_t>()),
                  with_databases(done["databases"])));
  return kDone;
}

// Offline: the data folder must not exist yet, so no server can be using it.
Result<int> restore(const ChangeFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const auto report,
                   registry::restore_backup(flags.folder, flags.data, system_clock(), system_random()));
  say(context,
      {{"data", flags.data},
       {"revision", report.revision},
       {"blobs", report.blobs},
       {"bytes", report.bytes},
       {"databases", report.databases}},
      fmt::format("restored revision {} to {}: {} blob(s), {}{}, all verified", report.revision, flags.data,
                  report.blobs, human_bytes(report.bytes), with_databases(report.databases)));
  return kDone;
}

void add_endpoint_commands(CommandLine& line) {
  struct Verb {
    const char* name;
    const char* help;
  };
  for (const Verb& verb : {Verb{"deploy", "Let a version answer"}, Verb{"rollback", "Back to the plan before"},
                           Verb{"undeploy", "Let nothing answer"}}) {
    const Flags flags = std::make_shared<ChangeFlags>();
    const std::string name = verb.name;
    CLI::App& app =
        line.add(name, verb.help, [flags, name, &line] { return change_endpoint(*flags, name, line.context()); });
    app.add_option("model", flags->model, "Name of the endpoint; a model's own has its name")->required();
    if (name == "deploy")
      app.add_option("version", flags->version, "VERSION or @ALIAS")
          ->required()
          ->check(version_argument(AliasToo::kYes));
    app.add_option("--reason", flags->reason, "Why; kept with the plan")->type_name("TEXT");
    app.add_flag("--wait", flags->wait, "Wait until it is in effect, or failed");
  }
}

void add_name_commands(CommandLine& line) {
  CLI::App& alias = line.group("alias", "Movable names of versions");
  const Flags set = std::make_shared<ChangeFlags>(), unset = std::make_shared<ChangeFlags>(),
              list = std::make_shared<ChangeFlags>();
  CLI::App& set_app =
      line.add(alias, "set", "Point an alias to a version", [set, &line] { return set_alias(*set, line.context()); });
  set_app.add_option("model", set->model, "Name of the model")->required();
  set_app.add_option("alias", set->alias, "Name of the alias")->required();
  set_app.add_option("version", set->version, "Number of the version")
      ->required()
      ->check(version_argument(AliasToo::kNo));
  CLI::App& unset_app =
      line.add(alias, "unset", "Remove an alias", [unset, &line] { return unset_alias(*unset, line.context()); });
  unset_app.add_option("model", unset->model, "Name of the model")->required();
  unset_app.add_option("alias", unset->alias, "Name of the alias")->required();
  line.add(alias, "list", "List aliases", [list, &line] { return list_aliases(*list, line.context()); })
      .add_option("model", list->model, "Name of the model")
      ->required();

  CLI::App& tag = line.group("tag", "Keys and values on models and versions");
  const Flags tag_set = std::make_shared<ChangeFlags>(), tag_unset = std::make_shared<ChangeFlags>();
  CLI::App& tag_set_app =
      line.add(tag, "set", "Set a tag", [tag_set, &line] { return set_tag(*tag_set, line.context()); });
  tag_set_app.add_option("model", tag_set->model, "MODEL or MODEL/VERSION")->required();
  tag_set_app.add_option("tag", tag_set->pair, "KEY=VALUE")->required()->check(key_and_value());
  CLI::App& tag_unset_app =
      line.add(tag, "unset", "Remove a tag", [tag_unset, &line] { return unset_tag(*tag_unset, line.context()); });
  tag_unset_app.add_option("model", tag_unset->model, "MODEL or MODEL/VERSION")->required();
  tag_unset_app.add_option("key", tag_unset->key, "Key of the tag")->required();
}

}  // namespace

void add_change_commands(CommandLine& line) {
  add_endpoint_commands(line);
  add_name_commands(line);
  const auto simple = [&line](const char* name, const char* help, auto function) -> std::pair<CLI::App*, Flags> {
    const Flags flags = std::make_shared<ChangeFlags>();
    return {&line.add(name, help, [flags, function, &line] { return function(*flags, line.context()); }), flags};
  };
  auto [delete_app, delete_flags] = simple("delete", "Delete a model or a version", remove);
  delete_app->add_option("model", delete_flags->model, "MODEL or MODEL/VERSION")->required();
  delete_app->add_flag("--hard", delete_flags->hard, "For good");
  auto [restore_app, restore_flags] =
      simple("restore-version", "Bring a deleted model or version back", restore_version);
  restore_app->add_option("model", restore_flags->model, "MODEL or MODEL/VERSION")->required();
  for (const bool pinned : {true, false}) {
    auto [pin_app, pin_flags] =
        simple(pinned ? "pin" : "unpin", pinned ? "Keep a version loaded, whatever is deployed" : "Undo pin",
               [pinned](const ChangeFlags& flags, const CommandContext& context) {
                 return change_pin(flags, pinned, context);
               });
    pin_app->add_option("version", pin_flags->model, "MODEL/VERSION")->required();
  }
  auto [apply_app, apply_flags] = simple("apply", "Make the catalog be as a file says", apply);
  apply_app->add_option("-f,--file", apply_flags->file, "YAML or JSON; - is standard input")
      ->required()
      ->type_name("FILE");
  apply_app->add_flag("--dry-run", apply_flags->dry_run, "Only say what would change");
  auto [gc_app, gc_flags] = simple("gc", "Remove files that no version refers to", collect_garbage);
  gc_app->add_flag("--dry-run", gc_flags->dry_run, "Only say what would be removed");
  auto [backup_app, backup_flags] = simple("backup", "Write a consistent backup, beside running work", back_up);
  backup_app->add_option("folder", backup_flags->folder, "A new folder on the server's machine")->required();
  auto [back_app, back_flags] = simple("restore", "Make a new data folder from a backup, verified", restore);
  back_app->add_option("folder", back_flags->folder, "Folder of the backup")->required();
  back_app->add_option("--data", back_flags->data, "Data folder to make")->capture_default_str()->type_name("DIR");
}

}  // namespace modelyard::app
