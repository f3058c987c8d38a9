#include "control/rollouts/label_counter.h"

#include <algorithm>

#include "control/rollouts/answer_evidence.h"

namespace modelyard::control {

LabelCounter::~LabelCounter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LabelCounter::run() {
  constexpr int kRestsPerWork = 10;
  bool failing = false;
  for (;;) {
    const auto begun = parts_.clock.steady_now();
    const Status counted = count_all();
    if (!counted && !failing) {
      parts_.log.error("labels of a rollout could not be counted", {{"error", counted.error().message()}});
    }
    failing = !counted;
    const auto worked = std::chrono::ceil<std::chrono::milliseconds>(parts_.clock.steady_now() - begun);
    MutexLock lock(mutex_);
    if (!stopping_) wake_.wait_for(mutex_, std::max(kLeastRest, kRestsPerWork * worked));
    if (stopping_) return;
  }
}

Status LabelCounter::count_all() {
  Status outcome;
  MODELYARD_ASSIGN(const std::vector<Rollout> live, parts_.driver.live());
  for (const Rollout& rollout : live) {
    if (judged_by_labels(rollout.spec, rollout.gates).empty()) continue;
    const Status counted = count(rollout);
    if (counted) continue;
    outcome = counted;
    parts_.driver.set_labelled(rollout.record.id, std::nullopt);  // what was known is not what is
  }
  return outcome;
}

Status LabelCounter::count(const Rollout& rollout) {
  AnswerEvidence evidence(rollout, parts_.catalog);
  AccuracyQuery query;
  query.endpoint = rollout.record.endpoint;
  query.from = rollout.state.started;
  query.to = std::max(parts_.clock.utc_now(), query.from + std::chrono::microseconds(1));
  MODELYARD_TRY(parts_.evaluator.visit(query, [&](const AnswerOrigin& answer, bool is_right) {
    const auto added = evidence.add(answer, kAccuracy, is_right ? 1 : 0);
    MODELYARD_CHECK(added.has_value(), "one metric of ones and zeros");
  }));
  parts_.driver.set_labelled(rollout.record.id, evidence.take());
  return ok();
}

}  // namespace modelyard::control
