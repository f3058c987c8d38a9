#include "rollout/machine/spec_signals.h"

#include <algorithm>

#include "base/duration.h"
#include "base/names.h"
#include "rollout/gates/signal_query.h"
#include "rollout/machine/spec_fields.h"

namespace modelyard::rollout {
namespace {

bool is_plain(std::string_view text) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f'; };
  return is_valid_utf8(text) && std::ranges::none_of(text, is_control);
}

Status read_query(ObjectReader& fields, ExternalSignal& signal) {
  MODELYARD_ASSIGN(const auto query, fields.optional_string("query"));
  if (!query) return ok();
  if (query->empty() || query->size() > kMostQueryBytes || !is_plain(*query)) {
    return refuse_field(fields, "query", fmt::format("is text of 1 to {} bytes", kMostQueryBytes));
  }
  const auto filled = fill_query(*query, {});
  if (!filled) return refuse_field(fields, "query", filled.error().message());
  signal.query = *query;
  return ok();
}

Status read_time(ObjectReader& fields, std::string_view key, std::chrono::seconds least, std::chrono::seconds most,
                 std::chrono::seconds& to) {
  std::optional<std::chrono::seconds> given;
  MODELYARD_TRY(read_duration(fields, key, given));
  to = given.value_or(to);
  if (to >= least && to <= most) return ok();
  return refuse_field(fields, key, fmt::format("is from {} to {}", format_duration(least), format_duration(most)));
}

Result<ExternalSignal> read_signal(const Json& value, const std::string& path) {
  ExternalSignal signal;
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(signal.source, fields.string("source"));
  if (signal.source.empty() || signal.source.size() > kMostSourceBytes || !is_plain(signal.source)) {
    return refuse_field(fields, "source", "is the name of one of the server's signal_sources");
  }
  MODELYARD_TRY(read_query(fields, signal));
  MODELYARD_TRY(
      read_time(fields, "interval", ExternalSignal::kLeastInterval, ExternalSignal::kMostInterval, signal.interval));
  MODELYARD_TRY(read_time(fields, "timeout", ExternalSignal::kLeastTimeout,
                          std::min(ExternalSignal::kMostTimeout, signal.interval), signal.timeout));
  MODELYARD_ASSIGN(const auto failures, fields.optional_integer("failures"));
  if (failures && (*failures < 1 || *failures > ExternalSignal::kMostFailures)) {
    return refuse_field(fields, "failures", fmt::format("is from 1 to {}", ExternalSignal::kMostFailures));
  }
  signal.failures = static_cast<int>(failures.value_or(signal.failures));
  MODELYARD_TRY(fields.finish());
  return signal;
}

}  // namespace

Status read_signals(ObjectReader& document, std::map<std::string, ExternalSignal>& signals) {
  MODELYARD_ASSIGN(const Json* const found, document.optional_object("signals"));
  if (!found) return ok();
  if (found->size() > kMostSignals) {
    return refuse_field(document, "signals", fmt::format("are at most {}", kMostSignals));
  }
  for (const auto& [name, value] : found->items()) {
    if (!is_metric_name(name)) {
      return refuse_field(
          document, "signals",
          fmt::format("'{}' is no name: write 1 to {} of a-z, 0-9, '_', '.' and '-'", name, Gate::kLongestMetric));
    }
    MODELYARD_ASSIGN(signals[name], read_signal(value, fmt::format("{}.{}", document.path_of("signals"), name)));
  }
  return ok();
}

Json signals_json(const std::map<std::string, ExternalSignal>& signals) {
  Json json = Json::object();
  for (const auto& [name, signal] : signals) {
    Json& one = json[name] = {{"source", signal.source},
                              {"interval", format_duration(signal.interval)},
                              {"timeout", format_duration(signal.timeout)},
                              {"failures", signal.failures}};
    if (!signal.query.empty()) one["query"] = signal.query;
  }
  return json;
}

Status check_signals(const RolloutSpec& spec, std::span<const Gate> gates) {
  for (const Gate& gate : gates) {
    if (!gate.is_external() || spec.signals.contains(gate.metric)) continue;
    return error(Code::kInvalidArgument,
                 "gate '{}': the spec does not say whom to ask; write signals: {{{}: {{source: …}}}} in its file",
                 gate.text, gate.metric);
  }
  for (const auto& [name, signal] : spec.signals) {
    const auto asks = [&](const Gate& gate) { return gate.is_external() && gate.metric == name; };
    if (std::ranges::any_of(gates, asks)) continue;
    return error(Code::kInvalidArgument,
                 "signals.{}: no gate asks for it; write one like 'signal:{} <= 5', or leave it out", name, name);
  }
  return ok();
}

}  // namespace modelyard::rollout
