#include <cstdio>

#include "app/cli/moment.h"
#include "app/cli/rollouts/rollout_flags.h"
#include "app/cli/rollouts/rollout_tables.h"
#include "base/duration.h"
#include "rollout_simulation/outcomes.h"

namespace modelyard::app {
namespace {

constexpr std::int64_t kMostRuns = 1'000'000;

struct SimulateFlags {
  std::string spec, start = "2026-01-01";  // a time that is always the same, so that freezes are, too
  std::vector<std::string> candidate, stable;
  double per_second = 100;
  std::uint64_t units = 0, seed = 1;
  std::int64_t runs = 1;
};
using Flags = std::shared_ptr<SimulateFlags>;

// The candidate is like stable, but for what is said of it.
Result<rollout::SimulatedWorld> world_of(const SimulateFlags& flags) {
  rollout::SimulatedWorld world;
  for (const std::string& text : flags.stable) MODELYARD_TRY(rollout::set_truth(world.stable, text));
  world.candidate = world.stable;
  for (const std::string& text : flags.candidate) MODELYARD_TRY(rollout::set_truth(world.candidate, text));
  world.requests_per_second = flags.per_second;
  world.units = flags.units;
  MODELYARD_ASSIGN(world.begin, parse_moment("--start", flags.start, system_clock().utc_now()));
  return world;
}

Result<rollout::Simulation> simulation_of(const SimulateFlags& flags) {
  MODELYARD_ASSIGN(const Json document, read_spec_file(flags.spec));
  auto spec = rollout::parse_rollout_spec(document);
  if (!spec) return spec.error().with_context("{}", flags.spec);
  MODELYARD_ASSIGN(const rollout::SimulatedWorld world, world_of(flags));
  return rollout::Simulation::make(*std::move(spec), world);
}

std::string percent(double share) {
  return fmt::format("{:.3g} %", 100 * share);
}

// In the two largest units that matter: "1d 4h", "5m 12s".
std::string span_text(std::chrono::seconds span) {
  using namespace std::chrono;
  const auto days_part = duration_cast<days>(span);
  const hh_mm_ss rest(span - days_part);
  const auto of = [](auto large, const char* large_unit, auto small, const char* small_unit) {
    return small.count() == 0 ? fmt::format("{}{}", large.count(), large_unit)
                              : fmt::format("{}{} {}{}", large.count(), large_unit, small.count(), small_unit);
  };
  if (days_part.count() > 0) return of(days_part, "d", rest.hours(), "h");
  if (rest.hours().count() > 0) return of(rest.hours(), "h", rest.minutes(), "m");
  if (rest.minutes().count() > 0) return of(rest.minutes(), "m", rest.seconds(), "s");
  return fmt::format("{}s", rest.seconds().count());
}

Json served_json(const rollout::Served& served) {
  return {{"requests", served.requests},
          {"candidate_requests", served.candidate_requests},
          {"faults", served.faults},
          {"candidate_faults", served.candidate_faults}};
}

int show_course(const rollout::Simulation& simulation, const rollout::SimulatedCourse& course,
                const CommandContext& context) {
  const std::string outcome(rollout::outcome_of(course));
  if (context.json) {
    print_json({{"outcome", outcome},
                {"decision_seconds", course.decision ? Json(course.decision->count()) : Json()},
                {"served", served_json(course.served)},
                {"state", rollout::to_json(course.state)}});
    return kDone;
  }
  const rollout::RolloutState& state = course.state;
  std::printf("simulated rollout: version %lld to version %lld\n", static_cast<long long>(*simulation.spec().stable),
              static_cast<long long>(simulation.spec().candidate));
  std::printf("%s%s%s\n", coloured(outcome, colour_of_ending(outcome)).c_str(),
              course.decision ? fmt::format(" after {}", span_text(*course.decision)).c_str() : "",
              state.fired ? fmt::format(", by the gate '{}'", state.fired->gate).c_str() : "");
  std::printf("%llu requests, %llu of the candidate; %llu of these saw a fault\n\n",
              static_cast<unsigned long long>(course.served.requests),
              static_cast<unsigned long long>(course.served.candidate_requests),
              static_cast<unsigned long long>(course.served.candidate_faults));
  const Json document = rollout::to_json(state);
  print_gates(document["verdicts"]);
  print_history(document["history"], [&](std::string_view at) {
    const auto time = parse_utc(at);
    return time ? span_text(std::chrono::floor<std::chrono::seconds>(*time - state.started)) : std::string(at);
  });
  return kDone;
}

void print_outcomes(const Json& document) {
  const std::uint64_t runs = document["runs"].get<std::uint64_t>();
  Table table({"OUTCOME", "RUNS", "SHARE", "BETWEEN (95 %)", "DECIDED IN", "ONE OF TEN IN", "NINE OF TEN IN"});
  for (const auto& [name, outcome] : document["outcomes"].items()) {
    const Json times = outcome.value("decision_seconds", Json());
    const auto time = [&](const char* share) {
      return times.is_object() ? span_text(std::chrono::seconds(times[share].get<std::int64_t>())) : "-";
    };
    table.add({coloured(name, colour_of_ending(name)), outcome["runs"].dump(), percent(outcome["share"].get<double>()),
               fmt::format("{} and {}", percent(outcome["low"].get<double>()), percent(outcome["high"].get<double>())),
               time("p50"), time("p10"), time("p90")});
  }
  table.print("");
  std::printf("\n");
  Table fired({"GATE THAT FIRED", "RUNS", "SHARE"});
  for (const auto& [gate, count] : document["fired"].items()) {
    fired.add({gate, count.dump(), percent(count.get<double>() / static_cast<double>(runs))});
  }
  fired.print("no gate fired");
  const Json& mean = document["mean"];
  std::printf("\na run had %.0f requests, %.0f of the candidate; %.1f of these saw a fault\n",
              mean["requests"].get<double>(), mean["candidate_requests"].get<double>(),
              mean["candidate_faults"].get<double>());
}

Result<int> simulate(const SimulateFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const rollout::Simulation simulation, simulation_of(flags));
  if (flags.runs == 1) return show_course(simulation, simulation.run(flags.seed), context);
  rollout::Outcomes outcomes;
  WaitingLine waiting(fmt::format("{} runs", flags.runs));
  for (std::int64_t i = 0; i < flags.runs; ++i) {
    waiting.tick();
    outcomes.add(simulation.run(flags.seed + static_cast<std::uint64_t>(i)));
  }
  context.json ? print_json(outcomes.document()) : print_outcomes(outcomes.document());
  return kDone;
}

}  // namespace

void add_simulate_command(CommandLine& line) {
  const auto flags = std::make_shared<SimulateFlags>();
  CLI::App& group = line.group("simulate", "Try it on a virtual clock (offline)");
  CLI::App& app = line.add(group, "rollout", "How a rollout would go: weeks pass in seconds",
                           [flags, &line] { return simulate(*flags, line.context()); });
  app.add_option("spec", flags->spec, "The spec in YAML or JSON")->required()->type_name("FILE");
  app.add_option("--requests-per-second", flags->per_second, "Of the endpoint (100)");
  app.add_option("--true-effect", flags->candidate,
                 "What the candidate is truly like, else as stable: error_rate=2%, timeout_rate=…%, nonfinite_rate=…%, "
                 "p50_ms=…, p99_ms=…, latency=1.2, reward=10%")
      ->type_name("SIGNAL=VALUE");
  app.add_option("--stable", flags->stable, "What stable is like: error_rate=0.1%, p50_ms=10, p99_ms=40, reward=10%")
      ->type_name("SIGNAL=VALUE");
  app.add_option("--units", flags->units, "Users who stick to a version (each request is a stranger's)");
  app.add_option("--runs", flags->runs, "How often; more than 1: a table of outcomes")
      ->check(CLI::Range(std::int64_t{1}, kMostRuns));
  app.add_option("--seed", flags->seed, "The same seed gives the same course (1)");
  app.add_option("--start", flags->start, "When it begins, in UTC, for freezes (2026-01-01)")->type_name("TIME");
}

}  // namespace modelyard::app
