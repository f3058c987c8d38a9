#include "app/cli/rollouts/rollout_tables.h"

#include <cstdio>

namespace modelyard::app {
namespace {

Colour colour_of_outcome(const std::string& outcome) {
  if (outcome == "pass") return Colour::kGreen;
  return outcome == "fail" || outcome == "srm" ? Colour::kRed : Colour::kYellow;
}

}  // namespace

Colour colour_of_ending(std::string_view ending) {
  return ending == "promoted" ? Colour::kGreen : ending == "-" ? Colour::kPlain : Colour::kRed;
}

void print_gates(const Json& verdicts) {
  if (verdicts.empty()) return;
  Table gates({"GATE", "VERDICT", "BECAUSE"});
  for (const Json& verdict : verdicts) {
    const std::string outcome = text_of(verdict["outcome"]);
    gates.add({text_of(verdict["gate"]), coloured(outcome, colour_of_outcome(outcome)), text_of(verdict["because"])});
  }
  gates.print("");
  std::printf("\n");
}

void print_history(const Json& history, const std::function<std::string(std::string_view)>& when) {
  Table table({"WHEN", "PHASE", "WEIGHT", "WHY", "BY"});
  for (const Json& move : history) {
    const std::string actor = text_of(move["actor"]);
    table.add({when(text_of(move["at"])), text_of(move["to"]),
               fmt::format("{:g} %", move["weight"].get<double>() / 100), text_of(move["why"]),
               actor.empty() ? "-" : actor});
  }
  table.print("nothing has happened yet");
}

}  // namespace modelyard::app
