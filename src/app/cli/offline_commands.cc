#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/parquet/parquet_library.h"
#include "app/cli/temporary_folder.h"
#include "app/server/engines.h"
#include "backend/onnx/model_file.h"
#include "base/directory.h"
#include "control/models/golden_document.h"
#include "lifecycle/loader.h"
#include "registry/attachment.h"

namespace modelyard::app {
namespace {

namespace fs = std::filesystem;

struct OfflineFlags {
  std::string path, golden, junit, engine;
};

// The folder an engine loads: the one given, or the one around the file given when it is the only model in it.
Result<std::string> folder_of(const std::string& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return path;
  if (!fs::is_regular_file(path, failure)) return error(Code::kNotFound, "'{}' is neither a file nor a folder", path);
  return std::string();
}

bool is_beneath(const fs::path& relative) {
  return relative.is_relative() && std::find(relative.begin(), relative.end(), "..") == relative.end();
}

Status copy_one(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::create_directories(to.parent_path(), failure);
  fs::copy_file(from, to, failure);
  return failure ? Status(error(Code::kInternal, "cannot copy '{}': {}", from.string(), failure.message())) : ok();
}

// The folder given, or a private one with the files of the model given.
class ModelFolder {
 public:
  static Result<ModelFolder> make(const std::string& path) {
    MODELYARD_ASSIGN(const std::string folder, folder_of(path));
    if (!folder.empty()) return ModelFolder(folder, std::nullopt);
    MODELYARD_ASSIGN(const backend::ModelFile model, backend::read_model_file(path));
    MODELYARD_ASSIGN(TemporaryFolder made, TemporaryFolder::make());
    MODELYARD_TRY(copy_one(path, fs::path(made.path()) / "model.onnx"));
    for (const std::string& location : model.external_files) {
      // What is missing, or lies elsewhere, the engine's adapter refuses by its name.
      std::error_code ignored;
      const fs::path source = fs::path(path).parent_path() / location;
      if (!is_beneath(location) || !fs::is_regular_file(fs::symlink_status(source, ignored))) continue;
      MODELYARD_TRY(copy_one(source, fs::path(made.path()) / location));
    }
    const std::string own = made.path();
    return ModelFolder(own, std::move(made));
  }

  const std::string& path() const { return path_; }

 private:
  ModelFolder(std::string path, std::optional<TemporaryFolder> own) : path_(std::move(path)), own_(std::move(own)) {}
  std::string path_;
  std::optional<TemporaryFolder> own_;
};

Result<int> inspect(const OfflineFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Engines engines, open_engines(flags.engine, nullptr));
  MODELYARD_ASSIGN(const ModelFolder folder, ModelFolder::make(flags.path));
  MODELYARD_ASSIGN(const backend::Inspection inspection, backend::inspect_onnx(*engines.find("onnx"), folder.path()));
  if (context.json) {
    Json facts = Json::array();
    for (const auto& [name, value] : inspection.facts) facts.push_back({{"name", name}, {"value", value}});
    print_json(
        {{"signature", inference::to_json(inspection.signature)}, {"facts", facts}, {"refusals", inspection.refusals}});
  } else {
    const auto print_tensor = [](const char* kind, const inference::TensorSpec& spec) {
      std::printf("%-13s %s %s %s%s\n", kind, spec.name.c_str(),
                  std::string(inference::data_type_name(spec.type)).c_str(),
                  inference::format_shape(spec.shape).c_str(), spec.optional ? " (optional)" : "");
    };
    for (const auto& spec : inspection.signature.inputs) print_tensor("input", spec);
    for (const auto& spec : inspection.signature.outputs) print_tensor("output", spec);
    for (const auto& [name, value] : inspection.facts) std::printf("%-13s %s\n", name.c_str(), value.c_str());
    for (const std::string& refusal : inspection.refusals)
      std::printf("%s\n", coloured("would be refused: " + refusal, Colour::kRed).c_str());
  }
  return inspection.refusals.empty() ? kDone : kConflictExit;
}

class CheckList final : public lifecycle::LoadProgress {
 public:
  void on_phase(lifecycle::VersionPhase) override {}
  void on_check(lifecycle::CheckResult check) override { checks.push_back(std::move(check)); }
  std::vector<lifecycle::CheckResult> checks;
};

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '&')
      escaped += "&amp;";
    else if (c == '"')
      escaped += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      escaped += c;
  }
  return escaped;
}

// The form that CI systems read.
std::string junit_xml(const std::string& path, const std::vector<lifecycle::CheckResult>& checks) {
  std::string cases;
  int failures = 0;
  for (const auto& check : checks) {
    const double seconds = std::chrono::duration<double>(check.took).count();
    cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"", escape_xml(path),
                         escape_xml(check.name), seconds);
    if (check.outcome) {
      cases += "/>\n";
    } else {
      ++failures;
      cases += fmt::format(">\n      <failure message=\"{}\"/>\n    </testcase>\n",
                           escape_xml(check.outcome.error().message()));
    }
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"modelyard validate\" "
      "tests=\"{}\" failures=\"{}\">\n{}  </testsuite>\n</testsuites>\n",
      checks.size(), failures, cases);
}

Result<lifecycle::Golden> read_golden(const std::string& path) {
  MODELYARD_ASSIGN(const std::string text, read_file(path, registry::kMaxAttachmentBytes));
  const auto parse = [&]() -> Result<lifecycle::Golden> {
    MODELYARD_ASSIGN(const Json document, parse_json(text));
    MODELYARD_ASSIGN(const auto attachment, registry::make_attachment(registry::AttachmentKind::kGolden, document));
    MODELYARD_ASSIGN(const Json checked, parse_json(attachment.content));
    return control::parse_golden(checked);
  };
  auto golden = parse();
  if (!golden) return golden.error().with_context("'{}'", path);
  return golden;
}

// Stops at the first step that fails.
Status prove(const OfflineFlags& flags, const Engines& engines, CheckList& list) {
  MODELYARD_ASSIGN(const ModelFolder folder, ModelFolder::make(flags.path));
  backend::Backend& backend = *engines.find("onnx");
  lifecycle::Artifact artifact;
  artifact.folder = folder.path();
  artifact.format = "onnx";
  if (!flags.golden.empty()) {
    MODELYARD_ASSIGN(artifact.golden, read_golden(flags.golden));
  }
  MODELYARD_ASSIGN(const auto probe, backend.load(folder.path(), {}));
  artifact.signature = probe->signature();
  MODELYARD_TRY(lifecycle::load_version(backend, artifact, {}, system_clock(), list));
  return ok();
}

Result<int> validate(const OfflineFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Engines engines, open_engines(flags.engine, nullptr));
  std::error_code failure;
  if (!fs::exists(flags.path, failure)) return error(Code::kNotFound, "'{}' is not there", flags.path);
  CheckList list;
  const Status proved = prove(flags, engines, list);
  const bool told = !list.checks.empty() && !list.checks.back().outcome;
  if (!proved && !told) list.checks.insert(list.checks.begin(), {"load", proved.error(), {}});
  if (!flags.junit.empty()) MODELYARD_TRY(write_file_atomically(flags.junit, junit_xml(flags.path, list.checks)));
  bool passed = true;
  Json documents = Json::array();
  for (const auto& check : list.checks) {
    passed = passed && check.outcome.has_value();
    const double milliseconds = std::chrono::duration<double, std::milli>(check.took).count();
    documents.push_back({{"check", check.name},
                         {"passed", check.outcome.has_value()},
                         {"milliseconds", milliseconds},
                         {"detail", check.outcome ? Json(nullptr) : Json(check.outcome.error().message())}});
    if (context.json) continue;
    std::printf("%s %-15s %8.1f ms  %s\n",
                check.outcome ? coloured("passed", Colour::kGreen).c_str() : coloured("FAILED", Colour::kRed).c_str(),
                check.name.c_str(), milliseconds, check.outcome ? "" : check.outcome.error().message().c_str());
  }
  if (context.json) print_json({{"passed", passed}, {"checks", std::move(documents)}});
  return passed ? kDone : kConflictExit;
}

Result<int> show_version(const CommandContext& context) {
  MODELYARD_ASSIGN(const Engines engines, open_engines("", nullptr));
  const Json document = version_document(engines);
  if (context.json) {
    print_json(document);
    return kDone;
  }
  std::printf("modelyard %s\n", document["version"].get<std::string>().c_str());
  for (const Json& format : document["formats"]) {
    std::printf("  %s: %s %s\n", format["format"].get<std::string>().c_str(),
                format["engine"].get<std::string>().c_str(),
                format["served"].get<bool>() ? format["engine_version"].get<std::string>().c_str()
                                             : ("is missing. " + format["remedy"].get<std::string>()).c_str());
  }
  return kDone;
}

// One line for each thing that must be right, with the remedy when it is not.
Result<int> examine(const OfflineFlags& flags, const CommandContext& context) {
  const backend::EngineLibrary library = backend::find_engine_library(flags.engine);
  Json checks = Json::array();
  const auto add = [&](const std::string& name, bool good, const std::string& detail) {
    checks.push_back({{"check", name}, {"good", good}, {"detail", detail}});
  };
  for (const auto& place : library.places)
    add("engine place", place.outcome == "found", place.path + ": " + place.outcome);
  add("engine", library.api != nullptr, library.api ? "ONNX Runtime " + library.version : library.remedy());
  const auto parquet = ParquetLibrary::load();
  add("Parquet", parquet.has_value(),
      parquet ? fmt::format("Arrow {}: {}", (*parquet)->calls->library_version, (*parquet)->path)
              : parquet.error().message());
  const auto answer = context.client().send("GET", "/readyz");
  add("server", answer && answer->status == 200,
      answer ? fmt::format("{} answers {}", context.server, answer->status) : answer.error().message());
  std::error_code failure;
  const auto space = fs::space(".", failure);
  add("disk", !failure && space.available > (1u << 30),
      fmt::format("{} free here", human_bytes(static_cast<std::int64_t>(space.available))));
  if (context.json) {
    print_json(checks);
  } else {
    for (const Json& check : checks) {
      const bool good = check["good"].get<bool>();
      std::printf("%s %-13s %s\n",
                  good ? coloured("good", Colour::kGreen).c_str() : coloured("  - ", Colour::kYellow).c_str(),
                  check["check"].get<std::string>().c_str(), check["detail"].get<std::string>().c_str());
    }
  }
  return library.api != nullptr ? kDone : kFailed;
}

}  // namespace

void add_offline_commands(CommandLine& line) {
  const auto flags = std::make_shared<OfflineFlags>();
  const auto add = [&](const char* name, const char* help, auto function) -> CLI::App& {
    CLI::App& app = line.add(name, help, [flags, function, &line] { return function(*flags, line.context()); });
    app.add_option("--onnxruntime-lib", flags->engine, "ONNX Runtime library")->type_name("FILE");
    return app;
  };
  add("inspect", "What a model file holds, and what would be refused (offline)", inspect)
      .add_option("path", flags->path, "An .onnx file, or a folder with one")
      ->required();
  CLI::App& validate_app = add("validate", "Load a model and check its golden samples (offline)", validate);
  validate_app.add_option("path", flags->path, "An .onnx file, or a folder with one")->required();
  validate_app.add_option("--golden", flags->golden, "JSON of inputs and the outputs it must reproduce")
      ->type_name("FILE");
  validate_app.add_option("--junit", flags->junit, "Write the result as JUnit XML")->type_name("FILE");
  add("doctor", "Check engine, server and disk", examine);
  line.add("version", "Show versions of program and engines", [&line] { return show_version(line.context()); });
}

}  // namespace modelyard::app
