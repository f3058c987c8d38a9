// Shadows gives copies of answered requests to versions whose answers nobody sees, and compares what those answer.
//
// Callers: wait for the copying of what they sent and got, and for nothing else; a shadow's run is always its workers'.
//          What it answers, or fails to, reaches nobody but tell().
// Bounds:  of one loop kMostCopies and kMostBytes under way; what comes beyond them, or finds the shadow's queue full,
//          is dropped, and told.
// Alike:   classes, labels and counts (outputs of integers, BOOL, BYTES) are what an answer decides. Where there are
//          such, they alone are compared: the scores beside them move with every training. Otherwise all numbers are,
//          as lifecycle/golden_check.h compares, with the plan's relative tolerance.
// Inputs:  that stable answered, and that do not fit the shadow's signature, are its failure.
// Threads: send() on the loop, on_done() on the shadow's worker, where answers are compared; tell() on the loop.
#pragma once

#include <atomic>
#include <functional>

#include "rollout/traffic_plan.h"
#include "serving/batch.h"
#include "serving/tap.h"

namespace modelyard::serving {

class Shadows final : public JobHome {
 public:
  static constexpr std::size_t kMostCopies = 256;
  static constexpr std::size_t kMostBytes = 64u << 20;

  using Tell = std::function<void(const Shadowed&)>;
  Shadows(Post post, const Clock& clock, Tell tell) : post_(std::move(post)), clock_(clock), tell_(std::move(tell)) {}

  // Pre: the job was answered, with these outputs.
  void send(const rollout::Shadow& shadow, lifecycle::Servable& servable, const Job& answered,
            const std::vector<inference::Tensor>& outputs);

  void on_done(std::vector<Finished> finished) override;

 private:
  const Post post_;
  const Clock& clock_;
  const Tell tell_;
  std::size_t copies_ = 0, bytes_ = 0;  // under way
};

}  // namespace modelyard::serving
