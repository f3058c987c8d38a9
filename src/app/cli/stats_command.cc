#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "app/calculations/calculation.h"
#include "app/cli/command.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostInputBytes = 256u << 20;

int list_calculations(const CommandContext& context) {
  Json documents = Json::array();
  Table table({"NAME", "GIVES"});
  for (const Calculation& calculation : calculations()) {
    documents.push_back({{"name", calculation.name}, {"input", calculation.input}, {"help", calculation.help}});
    table.add({std::string(calculation.name), std::string(calculation.help)});
  }
  if (context.json) {
    print_json(documents);
  } else {
    table.print("");
    std::fputs("\nWhat one takes: modelyard stats NAME on a terminal, or list --json.\n", stdout);
  }
  return kDone;
}

// Tells whoever sits before a terminal what is waited for.
void prompt(const std::string& name) {
  if (::isatty(STDIN_FILENO) == 0) return;
  for (const Calculation& calculation : calculations()) {
    if (calculation.name != name) continue;
    std::fprintf(stderr, "One JSON object with %s; Ctrl-D ends it:\n", std::string(calculation.input).c_str());
  }
}

Result<int> run_calculation(const std::string& name, const CommandContext& context) {
  if (name == "list") return list_calculations(context);
  prompt(name);
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const auto input = parse_json(text, {kMostInputBytes});
  if (!input) return input.error().with_context("standard input");
  MODELYARD_ASSIGN(const Json result, calculate(name, *input));
  print_json(result);
  return kDone;
}

}  // namespace

void add_stats_command(CommandLine& line) {
  const auto name = std::make_shared<std::string>();
  line.add("stats", "Compute a statistic on JSON from standard input (offline)",
           [name, &line] { return run_calculation(*name, line.context()); })
      .add_option("name", *name, "Its name, or 'list'")
      ->required();
}

}  // namespace modelyard::app
