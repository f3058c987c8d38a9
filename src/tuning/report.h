// The report of a tuning: what is printed with --json and kept as evidence (docs/formats/tuning.md).
#pragma once

#include "base/json.h"
#include "base/names.h"
#include "tuning/machine.h"
#include "tuning/plan.h"
#include "tuning/tuner.h"

namespace modelyard::tuning {

struct ReportFacts {
  VersionRef version;
  Machine machine;
  std::string engine;          // "ONNX Runtime"
  std::string engine_version;  // "1.32.0"
  Target target = Target::kThroughput;
};

struct Report {
  Json document;
  Plan plan;
  std::vector<std::string> explanation;
};

Report make_report(const ReportFacts& facts, const Tuning& tuning);

}  // namespace modelyard::tuning
