#include <cstdio>
#include <thread>

#include "app/cli/rollouts/rollout_flags.h"
#include "app/cli/rollouts/rollout_tables.h"

namespace modelyard::app {
namespace {

constexpr std::chrono::milliseconds kPollEvery{500};

struct RolloutFlags {
  SpecFlags spec;
  // Of an experiment.
  std::string metric, most_duration;
  std::vector<std::string> guardrails;
  double weight = 50;
  std::string id, reason;
  std::int64_t wait_seconds = 3600;
  bool wait = false;
};
using Flags = std::shared_ptr<RolloutFlags>;

void print_rollout(const Json& rollout) {
  const Json &state = rollout["state"], &spec = rollout["spec"];
  std::printf("rollout %s of endpoint '%s': version %s to version %s\n", rollout["id"].dump().c_str(),
              text_of(rollout["endpoint"]).c_str(), spec["stable"].dump().c_str(), spec["candidate"].dump().c_str());
  std::printf("%s since %s; version %s has %g %% of the requests\n%s\n\n", text_of(state["phase"]).c_str(),
              human_age(text_of(state["phase_since"])).c_str(), spec["candidate"].dump().c_str(), weight_of(rollout),
              text_of(state["reason"]).c_str());
  if (const std::string ending = ending_of(rollout); ending != "-") {
    const Json& fired = state.value("fired", Json());
    std::printf("%s%s\n\n", coloured(ending, colour_of_ending(ending)).c_str(),
                fired.is_object() ? fmt::format(" by the gate '{}'", text_of(fired["gate"])).c_str() : "");
  }
  print_gates(state["verdicts"]);
  print_history(state["history"], human_age);
}

// Until nothing more happens by itself: it has ended, or holds and waits for a person.
Result<Json> wait_for(const RolloutFlags& flags, Json rollout, const CommandContext& context) {
  const auto end = system_clock().steady_now() + std::chrono::seconds(flags.wait_seconds);
  const std::string path = "/api/v1/rollouts/" + rollout["id"].dump();
  WaitingLine waiting(fmt::format("rollout {}", rollout["id"].dump()));
  while (!is_settled(rollout)) {
    if (system_clock().steady_now() >= end) {
      return error(Code::kDeadlineExceeded, "rollout {} is still at '{}'; modelyard rollout status {} shows it",
                   rollout["id"].dump(), text_of(rollout["state"]["phase"]), rollout["id"].dump());
    }
    std::this_thread::sleep_for(kPollEvery);
    waiting.tick();
    MODELYARD_ASSIGN(rollout, context.client().call("GET", path));
  }
  return rollout;
}

Result<int> show(const RolloutFlags& flags, Json rollout, const CommandContext& context) {
  if (flags.wait) {
    MODELYARD_ASSIGN(rollout, wait_for(flags, std::move(rollout), context));
  }
  context.json ? print_json(rollout) : print_rollout(rollout);
  return flags.wait ? exit_of(rollout) : kDone;
}

Result<int> start(const RolloutFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json spec, spec_of(flags.spec));
  MODELYARD_ASSIGN(Json rollout, context.client().call("POST", rollouts_path(flags.spec.endpoint), spec));
  return show(flags, std::move(rollout), context);
}

Result<int> start_experiment(const RolloutFlags& flags, const CommandContext& context) {
  Json spec = {
      {"candidate", flags.spec.to}, {"strategy", "experiment"}, {"metric", flags.metric}, {"weight", flags.weight}};
  if (!flags.guardrails.empty()) spec["guardrails"] = flags.guardrails;
  if (!flags.spec.hold.empty()) spec["hold"] = flags.spec.hold;
  if (!flags.most_duration.empty()) spec["most_duration"] = flags.most_duration;
  if (!flags.spec.sticky.empty()) spec["sticky"] = flags.spec.sticky;
  if (flags.spec.min_samples >= 0) spec["min_samples"] = flags.spec.min_samples;
  MODELYARD_ASSIGN(Json rollout, context.client().call("POST", rollouts_path(flags.spec.endpoint), spec));
  return show(flags, std::move(rollout), context);
}

Result<int> status(const RolloutFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(Json rollout, context.client().call("GET", "/api/v1/rollouts/" + path_segment(flags.id)));
  return show(flags, std::move(rollout), context);
}

Result<int> list(const RolloutFlags& flags, const CommandContext& context) {
  const std::string path = flags.spec.endpoint.empty() ? "/api/v1/rollouts" : rollouts_path(flags.spec.endpoint);
  MODELYARD_ASSIGN(const Json answer, context.client().call("GET", path));
  if (context.json) {
    print_json(answer["items"]);
    return kDone;
  }
  Table table({"ROLLOUT", "ENDPOINT", "FROM", "TO", "PHASE", "WEIGHT", "ENDING", "BEGUN", "BY"});
  for (const Json& one : answer["items"]) {
    const std::string ending = ending_of(one);
    table.add({one["id"].dump(), text_of(one["endpoint"]), one["spec"]["stable"].dump(),
               one["spec"]["candidate"].dump(), text_of(one["state"]["phase"]), fmt::format("{:g} %", weight_of(one)),
               coloured(ending, colour_of_ending(ending)), human_age(text_of(one["created"])), text_of(one["actor"])});
  }
  table.print("no rollouts: modelyard rollout start ENDPOINT --to VERSION begins one");
  return kDone;
}

Result<int> order(const RolloutFlags& flags, const std::string& verb, const CommandContext& context) {
  MODELYARD_ASSIGN(Json rollout,
                   context.client().call("POST", fmt::format("/api/v1/rollouts/{}:{}", path_segment(flags.id), verb),
                                         {{"reason", flags.reason}}));
  return show(flags, std::move(rollout), context);
}

void add_start_command(CommandLine& line, CLI::App& group, const Flags& flags) {
  CLI::App& app = line.add(group, "start", "Bring a version to an endpoint step by step, and back when it does harm",
                           [flags, &line] { return start(*flags, line.context()); });
  add_spec_options(app, flags->spec);
}

void add_wait_options(CLI::App& app, const Flags& flags) {
  app.add_flag("--wait", flags->wait,
               "Until it has ended or holds: exit 0 promoted, 10 rejected, 11 inconclusive, 12 aborted");
  app.add_option("--wait-seconds", flags->wait_seconds, "So long at most");
}

void add_status_command(CommandLine& line, CLI::App& group, const Flags& flags, const std::string& help) {
  CLI::App& app = line.add(group, "status", help, [flags, &line] { return status(*flags, line.context()); });
  app.add_option("rollout", flags->id, "Its number")->required();
  add_wait_options(app, flags);
}

void add_order_command(CommandLine& line, CLI::App& group, const Flags& flags, const std::string& name,
                       const std::string& verb, const std::string& help) {
  CLI::App& app = line.add(group, name, help, [flags, verb, &line] { return order(*flags, verb, line.context()); });
  app.add_option("rollout", flags->id, "Its number")->required();
  app.add_option("--reason", flags->reason, "Why: it is kept in the audit log")->required();
}

}  // namespace

void add_experiment_commands(CommandLine& line) {
  const auto flags = std::make_shared<RolloutFlags>();
  CLI::App& group = line.group("experiment", "A/B tests: a rollout with a fixed split and one metric that decides");
  CLI::App& start = line.add(group, "start", "Split the users between the version that answers and another one",
                             [flags, &line] { return start_experiment(*flags, line.context()); });
  start.add_option("endpoint", flags->spec.endpoint, "Name of the endpoint")->required();
  start.add_option("--to", flags->spec.to, "The version")->required();
  start.add_option("--metric", flags->metric, "The gate that decides: 'metric:revenue >= stable'")->required();
  start.add_option("--guardrail", flags->guardrails, "What must hold besides: 'error_rate <= stable + 0.2%'");
  start.add_option("--weight", flags->weight, "Percent of the users who get the version [50]");
  start.add_option("--hold", flags->spec.hold, "It lasts at least [24h]");
  start.add_option("--most-duration", flags->most_duration, "It lasts at most [14d]");
  start.add_option("--min-samples", flags->spec.min_samples, "Answers of the version that it needs [100]");
  start.add_option("--sticky", flags->spec.sticky, "What keeps a user at one version [header:Modelyard-Unit]");
  add_wait_options(start, flags);
  add_status_command(line, group, flags, "Where it stands, and what its metric says");
  add_order_command(line, group, flags, "stop", "abort", "End it: the old version gets everything back");
  add_rollout_report_command(line, group);
}

void add_rollout_commands(CommandLine& line) {
  const auto flags = std::make_shared<RolloutFlags>();
  CLI::App& group = line.group("rollout", "New versions, step by step, judged by what they answer");
  add_start_command(line, group, flags);
  add_wait_options(*group.get_subcommand("start"), flags);
  add_rollout_plan_command(line, group);
  add_rollout_report_command(line, group);
  add_rollout_watch_command(line, group);
  add_status_command(line, group, flags, "Where a rollout stands, what its gates say, and how it got there");
  CLI::App& all =
      line.add(group, "list", "All rollouts, newest first", [flags, &line] { return list(*flags, line.context()); });
  all.add_option("endpoint", flags->spec.endpoint, "Of this endpoint only");
  for (const auto& [verb, help] : {std::pair{"promote", "Give the new version everything now"},
                                   {"pause", "Stay at the present step; gates are still watched"},
                                   {"resume", "Go on"},
                                   {"abort", "Give the old version everything back now"}}) {
    add_order_command(line, group, flags, verb, verb, help);
  }
}

}  // namespace modelyard::app
