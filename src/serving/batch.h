// Natural batching: requests that are there at the same time share one run of the engine. Nobody waits for more to
// come.
//
// Shapes:    rows of every input are put behind one another; outputs are cut at the same places. Requests share a run
//            when they name the same inputs, with the same datatypes and dimensions behind the first, and ask for the
//            same outputs.
// Errors:    a shared run that fails is done again one request at a time, so that one request's fault is its own.
// Threads:   values; a BatchRunner belongs to the thread of its context.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lifecycle/scheduling.h"
#include "lifecycle/servable.h"
#include "rollout/traffic_plan.h"
#include "serving/call.h"
#include "serving/spare_lists.h"

namespace modelyard::serving {

struct Finished;

// Where a job came from.
class JobHome {
 public:
  virtual ~JobHome() = default;
  // Called on the worker, with jobs of this home only; must outlive them.
  virtual void on_done(std::vector<Finished> finished) = 0;
};

struct Job {
  CallPtr call;
  std::shared_ptr<lifecycle::Servable> servable;
  std::shared_ptr<lifecycle::EndpointSettings> settings;  // null: the defaults
  std::optional<Digest> cache_key;                        // where the answer is to be kept
  SteadyTime submitted{};
  SteadyTime queued_at{};
  SteadyTime queue_deadline = SteadyTime::max();  // dropped then, unless it runs
  SteadyTime delay_after = SteadyTime::max();     // goes behind the others then
  std::int64_t rows = 1;
  std::int64_t plan_revision = 0;  // 0: the caller chose the version
  bool by_alias = false;           // the caller chose it by an alias
  rollout::Arm arm = rollout::Arm::kNone;
  bool exposed = false;         // it counts for the rollout
  std::uint64_t unit_hash = 0;  // of an arm
  bool admitted = false;
  bool promised = false;    // the tap has promised to keep its record
  bool shadowed = false;    // its plan has shadows
  bool falls_back = false;  // the stable version is asked when this one fails
  JobHome* home = nullptr;
};

// Where the rows of a request stood in the run that answered it.
struct PlaceInRun {
  std::int64_t rows = 0;    // of the whole run; 0: there was none
  std::int64_t offset = 0;  // of the request's first row
};

struct Finished {
  Job job;
  Result<std::vector<inference::Tensor>> outputs;
  Durations durations;
  PlaceInRun place;
};

// Whether the two may share a run. Pre: both are of one version, which may be batched.
bool can_share_run(const Job& first, const Job& second);

// Why a waiting job is not to be run: it was cancelled, has waited too long, or cannot be answered in time even by the
// fastest run that is known.
std::optional<Error> reason_to_drop(const Job& job, SteadyTime now);

// The inputs of several requests as those of one.
class JoinedInputs {
 public:
  explicit JoinedInputs(std::span<const Job> jobs);
  std::span<const inference::TensorView> views() const { return views_; }

 private:
  std::vector<inference::Shape> shapes_;
  std::vector<inference::Buffer> buffers_;
  std::vector<inference::TensorView> views_;
};

// Cuts outputs into one list for each request. Internal when an output has not the rows that went in.
Result<std::vector<std::vector<inference::Tensor>>> split_outputs(std::vector<inference::Tensor>& outputs,
                                                                  std::span<const std::int64_t> rows,
                                                                  SpareOutputs& spares);

class BatchRunner {
 public:
  // `spares` lend the memory of outputs, and are the thread's.
  BatchRunner(lifecycle::Servable& servable, backend::ExecutionContext& context, const Clock& clock,
              SpareOutputs& spares)
      : servable_(servable), context_(context), clock_(clock), spares_(spares) {}

  // Pre: the jobs may share a run. They are moved to `finished`.
  void run(std::span<Job> jobs, std::vector<Finished>& finished);

 private:
  void run_alone(Job job, SteadyTime began, std::vector<Finished>& finished);
  bool run_together(std::span<Job> jobs, SteadyTime began, std::vector<Finished>& finished);
  Durations durations_of(const Job& job, SteadyTime began) const;

  lifecycle::Servable& servable_;
  backend::ExecutionContext& context_;
  const Clock& clock_;
  SpareOutputs& spares_;
};

}  // namespace modelyard::serving
