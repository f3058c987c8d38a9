#include "control/rollouts/signal_asker.h"

#include "base/thread_name.h"
#include "rollout/gates/signal_query.h"
#include "rollout/machine/signal_looking.h"
#include "rollout/machine/traffic.h"

namespace modelyard::control {
namespace {

Json subject_of(const Rollout& rollout, const std::string& name, UtcTime now) {
  const int weight = rollout::traffic_of(rollout.spec, rollout.state).candidate_weight;
  return {{"rollout", rollout.record.id},
          {"endpoint", rollout.record.endpoint},
          {"model", rollout.record.model},
          {"candidate", rollout.spec.candidate},
          {"stable", *rollout.spec.stable},
          {"stage", rollout::phase_name(rollout::place_of(rollout.state))},
          {"step", rollout.state.step + 1},
          {"weight", 100.0 * weight / rollout::kWhole},
          {"signal", name},
          {"at", format_utc(now)}};
}

rollout::SignalContext context_of(const Rollout& rollout) {
  return {.endpoint = rollout.record.endpoint,
          .model = rollout.record.model,
          .candidate = rollout.spec.candidate,
          .stable = *rollout.spec.stable,
          .rollout = rollout.record.id};
}

}  // namespace

void SignalAsker::start() {
  thread_ = std::thread([this] { run(); });
}

void SignalAsker::stop() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stop_.request_stop();
  }
  wake_.notify_all();
  thread_.join();
}

void SignalAsker::run() {
  name_thread("signals");
  for (;;) {
    step();
    MutexLock lock(mutex_);
    if (!stop_.stop_requested()) wake_.wait_for(mutex_, kTick);
    if (stop_.stop_requested()) return;
  }
}

void SignalAsker::step() {
  std::set<std::int64_t> live;
  for (const Rollout& rollout : parts_.live()) {
    live.insert(rollout.record.id);
    for (const std::string& name : rollout::signals_in_force(rollout.spec, rollout.state, rollout.gates)) {
      if (stop_.stop_requested()) return;
      Asked& asked = asked_[{rollout.record.id, name}];
      if (parts_.clock.steady_now() >= asked.next) ask(rollout, name, asked);
    }
  }
  forget_others(live);
}

void SignalAsker::forget_others(const std::set<std::int64_t>& live) {
  std::erase_if(asked_, [&](const auto& one) { return !live.contains(one.first.first); });
  MutexLock lock(mutex_);
  std::erase_if(readings_, [&](const auto& one) { return !live.contains(one.first); });
}

void SignalAsker::ask(const Rollout& rollout, const std::string& name, Asked& asked) {
  const auto signal = rollout.spec.signals.find(name);
  if (signal == rollout.spec.signals.end()) return;  // no such rollout is admitted
  const UtcTime now = parts_.clock.utc_now();
  asked.next = parts_.clock.steady_now() + signal->second.interval;
  const auto query = rollout::fill_query(signal->second.query, context_of(rollout));
  const Result<SignalAnswer> answer = query ? parts_.sources.ask({.source = signal->second.source,
                                                                  .query = *query,
                                                                  .subject = subject_of(rollout, name, now),
                                                                  .timeout = signal->second.timeout},
                                                                 stop_.get_token())
                                            : Result<SignalAnswer>(query.error());
  if (stop_.stop_requested()) return;  // what was cut off is no silence of the source
  note(rollout, name, answer, asked);
  keep({rollout.record.id, name}, signal->second.source, now, answer);
}

void SignalAsker::note(const Rollout& rollout, const std::string& name, const Result<SignalAnswer>& answer,
                       Asked& asked) {
  const std::string& source = rollout.spec.signals.at(name).source;
  const auto write = [&](telemetry::Level level, std::string_view message, const std::string& reason) {
    parts_.log.write(level, message,
                     {{"rollout", rollout.record.id}, {"signal", name}, {"source", source}, {"reason", reason}});
  };
  if (!answer && !asked.is_silent) {
    write(telemetry::Level::kWarning, "an external signal has no answer", answer.error().message());
  }
  if (answer && asked.is_silent) write(telemetry::Level::kInfo, "an external signal is answered again", "");
  asked.is_silent = !answer;
  if (!answer || answer->warning.empty() || asked.has_warned) return;
  asked.has_warned = true;
  write(telemetry::Level::kWarning, "the source of an external signal warns", answer->warning);
}

void SignalAsker::keep(const Key& key, const std::string& source, UtcTime asked, const Result<SignalAnswer>& answer) {
  MutexLock lock(mutex_);
  rollout::SignalReading& reading = readings_[key.first][key.second];
  if (answer && answer->value) {
    reading.add({asked, *answer->value, answer->reason});
  } else {
    reading.lacking = answer ? answer->reason : std::string(answer.error().message());
  }
  ++counts_[{source, !answer ? "error" : answer->value ? "value" : "nodata"}];
}

rollout::SignalReadings SignalAsker::readings(std::int64_t rollout) const {
  MutexLock lock(mutex_);
  const auto found = readings_.find(rollout);
  return found == readings_.end() ? rollout::SignalReadings() : found->second;
}

SignalAsker::Counts SignalAsker::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

}  // namespace modelyard::control
