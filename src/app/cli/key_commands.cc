#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"
#include "base/directory.h"
#include "control/documents.h"
#include "control/key_keeper.h"
#include "registry/sqlite_catalog.h"

namespace modelyard::app {
namespace {

struct KeyFlags {
  std::string name, verbs = "infer,read", models = "*", expires, grace = "24h", data;
  bool all = false;
};
using Flags = std::shared_ptr<KeyFlags>;

std::string keys_path(const std::string& name) {
  return "/api/v1/keys/" + path_segment(name);
}

void print_new_key(const CommandContext& context, const Json& key) {
  if (context.json) return print_json(key);
  // The key alone on standard output, so that it can be kept by redirection.
  std::fprintf(stderr, "key %s of '%s' may %s on %s%s. It is shown only now:\n", key["id"].get<std::string>().c_str(),
               key["name"].get<std::string>().c_str(), key["verbs"].get<std::string>().c_str(),
               key["models"].get<std::string>().c_str(),
               key["expires"].is_null() ? "" : (", until " + key["expires"].get<std::string>().substr(0, 16)).c_str());
  std::printf("%s\n", key["key"].get<std::string>().c_str());
}

// Without a server, for the first key: the catalog is locked while a server has it.
Result<Json> create_offline(const KeyFlags& flags, const control::KeyRequest& request) {
  MODELYARD_ASSIGN(const Directory data, Directory::create(flags.data));
  MODELYARD_ASSIGN(const auto catalog, registry::SqliteCatalog::open({data.path() + "/catalog.db"}, system_clock()));
  MODELYARD_ASSIGN(const auto key, control::KeyKeeper(*catalog, system_clock()).create(request, {"offline"}));
  Json document = control::to_json(key.record);
  document["key"] = key.text;
  return document;
}

Result<int> create(const KeyFlags& flags, const CommandContext& context) {
  Json body{{"name", flags.name}, {"verbs", flags.verbs}, {"models", flags.models}};
  if (!flags.expires.empty()) {
    MODELYARD_ASSIGN(body["lifetime_seconds"], parse_seconds("--expires", flags.expires));
  }
  MODELYARD_ASSIGN(const auto request, control::parse_key_request(body));
  MODELYARD_ASSIGN(const Json key, flags.data.empty() ? context.client().call("POST", "/api/v1/keys", body)
                                                      : create_offline(flags, request));
  print_new_key(context, key);
  return kDone;
}

Result<int> rotate(const KeyFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::int64_t grace, parse_seconds("--grace", flags.grace));
  MODELYARD_ASSIGN(const Json key,
                   context.client().call("POST", keys_path(flags.name) + ":rotate", {{"grace_seconds", grace}}));
  print_new_key(context, key);
  return kDone;
}

Result<int> revoke(const KeyFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json done, context.client().call("DELETE", keys_path(flags.name)));
  if (context.json) {
    print_json(done);
  } else {
    std::printf("revoked %s key(s) of '%s'\n", done["revoked"].dump().c_str(), flags.name.c_str());
  }
  return kDone;
}

std::string state_of(const Json& key) {
  if (!key["revoked"].is_null()) return "revoked";
  if (key["expires"].is_null()) return "live";
  return key["expires"].get<std::string>() <= format_utc(system_clock().utc_now()) ? "expired" : "live";
}

Result<int> list(const KeyFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json keys, context.client().call("GET", "/api/v1/keys"));
  if (context.json) {
    print_json(keys);
    return kDone;
  }
  const auto age = [](const Json& time) { return time.is_null() ? "never" : human_age(time.get<std::string>()); };
  Table table({"NAME", "KEY", "STATE", "VERBS", "MODELS", "CREATED", "EXPIRES", "LAST USED"});
  for (const Json& key : keys["items"]) {
    const std::string state = state_of(key);
    if (!flags.all && state != "live") continue;
    table.add({key["name"].get<std::string>(), key["id"].get<std::string>(), state, key["verbs"].get<std::string>(),
               key["models"].get<std::string>(), age(key["created"]),
               key["expires"].is_null() ? "never" : key["expires"].get<std::string>().substr(0, 16),
               age(key["last_used"])});
  }
  table.print("no keys; make one with: modelyard key create NAME");
  return kDone;
}

}  // namespace

void add_key_commands(CommandLine& line) {
  CLI::App& group = line.group("key", "API keys: who may call, and what for");
  const auto add = [&](const char* name, const char* help, auto function) -> std::pair<CLI::App*, Flags> {
    const Flags flags = std::make_shared<KeyFlags>();
    return {&line.add(group, name, help, [flags, function, &line] { return function(*flags, line.context()); }), flags};
  };
  auto [create_app, created] = add("create", "Make a key; it is shown once", create);
  create_app->add_option("name", created->name, "Whose key it is")->required();
  create_app
      ->add_option("--verbs", created->verbs, "Of infer, read, publish, deploy, payload, label, admin, with commas")
      ->capture_default_str();
  create_app->add_option("--models", created->models, "Names with * for any characters: fraud-*,churn")
      ->capture_default_str();
  create_app->add_option("--expires", created->expires, "After so long: 90d, 24h")->type_name("TIME");
  create_app->add_option("--data", created->data, "Work on a data folder that no server uses; for the first key")
      ->type_name("DIR");
  auto [list_app, listed] = add("list", "List keys, and when they were used last", list);
  list_app->add_flag("--all", listed->all, "Revoked and expired ones, too");
  auto [rotate_app, rotated] = add("rotate", "Make the next key; the old one goes on for a while", rotate);
  rotate_app->add_option("name", rotated->name, "Whose key it is")->required();
  rotate_app->add_option("--grace", rotated->grace, "How long the old one goes on")
      ->capture_default_str()
      ->type_name("TIME");
  auto [revoke_app, revoked] = add("revoke", "End keys at once", revoke);
  revoke_app->add_option("name", revoked->name, "A name: all its keys; or the id of one")->required();
}

}  // namespace modelyard::app
