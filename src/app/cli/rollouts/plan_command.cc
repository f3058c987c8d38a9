#include <cmath>
#include <cstdio>

#include "app/cli/rollouts/rollout_flags.h"

namespace modelyard::app {
namespace {

struct PlanFlags {
  SpecFlags spec;
  std::optional<double> rate, harm;
};

std::string duration_text(const Json& seconds) {
  if (!seconds.is_number()) return "-";
  const auto whole = seconds.get<std::int64_t>();
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", (whole + 30) / 60);
  if (whole < 172'800) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86'400, whole % 86'400 / 3600);
}

std::string count_text(const Json& count) {
  return count.is_number() ? fmt::format("{:.0f}", count.get<double>()) : "-";
}

std::string harm_text(const Json& outlook) {
  const Json& harm = outlook["harm"];
  if (!harm.is_number()) return "-";
  return outlook["unit"] == "ms" ? fmt::format("{:.3g} ms", harm.get<double>())
                                 : fmt::format("{:.3g} %", 100 * harm.get<double>());
}

std::string power_text(const Json& power) {
  if (!power.is_number()) return "-";
  const double percent = 100 * power.get<double>();
  return percent > 99 ? "> 99 %" : percent < 1 ? "< 1 %" : fmt::format("{:.0f} %", percent);
}

std::string passes_text(const Json& outlook) {
  if (outlook["foreseeable"] != true) return "not known";
  const Json& samples = outlook["samples"];
  if (!samples.is_number()) return coloured("never", Colour::kRed);
  return samples == 0 ? "at once" : count_text(samples);
}

std::string traffic_text(const Json& traffic) {
  const Json& rate = traffic["requests_per_second"];
  if (!rate.is_number()) return "how many requests there are is not known without a journal: --rate says it";
  std::string text = fmt::format("{:.3g} requests a second", rate.get<double>());
  if (traffic["source"] == "given") return text + ", as it was given";
  const auto minutes = traffic["window_seconds"].get<std::int64_t>() / 60;
  text += fmt::format(" ({} in the last {})", count_text(traffic["requests"]),
                      minutes == 1 ? "minute" : fmt::format("{} minutes", minutes));
  if (traffic["error_rate"].is_number()) {
    text += fmt::format(", of which {:.3g} % failed", 100 * traffic["error_rate"].get<double>());
  }
  return text;
}

// One row for each gate; what is of the step stands in the first.
void add_step(Table& table, const Json& step, std::size_t number) {
  std::vector<std::string> of_step = {std::to_string(number), fmt::format("{:g} %", step["share"].get<double>() / 100),
                                      duration_text(step["begin_seconds"]), duration_text(step["end_seconds"]),
                                      count_text(step["expected_samples"])};
  if (step["waits_for_person"] == true) of_step[3] += " or later";
  if (step["begin_seconds"].is_number() && step["has_enough"] != true)
    of_step[3] = coloured("too little", Colour::kRed);
  if (step["outlook"].empty())
    table.add({of_step[0], of_step[1], of_step[2], of_step[3], of_step[4], "-", "-", "-", "-"});
  for (const Json& outlook : step["outlook"]) {
    std::vector<std::string> row = of_step;
    row.insert(row.end(),
               {text_of(outlook["gate"]), passes_text(outlook), harm_text(outlook), power_text(outlook["power"])});
    table.add(std::move(row));
    of_step.assign(of_step.size(), "");
  }
}

void print_end(const Json& plan) {
  const std::string latest = duration_text(plan["latest_seconds"]);
  if (plan["earliest_seconds"].is_number()) {
    std::printf("\npromoted after %s at the earliest; decided after %s at the latest, freezes and pauses apart\n",
                duration_text(plan["earliest_seconds"]).c_str(), latest.c_str());
  } else {
    std::printf("\n%s; a step that does not come to its samples is inconclusive, after %s at the latest\n",
                coloured("it does not get there", Colour::kRed).c_str(), latest.c_str());
  }
  if (plan["steps"].empty()) return;
  std::printf(
      "\nPASSES AT   samples of the candidate in the step, when it is just like the version that answers now\n"
      "HARM        a candidate of %g times what the gate allows; --harm says another\n"
      "FOUND       how surely such a one is rejected by the end of the step\n",
      plan["harm_times"].get<double>());
}

void print_plan(const Json& plan) {
  std::printf("endpoint '%s', version %s to version %s: a plan, nothing is changed\n%s\n\n",
              text_of(plan["endpoint"]).c_str(), plan["spec"]["stable"].dump().c_str(),
              plan["spec"]["candidate"].dump().c_str(), traffic_text(plan["traffic"]).c_str());
  Table table({"STEP", "WEIGHT", "BEGINS", "ENDS", "SAMPLES", "GATE", "PASSES AT", "HARM", "FOUND"});
  std::size_t number = 0;
  for (const Json& step : plan["steps"]) add_step(table, step, ++number);
  table.print("everything at once, the old version kept warm");
  print_end(plan);
}

Result<int> plan(const PlanFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json spec, spec_of(flags.spec));
  std::string path = rollouts_path(flags.spec.endpoint) + ":plan";
  std::string_view mark = "?";
  for (const auto& [name, value] : {std::pair{"requests_per_second", flags.rate}, {"harm", flags.harm}}) {
    if (!value) continue;
    path += fmt::format("{}{}={}", mark, name, *value);
    mark = "&";
  }
  MODELYARD_ASSIGN(const Json plan, context.client().call("POST", path, spec));
  context.json ? print_json(plan) : print_plan(plan);
  return kDone;
}

}  // namespace

void add_rollout_plan_command(CommandLine& line, CLI::App& group) {
  const auto flags = std::make_shared<PlanFlags>();
  CLI::App& app = line.add(group, "plan", "What a rollout would take and what its gates could see; changes nothing",
                           [flags, &line] { return plan(*flags, line.context()); });
  add_spec_options(app, flags->spec);
  app.add_option("--rate", flags->rate, "Requests a second, instead of those of the last minutes")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--harm", flags->harm, "Of which harm the power is told: so many times what a gate allows [2]");
}

}  // namespace modelyard::app
