#include "app/cli/rollouts/rollout_flags.h"

#include "app/configuration/yaml_document.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

constexpr std::uint64_t kMostSpecBytes = 1u << 20;

Json number_or_text(const std::string& text) {
  const Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? number : Json(text);
}

}  // namespace

void add_spec_options(CLI::App& app, SpecFlags& flags) {
  app.add_option("endpoint", flags.endpoint, "Name of the endpoint")->required();
  CLI::Option* const file = app.add_option("-f,--file", flags.file, "A spec in YAML or JSON, instead of the flags");
  const std::vector<CLI::Option*> of_spec = {
      app.add_option("--to", flags.to, "The version"),
      app.add_option("--steps", flags.steps, "Shares of the requests in percent: 1,5,25,50; none: all at once")
          ->delimiter(','),
      app.add_option("--gate", flags.gates, "What must hold: 'error_rate <= 0.5%', 'p99_ms <= stable * 1.1'"),
      app.add_option("--hold", flags.hold, "Least time of a step: 10m"),
      app.add_option("--min-samples", flags.min_samples, "Answers of the new version that a step needs"),
      app.add_option("--sticky", flags.sticky,
                     "What keeps a caller at one version: header:NAME (header:Modelyard-Unit), principal, none")};
  for (CLI::Option* const option : of_spec) file->excludes(option);
}

Result<Json> spec_of(const SpecFlags& flags) {
  if (!flags.file.empty()) return read_spec_file(flags.file);
  if (flags.to == 0) return error(Code::kInvalidArgument, "say which version: --to VERSION, or --file SPEC");
  Json spec = {{"candidate", flags.to}, {"strategy", flags.steps.empty() ? "immediate" : "canary"}};
  for (const std::string& step : flags.steps) spec["steps"].push_back(number_or_text(step));
  if (!flags.gates.empty()) spec["gates"] = flags.gates;
  if (!flags.hold.empty()) spec["hold"] = flags.hold;
  if (!flags.sticky.empty()) spec["sticky"] = flags.sticky;
  if (flags.min_samples >= 0) spec["min_samples"] = flags.min_samples;
  return spec;
}

Result<Json> read_spec_file(const std::string& file) {
  MODELYARD_ASSIGN(const std::string text, read_file(file, kMostSpecBytes));
  return read_yaml_document(text, file);
}

std::string rollouts_path(const std::string& endpoint) {
  return fmt::format("/api/v1/endpoints/{}/rollouts", path_segment(endpoint));
}

double weight_of(const Json& rollout) {
  return rollout["weight"].get<double>() / 100;
}

std::string ending_of(const Json& rollout) {
  return text_of(rollout["state"].value("ending", Json()));
}

bool is_settled(const Json& rollout) {
  return rollout["live"] != true || rollout["state"]["phase"] == "holding";
}

int exit_of(const Json& rollout) {
  if (rollout["live"] == true) return kInconclusiveExit;
  const std::string ending = ending_of(rollout);
  if (ending == "promoted") return kDone;
  if (ending == "rejected") return kRejectedExit;
  return ending == "inconclusive" ? kInconclusiveExit : kAbortedExit;
}

}  // namespace modelyard::app
