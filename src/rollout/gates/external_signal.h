// An ExternalSignal is a number that another system has of a candidate: the answer to a query of Prometheus, or that of
// a webhook. A gate on it, `signal:NAME <= 5`, compares that number, and nothing is known of how certain it is: the
// interval is the number itself, and it takes no part of alpha.
//
// Fails:   when the newest `failures` numbers are bad, one behind the other, so that one odd scrape takes nothing back.
//          What had no answer in between neither counts nor breaks the row.
// Passes:  when the newest number is good, and was asked for in the present step.
// No data: without a number, or with one that is older than kStaleAfter intervals. Silence is never success.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/verdict.h"

namespace modelyard::rollout {

struct ExternalSignal {
  static constexpr std::chrono::seconds kLeastInterval{10}, kMostInterval{3600};
  static constexpr std::chrono::seconds kLeastTimeout{1}, kMostTimeout{60};
  static constexpr int kMostFailures = 10;
  static constexpr int kStaleAfter = 3;  // intervals

  std::string source;  // by its name in the server's configuration
  std::string query;   // signal_query.h; of Prometheus
  std::chrono::seconds interval{30}, timeout{10};
  int failures = 3;

  friend bool operator==(const ExternalSignal&, const ExternalSignal&) = default;
};

struct SignalValue {
  UtcTime asked;
  double value = 0;    // finite
  std::string reason;  // of the source, for people; may be empty
};

// What a signal has said of one rollout.
struct SignalReading {
  std::vector<SignalValue> values;  // the newest last, at most ExternalSignal::kMostFailures
  std::uint64_t count = 0;          // of all of them
  std::string lacking;              // why the newest asking had no number; empty: it had one

  void add(SignalValue value);
};
using SignalReadings = std::map<std::string, SignalReading>;  // by the signal's name

// Pre: the gate is on that signal.
Verdict judge_signal(const Gate& gate, const ExternalSignal& signal, const SignalReading& reading, UtcTime step_since,
                     UtcTime now);

}  // namespace modelyard::rollout
