// The part of a RolloutSpec that says what is asked of others.
//
// Form: {NAME: {"source": "metrics", "query"?: "sum(rate(…))", "interval"?: "30s", "timeout"?: "10s", "failures"?: 3}}
//
//   source    who is asked, by the name that the server's configuration gives it: URLs and secrets are there, not here
//   query     PromQL, of one number, as signal_query.h says; a webhook has none
//   interval  between two questions, 10s to 1h
//   timeout   for an answer, 1s to 60s, and at most the interval
//   failures  so many bad numbers in a row fail a gate, 1 to 10
//
// Errors:  InvalidArgument naming the field.
// Threads: pure.
#pragma once

#include <map>
#include <span>
#include <string>

#include "base/json.h"
#include "rollout/gates/external_signal.h"
#include "rollout/gates/gate.h"
#include "rollout/machine/spec.h"

namespace modelyard::rollout {

inline constexpr std::size_t kMostSignals = 16, kMostQueryBytes = 4096, kMostSourceBytes = 64;

Status read_signals(ObjectReader& document, std::map<std::string, ExternalSignal>& signals);
Json signals_json(const std::map<std::string, ExternalSignal>& signals);

// Every gate on a signal has one, and the other way round.
Status check_signals(const RolloutSpec& spec, std::span<const Gate> gates);

}  // namespace modelyard::rollout
