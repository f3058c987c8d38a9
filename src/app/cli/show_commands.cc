#include <poll.h>

#include <cstdio>
#include <map>

#include "app/cli/command.h"

namespace modelyard::app {
namespace {

constexpr int kPage = 1000;
constexpr int kFollowMilliseconds = 500;

// All pages of a list.
Result<Json> list_all(const HttpClient& client, const std::string& path) {
  Json items = Json::array();
  std::string cursor;
  for (;;) {
    const std::string query = fmt::format("{}limit={}{}", path.find('?') == std::string::npos ? "?" : "&", kPage,
                                          cursor.empty() ? "" : "&cursor=" + path_segment(cursor));
    MODELYARD_ASSIGN(const Json page, client.call("GET", path + query));
    for (const Json& item : page["items"]) items.push_back(item);
    if (page["next_cursor"].is_null()) return items;
    cursor = page["next_cursor"].get<std::string>();
  }
}

std::string shares_of(const Json& plan) {
  std::string text;
  for (const Json& share : plan["shares"]) {
    text += fmt::format("{}version {}", text.empty() ? "" : ", ", share["version"].dump());
    if (plan["shares"].size() > 1) text += fmt::format(" {:g} %", share["weight"].get<double>() / 100);
  }
  return text;
}

Result<int> show_models(const CommandContext& context) {
  const HttpClient client = context.client();
  MODELYARD_ASSIGN(const Json models, list_all(client, "/api/v1/models"));
  if (context.json) {
    print_json(models);
    return kDone;
  }
  MODELYARD_ASSIGN(const Json status, client.call("GET", "/api/v1/status"));
  Table table({"MODEL", "STATE", "SERVES", "CREATED", "DESCRIPTION"});
  for (const Json& model : models) {
    const bool deleted = model.contains("deleted") && !model["deleted"].is_null();
    std::string state = deleted ? "deleted" : "undeployed", serves = "-";
    for (const Json& endpoint : status["endpoints"]) {
      // Of several endpoints, one that answers.
      if (deleted || endpoint["model"] != model["name"] || serves != "-") continue;
      state = endpoint["state"].get<std::string>();
      if (endpoint.contains("effective")) serves = shares_of(endpoint["effective"]);
    }
    table.add({text_of(model["name"]), coloured(state, colour_of_state(state)), serves,
               human_age(text_of(model["created"])), text_of(model["description"])});
  }
  table.print("no models yet: modelyard push NAME model.onnx");
  return kDone;
}

Result<int> show_versions(const std::string& model, const CommandContext& context) {
  MODELYARD_TRY(check_model_name(model));
  const HttpClient client = context.client();
  MODELYARD_ASSIGN(const Json versions, list_all(client, "/api/v1/models/" + model + "/versions"));
  if (context.json) {
    print_json(versions);
    return kDone;
  }
  MODELYARD_ASSIGN(const Json status, client.call("GET", "/api/v1/status?model=" + model));
  MODELYARD_ASSIGN(const Json aliases, client.call("GET", "/api/v1/models/" + model + "/aliases"));
  Table table({"VERSION", "STATE", "LOADED", "ALIASES", "SIZE", "CREATED", "IDENTITY"});
  for (const Json& version : versions) {
    std::string phase = "-", names;
    for (const Json& loaded : status["versions"]) {
      if (loaded["version"] == version["version"]) phase = loaded["phase"].get<std::string>();
    }
    for (const Json& alias : aliases["items"]) {
      if (alias["version"] == version["version"]) names += (names.empty() ? "" : ",") + text_of(alias["alias"]);
    }
    table.add({version["version"].dump(), text_of(version["state"]), coloured(phase, colour_of_state(phase)),
               names.empty() ? "-" : names, human_bytes(version["bytes"].get<std::int64_t>()),
               human_age(text_of(version["created"])), text_of(version["identity"]).substr(0, 12)});
  }
  table.print("no versions");
  return kDone;
}

std::string tensors_of(const Json& specs) {
  std::string text;
  for (const Json& spec : specs) {
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", text_of(spec["name"]), text_of(spec["datatype"]),
                        spec["shape"].dump());
  }
  return text;
}

void print_attachment(const Json& attachment, bool replaced) {
  const std::string kind = text_of(attachment["kind"]);
  const Json& content = attachment["content"];
  const char* const note = replaced ? " (replaced by newer ones)" : "";
  if (kind == "golden") {
    std::printf("  golden samples  %zu, recorded %s%s\n", content["samples"].size(),
                human_age(text_of(attachment["created"])).c_str(), note);
    return;
  }
  std::printf("  %s%s\n", kind.c_str(), note);
  for (const auto& [key, value] : content.items())
    std::printf("    %-14s %s\n", key.c_str(), text_of(value).substr(0, 200).c_str());
}

void print_version(const Json& version) {
  std::printf("version %s of '%s'  %s\n", version["version"].dump().c_str(), text_of(version["model"]).c_str(),
              text_of(version["state"]).c_str());
  std::printf("  identity        %s\n", text_of(version["identity"]).c_str());
  std::printf("  created         %s (%s)\n", text_of(version["created"]).c_str(),
              human_age(text_of(version["created"])).c_str());
  std::printf("  format          %s, %s in %zu file(s)\n", text_of(version["format"]).c_str(),
              human_bytes(version["bytes"].get<std::int64_t>()).c_str(), version["files"].size());
  std::printf("  inputs          %s\n", tensors_of(version["signature"]["inputs"]).c_str());
  std::printf("  outputs         %s\n", tensors_of(version["signature"]["outputs"]).c_str());
  for (const Json& input : version["signature"]["inputs"]) {
    if (input.contains("features"))
      std::printf("  features        %zu: %s…\n", input["features"].size(), text_of(input["features"][0]).c_str());
  }
  for (const Json& alias : version["aliases"]) std::printf("  alias           %s\n", text_of(alias).c_str());
  if (version.value("pinned", false)) std::printf("  pinned          stays loaded\n");
  for (const auto& [key, value] : version["tags"].items())
    std::printf("  tag             %s=%s\n", key.c_str(), text_of(value).c_str());
  std::map<Json, std::size_t> newest;  // by kind; they come oldest first
  const Json& attachments = version["attachments"];
  for (std::size_t i = 0; i < attachments.size(); ++i) newest[attachments[i]["kind"]] = i;
  for (std::size_t i = 0; i < attachments.size(); ++i) {
    const Json& kind = attachments[i]["kind"];
    print_attachment(attachments[i], kind != "evidence" && newest[kind] != i);
  }
}

Result<int> show(const std::string& text, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(text));
  const HttpClient client = context.client();
  MODELYARD_ASSIGN(const VersionNumber version, resolve_version(client, target));
  const std::string path =
      "/api/v1/models/" + target.model + (version > 0 ? "/versions/" + std::to_string(version) : "");
  MODELYARD_ASSIGN(const Json document, client.call("GET", path));
  if (context.json) {
    print_json(document);
    return kDone;
  }
  if (version > 0) {
    print_version(document);
    return kDone;
  }
  std::printf("model '%s'  created %s\n", target.model.c_str(), human_age(text_of(document["created"])).c_str());
  if (!text_of(document["description"]).empty()) std::printf("  %s\n", text_of(document["description"]).c_str());
  for (const auto& [key, value] : document["tags"].items())
    std::printf("  tag    %s=%s\n", key.c_str(), text_of(value).c_str());
  for (const Json& alias : document["aliases"]) {
    std::printf("  alias  %s → version %s\n", text_of(alias["alias"]).c_str(), alias["version"].dump().c_str());
  }
  return show_versions(target.model, context);
}

Result<int> show_status(const std::string& model, const CommandContext& context) {
  if (!model.empty()) MODELYARD_TRY(check_model_name(model));
  MODELYARD_ASSIGN(const Json status,
                   context.client().call("GET", "/api/v1/status" + (model.empty() ? "" : "?model=" + model)));
  if (context.json) {
    print_json(status);
    return kDone;
  }
  Table endpoints({"ENDPOINT", "STATE", "SERVES", "WANTED", "SINCE", "BY", "REASON"});
  for (const Json& endpoint : status["endpoints"]) {
    const std::string state = text_of(endpoint["state"]);
    const Json desired = endpoint.value("desired", Json::object());
    const std::string name = text_of(endpoint["endpoint"]), owner = text_of(endpoint["model"]);
    endpoints.add(
        {name == owner ? name : fmt::format("{} (of {})", name, owner), coloured(state, colour_of_state(state)),
         endpoint.contains("effective") ? shares_of(endpoint["effective"]) : "-",
         desired.empty() ? "-" : shares_of(desired), desired.empty() ? "-" : human_age(text_of(desired["created"])),
         desired.empty() ? "-" : text_of(desired["actor"]),
         endpoint.contains("reason") ? text_of(endpoint["reason"])
         : desired.empty()           ? "-"
                                     : text_of(desired["reason"])});
  }
  endpoints.print("no endpoints yet: modelyard push NAME model.onnx");
  if (status["versions"].empty()) return kDone;
  std::printf("\n");
  Table versions({"VERSION", "PHASE", "MEMORY", "FIRST ROW", "NOTE"});
  for (const Json& version : status["versions"]) {
    const std::string phase = text_of(version["phase"]);
    std::string note = version.contains("reason") ? text_of(version["reason"])
                       : version.contains("note") ? text_of(version["note"])
                                                  : "";
    if (version.contains("wanted_intra_op_threads") && !version.contains("reason"))
      note = "is loaded again with intra_op_threads " + version["wanted_intra_op_threads"].dump();
    if (version.contains("next_try"))
      note +=
          fmt::format(" (try {}; next at {})", version["attempts"].dump(), text_of(version["next_try"]).substr(11, 8));
    versions.add({text_of(version["model"]) + "/" + version["version"].dump(), coloured(phase, colour_of_state(phase)),
                  human_bytes(version["memory_bytes"].get<std::int64_t>()),
                  version.contains("warm_up_ms") ? fmt::format("{:.3g} ms", version["warm_up_ms"].get<double>()) : "-",
                  note});
  }
  versions.print("");
  return kDone;
}

void print_event(const Json& event, const CommandContext& context) {
  if (context.json) {
    std::printf("%s\n", event.dump().c_str());
  } else {
    const bool versioned = event["version"].get<VersionNumber>() > 0;
    std::printf("%s  %-20s  %s%s  %s\n", text_of(event["time"]).substr(0, 19).c_str(), text_of(event["kind"]).c_str(),
                text_of(event["model"]).c_str(), versioned ? ("/" + event["version"].dump()).c_str() : "",
                text_of(event["message"]).c_str());
  }
  std::fflush(stdout);
}

enum class Following { kNo, kYes };

Result<int> show_events(const std::string& model, Following following, const CommandContext& context) {
  const HttpClient client = context.client();
  std::string cursor;
  for (;;) {
    const std::string query = fmt::format("?limit={}{}{}", kPage, model.empty() ? "" : "&model=" + model,
                                          cursor.empty() ? "" : "&cursor=" + cursor);
    MODELYARD_ASSIGN(const Json page, client.call("GET", "/api/v1/events" + query));
    for (const Json& event : page["items"]) {
      print_event(event, context);
      cursor = event["id"].dump();
    }
    const bool more = !page["next_cursor"].is_null();
    if (!more && following == Following::kNo) return kDone;
    if (!more) ::poll(nullptr, 0, kFollowMilliseconds);
  }
}

}  // namespace

void add_show_commands(CommandLine& line) {
  line.add("models", "List models", [&line] { return show_models(line.context()); });
  auto model = std::make_shared<std::string>();
  line.add("versions", "List the versions of a model", [model, &line] { return show_versions(*model, line.context()); })
      .add_option("model", *model, "Name of the model")
      ->required();
  auto target = std::make_shared<std::string>();
  line.add("show", "Show a model or a version with its card, metrics and lineage",
           [target, &line] { return show(*target, line.context()); })
      .add_option("model", *target, "MODEL, MODEL/VERSION or MODEL@ALIAS")
      ->required();
  auto of = std::make_shared<std::string>();
  line.add("status", "What serves, since when, and if not, why",
           [of, &line] { return show_status(*of, line.context()); })
      .add_option("model", *of, "Only this model");
  auto events_of = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  CLI::App& events = line.add("events", "What happened", [events_of, follow, &line] {
    return show_events(*events_of, *follow ? Following::kYes : Following::kNo, line.context());
  });
  events.add_option("model", *events_of, "Only this model");
  events.add_flag("--follow", *follow, "Wait for more");
}

}  // namespace modelyard::app
