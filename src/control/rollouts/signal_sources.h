// SignalSources are whom this server may ask for external signals of rollouts, by the names that its configuration gives
// them. A spec says a name and never an address, so that who begins a rollout cannot send the server anywhere.
//
// Threads: check() from any; ask() from one at a time, and it blocks up to the question's timeout.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/json.h"
#include "rollout/gates/external_signal.h"

namespace modelyard::control {

struct SignalQuestion {
  std::string source;
  std::string query;  // with everything filled in
  Json subject;       // whom it is about, for a source that is told: docs/guides/rollouts.md
  std::chrono::seconds timeout{0};
};

struct SignalAnswer {
  std::optional<double> value;  // finite
  std::string reason;           // for people; without a value, why there is none
  std::string warning;          // of the source, for the log
};

class SignalSources {
 public:
  virtual ~SignalSources() = default;
  // FailedPrecondition when there is no such source; InvalidArgument when it has another kind of question.
  virtual Status check(const rollout::ExternalSignal& signal) const = 0;
  // Whatever error, it has no answer; its words are for people and hold no secrets.
  virtual Result<SignalAnswer> ask(const SignalQuestion& question, const std::stop_token& stop) = 0;
};

}  // namespace modelyard::control
