#include "tuning/report.h"

#include <cmath>

namespace modelyard::tuning {
namespace {

double to_tenths(double value) {
  return std::round(value * 10) / 10;
}

Json to_json(const Cell& cell) {
  return {{"instances", cell.way.instances},
          {"intra_op_threads", cell.way.intra_op_threads},
          {"batch_size", cell.batch_size},
          {"runs", cell.runs},
          {"rows_per_second", to_tenths(cell.rows_per_second)},
          {"p50_us", to_tenths(cell.p50_us)},
          {"p99_us", to_tenths(cell.p99_us)}};
}

// An engine's runs are what a plan sets; nothing else is in the figures.
constexpr const char* kScope =
    "engine runs on the machine that the command ran on; they count for a server there or on a machine like it";

}  // namespace

Report make_report(const ReportFacts& facts, const Tuning& tuning) {
  Report report;
  report.plan = choose(tuning.cells, facts.target);
  report.explanation = explain(tuning.cells, report.plan, facts.target);
  if (!tuning.note.empty()) report.explanation.push_back(tuning.note);
  if (!tuning.is_complete) report.explanation.emplace_back("the time was over before everything was measured");
  Json cells = Json::array();
  for (const Cell& cell : tuning.cells) cells.push_back(to_json(cell));
  report.document = {
      {"model", facts.version.model},
      {"version", facts.version.version},
      {"machine", {{"host", facts.machine.host}, {"cpu", facts.machine.cpu}, {"cores", facts.machine.cores}}},
      {"engine", {{"name", facts.engine}, {"version", facts.engine_version}}},
      {"target", target_name(facts.target)},
      {"scope", kScope},
      {"inputs", tuning.is_recorded ? "golden samples" : "made up"},
      {"rounds", tuning.rounds},
      {"complete", tuning.is_complete},
      {"cells", std::move(cells)},
      {"plan",
       {{"instances", report.plan.instances},
        {"intra_op_threads", report.plan.intra_op_threads},
        {"max_batch_size", report.plan.max_batch_size}}},
      {"explanation", report.explanation}};
  return report;
}

}  // namespace modelyard::tuning
