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
  const auto live = parts_.live();
  if (!live) return;  // the driver tells of it
  std::set<Key> wanted;
  for (const Rollout& rollout : *live) {
    for (const std::string& name : rollout::signals_in_force(rollout.spec, rollout.state, rollout.gates)) {
      wanted.emplace(rollout.record.id, name);
    }
  }
  forget_others(wanted);
  for (const auto& [id, name] : wanted) {
    const auto rollout = std::ranges::find(*live, id, [](const Rollout& one) { return one.record.id; });
    if (stop_.stop_requested() || !ask_if_due(*rollout, name)) return;
  }
}

bool SignalAsker::ask_if_due(const Rollout& rollout, const std::string& name) {
  const auto signal = rollout.spec.signals.find(name);
  if (signal == rollout.spec.signals.end()) return true;  // no such rollout is admitted
  Asked& asked = asked_[{rollout.record.id, name}];
  const SteadyTime begun = parts_.clock.steady_now();
  const auto silent = silent_.find(signal->second.source);
  if (begun < asked.next || (silent != silent_.end() && begun < silent->second)) return true;
  asked.next = begun + signal->second.interval;
  ask(rollout, name, asked);
  const SteadyTime ended = parts_.clock.steady_now();
  if (ended - begun < kTick) return true;
  if (asked.is_silent) silent_[signal->second.source] = ended + signal->second.interval;
  return false;
}

void SignalAsker::forget_others(const std::set<Key>& wanted) {
  std::erase_if(asked_, [&](const auto& one) { return !wanted.contains(one.first); });
  MutexLock lock(mutex_);
  for (auto& [id, readings] : readings_) {
    std::erase_if(readings, [&, rollout = id](const auto& one) { return !wanted.contains({rollout, one.first}); });
  }
  std::erase_if(readings_, [](const auto& of_rollout) { return of_rollout.second.empty(); });
}

void SignalAsker::ask(const Rollout& rollout, const std::string& name, Asked& asked) {
  const auto signal = rollout.spec.signals.find(name);
  const UtcTime now = parts_.clock.utc_now();
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
