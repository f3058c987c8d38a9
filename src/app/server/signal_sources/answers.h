// Reads what sources of external signals answer. They are other people's systems: nothing they say is trusted.
//
// Prometheus: {"status": "success", "data": {"resultType": "scalar" | "vector", "result": …}, "warnings"?: [text]}, of
//             api/v1/query. A vector has one sample; of none, of NaN and of infinities there is no value. Fields that
//             are not known are left alone: later versions add some.
// Webhook:    {"value": NUMBER | null, "reason"?: TEXT}, and nothing else.
// Limits:     kMostPrometheusBytes and kMostWebhookBytes, 16 levels; words are one line of at most kMostWords bytes.
// Errors:     InvalidArgument, in words for people.
// Threads:    pure.
// Source:     https://prometheus.io/docs/prometheus/latest/querying/api/
#pragma once

#include <string>
#include <string_view>

#include "control/rollouts/signal_sources.h"

namespace modelyard::app {

inline constexpr std::size_t kMostPrometheusBytes = 1 << 20, kMostWebhookBytes = 64 << 10, kMostWords = 300;

Result<control::SignalAnswer> read_prometheus_answer(std::string_view body);
// Of an answer with another status than 200: "answered 400: bad_data: parse error…".
std::string prometheus_refusal(long status, std::string_view body);
Result<control::SignalAnswer> read_webhook_answer(std::string_view body);

}  // namespace modelyard::app
