// Loads a version and makes it prove itself: the engine's signature agrees with the published one, golden samples are
// reproduced, warm-up runs. The same road for the server and for `modelyard validate`.
//
// Threads: blocking; called on the loader's thread. Errors: as of the step that failed, with its name in front.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "lifecycle/source.h"
#include "lifecycle/version_phase.h"

namespace modelyard::lifecycle {

struct MeasuredCost {
  bool known = false;
  std::chrono::nanoseconds fixed{0};
  std::chrono::nanoseconds per_row{0};
};

struct LoadedVersion {
  std::unique_ptr<backend::LoadedModel> model;
  std::string engine;              // name and version
  inference::Signature signature;  // the published one
  backend::LoadOptions options;
  MeasuredCost cost;
  std::int64_t most_batch_rows = 0;  // 0: requests do not share runs
  std::string warm_up_note;          // why the cost is not known, or why requests do not share runs
};

// One step of proving, for people.
struct CheckResult {
  std::string name;
  Status outcome;
  std::chrono::nanoseconds took{0};
};

class LoadProgress {
 public:
  virtual ~LoadProgress() = default;
  virtual void on_phase(VersionPhase phase) = 0;
  virtual void on_check(CheckResult check) = 0;
};

// Names and datatypes equal; published shapes may be narrower than the engine's, and carry feature names.
Status check_signature(const inference::Signature& published, const inference::Signature& engine);

// Runs every sample and compares: FailedPrecondition names the first that differs.
Status reproduce_golden(backend::LoadedModel& model, const inference::Signature& signature, const Golden& golden);

Result<LoadedVersion> load_version(backend::Backend& backend, const Artifact& artifact,
                                   const backend::LoadOptions& options, const Clock& clock, LoadProgress& progress);

}  // namespace modelyard::lifecycle
