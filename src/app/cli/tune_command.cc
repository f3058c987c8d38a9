#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/endpoint_settings.h"
#include "app/cli/temporary_folder.h"
#include "app/cli/version_download.h"
#include "app/server/engines.h"
#include "tuning/report.h"

namespace modelyard::app {
namespace {

struct TuneFlags {
  std::string model, endpoint, engine, target = "throughput";
  double seconds = 60;
  std::int64_t most_rows = 64;
  bool apply = false;
};

std::string path_of(const VersionRef& ref) {
  return fmt::format("/api/v1/models/{}/versions/{}", ref.model, ref.version);
}

// The version named, or the one that answers most of the endpoint, or the newest.
Result<VersionRef> choose_version(const HttpClient& client, const ModelArgument& target, const std::string& endpoint) {
  MODELYARD_ASSIGN(const VersionNumber named, resolve_version(client, target));
  if (named > 0) return VersionRef{target.model, named};
  MODELYARD_ASSIGN(const Json status, client.call("GET", "/api/v1/status?model=" + target.model));
  for (const Json& known : status["endpoints"]) {
    if (known["endpoint"] != endpoint || !known.contains("desired")) continue;
    const Json& shares = known["desired"]["shares"];
    const auto most =
        std::ranges::max_element(shares, {}, [](const Json& share) { return share["weight"].get<double>(); });
    return VersionRef{target.model, (*most)["version"].get<VersionNumber>()};
  }
  MODELYARD_ASSIGN(const Json versions, client.call("GET", "/api/v1/models/" + target.model + "/versions?limit=1000"));
  VersionNumber newest = 0;
  for (const Json& version : versions["items"]) newest = std::max(newest, version["version"].get<VersionNumber>());
  if (newest == 0) return error(Code::kNotFound, "model '{}' has no versions", target.model);
  return VersionRef{target.model, newest};
}

Status check_endpoint(const HttpClient& client, const std::string& name, const std::string& model) {
  const auto endpoint = read_endpoint(client, name);
  if (!endpoint) return endpoint.error().with_context("--apply needs an endpoint");
  if ((*endpoint)["model"] == model) return ok();
  return error(Code::kFailedPrecondition, "--apply: endpoint '{}' is of model {}, not of '{}'", name,
               (*endpoint)["model"].dump(), model);
}

Result<tuning::Report> measure(const TuneFlags& flags, const VersionRef& ref, const HttpClient& client,
                               backend::Backend& backend) {
  MODELYARD_ASSIGN(const Json version, client.call("GET", path_of(ref)));
  MODELYARD_ASSIGN(const TemporaryFolder folder, TemporaryFolder::make());
  MODELYARD_ASSIGN(const auto artifact, download_version(client, version, folder.path()));
  if (artifact.format != backend.format()) {
    return error(Code::kUnimplemented, "no engine for the format '{}'", artifact.format);
  }
  const tuning::Machine machine = tuning::this_machine();
  const auto budget =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(flags.seconds));
  ProgressBar bar("measuring", ProgressBar::Unit::kNone);
  tuning::Tuner tuner(
      backend, artifact, {machine.cores, flags.most_rows, budget}, system_clock(),
      [&](std::chrono::nanoseconds spent, std::chrono::nanoseconds whole) { bar.show(spent.count(), whole.count()); });
  MODELYARD_ASSIGN(const tuning::Tuning tuned, tuner.run());
  return tuning::make_report(
      {ref, machine, std::string(backend.engine()), backend.engine_version(), *tuning::parse_target(flags.target)},
      tuned);
}

Status store(const HttpClient& client, const VersionRef& ref, tuning::Report& report) {
  const Json content{{"title", "Tuning on " + report.document["machine"]["host"].get<std::string>()},
                     {"text", fmt::format("{}", fmt::join(report.explanation, "; "))},
                     {"facts", report.document}};
  MODELYARD_ASSIGN(report.document["attachment"],
                   client.call("POST", path_of(ref) + "/attachments", {{"kind", "evidence"}, {"content", content}}));
  return ok();
}

Status apply(const HttpClient& client, const std::string& name, tuning::Report& report) {
  MODELYARD_ASSIGN(const Json endpoint, read_endpoint(client, name));
  Json scheduling = endpoint["scheduling"];
  scheduling.update(report.document["plan"]);
  MODELYARD_ASSIGN(const Json changed, put_setting(client, endpoint, "scheduling", std::move(scheduling)));
  report.document["applied"] = {
      {"endpoint", name}, {"revision", changed["revision"]}, {"scheduling", changed["scheduling"]}};
  return ok();
}

void print_cells(const Json& document) {
  Table table({"INSTANCES", "THREADS", "BATCH", "ROWS/S", "RUN P50", "RUN P99"});
  for (const Json& cell : document["cells"]) {
    const bool chosen = cell["instances"] == document["plan"]["instances"] &&
                        cell["intra_op_threads"] == document["plan"]["intra_op_threads"] &&
                        cell["batch_size"] == document["plan"]["max_batch_size"];
    std::vector<std::string> row{cell["instances"].dump(),
                                 cell["intra_op_threads"].dump(),
                                 cell["batch_size"].dump(),
                                 fmt::format("{:.0f}", cell["rows_per_second"].get<double>()),
                                 fmt::format("{:.3g} ms", cell["p50_us"].get<double>() / 1000),
                                 fmt::format("{:.3g} ms", cell["p99_us"].get<double>() / 1000) + (chosen ? "  ←" : "")};
    if (chosen) {
      for (std::string& text : row) text = coloured(text, Colour::kGreen);
    }
    table.add(std::move(row));
  }
  table.print("");
}

void print_report(const tuning::Report& report, const VersionRef& ref, const std::string& endpoint) {
  const Json& document = report.document;
  const Json& machine = document["machine"];
  std::printf("version %lld of '%s' with %s, measured here: %s, %s core(s), %s\n\n",
              static_cast<long long>(ref.version), ref.model.c_str(),
              document["inputs"] == "made up" ? "made-up inputs" : document["inputs"].get<std::string>().c_str(),
              machine["host"].get<std::string>().c_str(), machine["cores"].dump().c_str(),
              machine["cpu"].get<std::string>().c_str());
  print_cells(document);
  const std::string settings = fmt::format("instances={} intra_op_threads={} max_batch_size={}", report.plan.instances,
                                           report.plan.intra_op_threads, report.plan.max_batch_size);
  std::printf("\n%s\n", settings.c_str());
  for (const std::string& sentence : report.explanation) std::printf("  %s\n", sentence.c_str());
  std::printf("these are %s\n", document["scope"].get<std::string>().c_str());
  if (document.contains("attachment")) std::printf("kept as evidence with the version\n");
  if (document.contains("applied")) {
    std::printf("endpoint '%s' has it from revision %s on\n", endpoint.c_str(),
                document["applied"]["revision"].dump().c_str());
  } else {
    std::printf("apply it with: modelyard schedule %s %s\n", endpoint.c_str(), settings.c_str());
  }
}

// What was measured is printed also when it could not be kept.
Result<int> tune(const TuneFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.model));
  const HttpClient client = context.client();
  const std::string endpoint = flags.endpoint.empty() ? target.model : flags.endpoint;
  MODELYARD_ASSIGN(const VersionRef ref, choose_version(client, target, endpoint));
  if (flags.apply) MODELYARD_TRY(check_endpoint(client, endpoint, ref.model));
  MODELYARD_ASSIGN(const Engines engines, open_engines(flags.engine, nullptr));
  if (engines.onnx.api == nullptr) return Error(Code::kFailedPrecondition, engines.onnx.remedy());
  MODELYARD_ASSIGN(tuning::Report report, measure(flags, ref, client, *engines.find("onnx")));
  Status kept = store(client, ref, report);
  if (kept && flags.apply) kept = apply(client, endpoint, report);
  if (context.json) {
    print_json(report.document);
  } else {
    print_report(report, ref, endpoint);
  }
  MODELYARD_TRY(kept);
  return kDone;
}

}  // namespace

void add_tune_command(CommandLine& line) {
  const auto flags = std::make_shared<TuneFlags>();
  CLI::App& app = line.add("tune", "Measure on this machine which instances, threads and batches suit a version",
                           [flags, &line] { return tune(*flags, line.context()); });
  app.footer("It measures the machine that it runs on: run it on the server's, or on one like it.");
  app.add_option("model", flags->model, "MODEL, MODEL/VERSION or MODEL@ALIAS")->required();
  app.add_option("--seconds", flags->seconds, "How long to measure")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86'400.0));
  app.add_option("--target", flags->target, "throughput: the most rows; latency: the shortest runs with half of that")
      ->capture_default_str()
      ->check(CLI::IsMember({"throughput", "latency"}));
  app.add_option("--most-rows", flags->most_rows, "Largest batch to measure")
      ->capture_default_str()
      ->check(CLI::Range(1, 65'536));
  app.add_flag("--apply", flags->apply, "Set the endpoint's scheduling to the plan");
  app.add_option("--endpoint", flags->endpoint, "Endpoint of --apply; by default the model's own")->type_name("NAME");
  app.add_option("--onnxruntime-lib", flags->engine, "ONNX Runtime library")->type_name("FILE");
}

}  // namespace modelyard::app
