#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/cli/command.h"
#include "app/cli/parquet/parquet_library.h"
#include "app/cli/temporary_folder.h"
#include "app/server/file_upload.h"
#include "base/directory.h"
#include "registry/attachment.h"

namespace modelyard::app {
namespace {

constexpr std::int64_t kWaitSeconds = 600;

struct PushFlags {
  std::string model, path, golden, reference, signature, card, lineage;
  std::vector<std::string> aliases, tags, metrics;
  bool deploy = false, wait = false;
};

Result<Json> read_json_file(const std::string& path) {
  MODELYARD_ASSIGN(const std::string text, read_file(path));
  auto document = parse_json(text, {.max_bytes = 1u << 28, .max_depth = 64});
  if (!document) return document.error().with_context("'{}'", path);
  return document;
}

Result<Digest> digest_of_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open", path, errno);
  Sha256 hash;
  std::vector<std::byte> piece(1u << 20);
  for (;;) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0) return system_error("read", path, errno);
    if (got == 0) return hash.finish();
    hash.update(std::span(piece).first(static_cast<std::size_t>(got)));
  }
}

// Uploads the file unless the server has it, undamaged; its digest.
Result<Digest> upload_blob(const HttpClient& client, const std::string& path) {
  MODELYARD_ASSIGN(const Digest digest, digest_of_file(path));
  MODELYARD_ASSIGN(const HttpAnswer known, client.send("HEAD", "/api/v1/blobs/" + digest.hex() + "?verify=true"));
  if (known.status == 200) return digest;
  ProgressBar bar("uploading " + path.substr(path.rfind('/') + 1));
  MODELYARD_TRY(client.upload("/api/v1/blobs/" + digest.hex(), path,
                              [&](std::int64_t sent, std::int64_t total) { bar.show(sent, total); }));
  return digest;
}

Result<Json> upload_files(const HttpClient& client, const std::string& path) {
  MODELYARD_ASSIGN(const auto files, list_model_files(path));
  Json listed = Json::array();
  for (const ModelFilePath& file : files) {
    MODELYARD_ASSIGN(const Digest digest, upload_blob(client, file.path));
    std::error_code failure;
    listed.push_back(
        {{"path", file.relative}, {"digest", digest.hex()}, {"size", std::filesystem::file_size(file.path, failure)}});
  }
  return listed;
}

// Text, by its first bytes, is taken for CSV.
Status check_text(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return system_error("open", path, errno);
  std::array<char, 4096> piece{};
  const std::string_view begin(piece.data(), std::fread(piece.data(), 1, piece.size(), file.get()));
  const auto binary = [](char c) { return c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n'; };
  if (!begin.empty() && std::none_of(begin.begin(), begin.end(), binary)) return ok();
  return error(Code::kInvalidArgument, "'{}' is neither a Parquet file nor CSV", path);
}

Status add_attachments(const PushFlags& flags, const HttpClient& client, Json& request) {
  Json attachments = Json::array();
  for (const auto& [kind, path] :
       {std::pair("golden", flags.golden), std::pair("card", flags.card), std::pair("lineage", flags.lineage)}) {
    if (path.empty()) continue;
    MODELYARD_ASSIGN(Json content, read_json_file(path));
    const auto checked = registry::make_attachment(*registry::parse_attachment_kind(kind), content);
    if (!checked) return checked.error().with_context("'{}'", path);
    attachments.push_back({{"kind", kind}, {"content", std::move(content)}});
  }
  if (!flags.reference.empty()) {
    MODELYARD_ASSIGN(Json content, upload_reference(client, flags.reference));
    attachments.push_back({{"kind", "reference"}, {"content", std::move(content)}});
  }
  Json metrics = Json::object();
  for (const std::string& metric : flags.metrics) {
    const auto [name, text] = split_pair(metric);
    MODELYARD_ASSIGN(metrics[name], parse_json(text));
  }
  if (!metrics.empty()) attachments.push_back({{"kind", "metrics"}, {"content", std::move(metrics)}});
  if (!attachments.empty()) request["attachments"] = std::move(attachments);
  return ok();
}

// Whether the endpoint's plan is this version already.
Result<bool> is_wanted(const HttpClient& client, const std::string& endpoint, VersionNumber version) {
  MODELYARD_ASSIGN(const Json status, client.call("GET", "/api/v1/status?model=" + endpoint));
  for (const Json& entry : status["endpoints"]) {
    if (entry["endpoint"] != endpoint || !entry.contains("desired")) continue;
    const Json& shares = entry["desired"]["shares"];
    return shares.size() == 1 && shares[0]["version"] == version;
  }
  return false;
}

Result<int> push(const PushFlags& flags, const CommandContext& context) {
  MODELYARD_TRY(check_model_name(flags.model));
  const HttpClient client = context.client();
  Json request{{"format", "onnx"}, {"deploy", flags.deploy ? "yes" : "auto"}};
  MODELYARD_TRY(add_attachments(flags, client, request));
  for (const std::string& tag : flags.tags) {
    const auto [key, value] = split_pair(tag);
    request["tags"][key] = value;
  }
  if (!flags.aliases.empty()) request["aliases"] = flags.aliases;
  if (!flags.signature.empty()) {
    MODELYARD_ASSIGN(request["signature"], read_json_file(flags.signature));
  }
  MODELYARD_ASSIGN(request["files"], upload_files(client, flags.path));
  MODELYARD_ASSIGN(const Json published, client.call("POST", "/api/v1/models/" + flags.model + "/versions", request));
  const auto version = published["version"].get<VersionNumber>();
  bool deployed = !published["plan_revision"].is_null();
  if (!deployed) {
    MODELYARD_ASSIGN(deployed, is_wanted(client, flags.model, version));
  }
  if (flags.wait && deployed) {
    const Json deploy{{"version", version}, {"reason", "push --wait"}, {"wait_seconds", kWaitSeconds}};
    MODELYARD_TRY(client.call("POST", "/api/v1/endpoints/" + flags.model + ":deploy", deploy));
  }
  if (context.json) {
    print_json(published);
    return kDone;
  }
  const bool created = published["created_now"].get<bool>();
  std::printf("%s version %lld of '%s'%s\n", created ? "published" : "already there:", static_cast<long long>(version),
              flags.model.c_str(), deployed ? flags.wait ? ", deployed and ready" : ", deployed" : "");
  if (!deployed)
    std::printf("deploy it with: modelyard deploy %s %lld\n", flags.model.c_str(), static_cast<long long>(version));
  return kDone;
}

struct PredictFlags {
  std::string model, input, data, file;
  bool binary = false;
};

Result<std::string> read_input(const PredictFlags& flags) {
  if (!flags.data.empty()) return flags.data;
  if (flags.file.empty() && flags.input.empty() && ::isatty(STDIN_FILENO) != 0) {
    std::fputs("reading rows from the terminal; Ctrl-D ends them\n", stderr);
  }
  if (flags.file.empty() || flags.file == "-") return read_all(STDIN_FILENO, "standard input", 1u << 30);
  return read_file(flags.file);
}

// A body of a protocol goes as it is; anything else is rows for the model: [{feature: value}], [[1, 2]], or one row.
struct Prepared {
  std::string path, body;
};

Result<Prepared> prepare(const ModelArgument& target, const std::string& input) {
  const std::string version = target.version > 0 ? "/versions/" + std::to_string(target.version) : "";
  const std::string named = target.alias.empty() ? version : "/versions/" + target.alias;
  const std::string open = "/v2/models/" + target.model + named + "/infer";
  std::string rows =
      "/v1/models/" + target.model + (target.alias.empty() ? version : "/labels/" + target.alias) + ":predict";
  MODELYARD_ASSIGN(const Json document, parse_json(input, {.max_bytes = 1u << 30, .max_depth = 64}));
  const bool is_open = document.is_object() && document.contains("inputs") && document["inputs"].is_array() &&
                       !document["inputs"].empty() && document["inputs"][0].is_object() &&
                       document["inputs"][0].contains("datatype");
  if (is_open) return Prepared{open, input};
  if (document.is_object() && (document.contains("instances") || document.contains("inputs")))
    return Prepared{rows, input};
  const Json instances =
      document.is_array() && !document.empty() && document[0].is_structured() ? document : Json::array({document});
  return Prepared{rows, Json{{"instances", instances}}.dump()};
}

Result<int> predict(const PredictFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  MODELYARD_ASSIGN(const std::string input, read_input(flags));
  const HttpClient client = context.client();
  Result<HttpAnswer> answer = error(Code::kInternal, "not sent");
  if (flags.binary) {
    const std::string version = target.version > 0     ? "/versions/" + std::to_string(target.version)
                                : target.alias.empty() ? ""
                                                       : "/versions/" + target.alias;
    answer = client.send("POST", "/v2/models/" + target.model + version + "/infer", input,
                         {{"Inference-Header-Content-Length", "0"}, {"Content-Type", "application/octet-stream"}});
  } else {
    MODELYARD_ASSIGN(const Prepared prepared, prepare(target, input));
    answer = client.send("POST", prepared.path, prepared.body, {{"Content-Type", "application/json"}});
  }
  MODELYARD_TRY(answer);
  if (answer->status != 200) return error_of(*answer);
  if (answer->content_type == "application/octet-stream") {
    const std::size_t header =
        static_cast<std::size_t>(std::stoull(answer->headers["inference-header-content-length"]));
    MODELYARD_TRY(write_all(STDOUT_FILENO, std::as_bytes(std::span(answer->body)).subspan(header), "standard output"));
    return kDone;
  }
  if (context.json) {
    MODELYARD_ASSIGN(const Json document, parse_json(answer->body, {.max_bytes = 1u << 30, .max_depth = 128}));
    print_json(document);
    return kDone;
  }
  std::printf("%s\n", answer->body.c_str());
  std::fprintf(stderr, "%s\n",
               coloured(fmt::format("version {} of '{}', prediction {}", answer->headers["modelyard-version"],
                                    answer->headers["modelyard-model"], answer->headers["modelyard-prediction-id"]),
                        Colour::kDim)
                   .c_str());
  return kDone;
}

}  // namespace

// The server reads CSV; a Parquet file is read here.
Result<Json> upload_reference(const HttpClient& client, const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1), rows = path;
  std::optional<TemporaryFolder> folder;
  MODELYARD_ASSIGN(const bool parquet, is_parquet(path));
  if (parquet) {
    name += ".csv";
    MODELYARD_ASSIGN(TemporaryFolder made, TemporaryFolder::make());
    folder.emplace(std::move(made));
    rows = folder->path() + "/" + name;
    MODELYARD_TRY(parquet_to_csv(path, rows));
  } else {
    MODELYARD_TRY(check_text(path));
  }
  MODELYARD_ASSIGN(const Digest digest, upload_blob(client, rows));
  return Json{{"blob", digest.hex()}, {"media_type", "text/csv"}, {"name", name}};
}

void add_publish_commands(CommandLine& line) {
  auto push_flags = std::make_shared<PushFlags>();
  CLI::App& push_app = line.add("push", "Publish a version; a model's first one is deployed, too",
                                [push_flags, &line] { return push(*push_flags, line.context()); });
  push_app.add_option("model", push_flags->model, "Name of the model")->required();
  push_app.add_option("path", push_flags->path, "An .onnx file, or a folder with one")->required();
  push_app.add_option("--golden", push_flags->golden, "JSON of inputs and the outputs it must reproduce")
      ->type_name("FILE");
  push_app.add_option("--reference", push_flags->reference, "Training rows (CSV or Parquet), kept for monitoring")
      ->type_name("FILE");
  push_app.add_option("--signature", push_flags->signature, "JSON signature, narrower than the model's own")
      ->type_name("FILE");
  push_app.add_option("--card", push_flags->card, "JSON model card")->type_name("FILE");
  push_app.add_option("--lineage", push_flags->lineage, "JSON of data, code, run and parent")->type_name("FILE");
  push_app.add_option("--alias", push_flags->aliases, "Point this alias to it")->type_name("ALIAS");
  push_app.add_option("--tag", push_flags->tags, "Tag the version")->type_name("KEY=VALUE")->check(key_and_value());
  push_app.add_option("--metric", push_flags->metrics, "A figure of its evaluation")
      ->type_name("KEY=NUMBER")
      ->check(key_and_number());
  push_app.add_flag("--deploy", push_flags->deploy, "Let it answer the endpoint");
  push_app.add_flag("--wait", push_flags->wait, "Wait until it is ready, or failed");

  auto predict_flags = std::make_shared<PredictFlags>();
  CLI::App& predict_app =
      line.add("predict", "Ask a model", [predict_flags, &line] { return predict(*predict_flags, line.context()); });
  predict_app.add_option("model", predict_flags->model, "MODEL, MODEL/VERSION or MODEL@ALIAS")->required();
  predict_app.add_option("input", predict_flags->input, "-: rows from standard input, as without -d and -f")
      ->check(CLI::IsMember({"-"}))
      ->type_name("");
  auto* data = predict_app.add_option("-d,--data", predict_flags->data, "A row, rows, or a body of a protocol")
                   ->type_name("JSON");
  predict_app.add_option("-f,--file", predict_flags->file, "The same from a file; - is standard input")
      ->type_name("FILE")
      ->excludes(data);
  predict_app.add_flag("--binary", predict_flags->binary,
                       "The input is the raw tensor of the model's only input; so is the output");
}

}  // namespace modelyard::app
