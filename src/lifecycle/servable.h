// Servable is one version, loaded and ready.
//
// Ownership: the serving table shares it; requests that were handed to workers share it, too. The reconciler keeps the
//            last reference and destroys it on its own thread: unloading takes time.
// Threads:   const after construction, but for the cost model and the executor's own state.
#pragma once

#include <memory>

#include "lifecycle/batching.h"
#include "lifecycle/cost_model.h"
#include "lifecycle/loader.h"
#include "lifecycle/resource_ledger.h"

namespace modelyard::lifecycle {

class Servable;

// What runs a servable; serving/ makes one for each and alone knows its kind. Its destructor ends its threads.
class Executor {
 public:
  virtual ~Executor() = default;
};
using MakeExecutor = std::function<Result<std::unique_ptr<Executor>>(Servable&)>;

class Servable : public std::enable_shared_from_this<Servable> {
 public:
  Servable(VersionRef ref, LoadedVersion loaded, std::shared_ptr<void> files, ResourceLedger::Reservation memory)
      : ref_(std::move(ref)),
        files_(std::move(files)),
        memory_(std::move(memory)),
        signature_(std::move(loaded.signature)),
        engine_(std::move(loaded.engine)),
        options_(loaded.options),
        cost_(loaded.cost),
        batching_(loaded.most_batch_rows),
        model_(std::move(loaded.model)) {}

  const VersionRef& ref() const { return ref_; }
  const inference::Signature& signature() const { return signature_; }
  const std::string& engine() const { return engine_; }  // name and version
  const backend::LoadOptions& options() const { return options_; }
  backend::LoadedModel& model() const { return *model_; }
  CostModel& cost() const { return cost_; }
  Batching& batching() const { return batching_; }
  std::int64_t memory_bytes() const { return memory_.bytes(); }
  Executor& executor() const { return *executor_; }
  void set_executor(std::unique_ptr<Executor> executor) { executor_ = std::move(executor); }

 private:
  const VersionRef ref_;
  const std::shared_ptr<void> files_;  // an engine may map its files for as long as it lives
  const ResourceLedger::Reservation memory_;
  const inference::Signature signature_;
  const std::string engine_;
  const backend::LoadOptions options_;
  mutable CostModel cost_;
  mutable Batching batching_;
  const std::unique_ptr<backend::LoadedModel> model_;
  std::unique_ptr<Executor> executor_;  // ends before the model it runs
};

}  // namespace modelyard::lifecycle
