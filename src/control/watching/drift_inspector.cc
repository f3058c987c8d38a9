#include "control/watching/drift_inspector.h"

#include <algorithm>

#include "control/models/version_names.h"

namespace modelyard::control {
namespace {

using journal::FieldRecord;
using monitoring::StreamProfile;
using monitoring::WindowProfile;

Result<monitoring::ColumnNames> column_names(registry::CatalogReader& reader, const std::string& endpoint) {
  monitoring::ColumnNames names;
  MODELYARD_ASSIGN(const auto record, reader.endpoint(endpoint));
  MODELYARD_TRY(for_each_signature(reader, record.model, [&](const inference::Signature& signature) {
    monitoring::add_column_names(signature, names);
  }));
  return names;
}

void add_payload(const journal::PayloadRecord& payload, monitoring::TensorProfiler& profiler) {
  for (const FieldRecord& field : payload.fields) {
    const bool has_values =
        field.treatment == journal::Treatment::kKept || field.treatment == journal::Treatment::kHashed;
    if (!has_values || field.shape.empty()) continue;
    const auto side = field.side == journal::Side::kInput ? monitoring::Side::kInput : monitoring::Side::kOutput;
    profiler.add(side, {field.name, field.type, field.shape, std::as_bytes(std::span(field.bytes))},
                 field.shape.front());
  }
}

Error nothing_there(const std::string& endpoint, const Period& period, std::string_view what, std::string_view remedy) {
  return error(Code::kFailedPrecondition, "nothing is {} of endpoint '{}' from {} to {}{}", what, endpoint,
               format_utc(period.from), format_utc(period.to), remedy);
}

DriftSide side_of(const Period& period, WindowProfile window) {
  return {period,
          {},
          window.traffic.answered(),
          window.rows,
          window.profiled,
          window.least_share,
          std::move(window.features)};
}

Json to_json(const DriftSide& side, DriftSource source) {
  Json value = {
      {"from", format_utc(side.period.from)}, {"to", format_utc(side.period.to)}, {"predictions", side.predictions}};
  if (side.attached.version != 0) value["attached_to"] = side.attached.version;
  if (source == DriftSource::kCaptured) return value;
  value["rows"] = side.rows;
  value["profiled_rows"] = side.profiled;
  value["least_share"] = side.least_share;
  return value;
}

Json to_json(const monitoring::FeatureDrift& drift) {
  return {{"feature", drift.feature},
          {"kind", monitoring::feature_kind_name(drift.kind)},
          {"verdict", monitoring::drift_verdict_name(drift.verdict)},
          {"reference_rows", drift.reference_rows},
          {"current_rows", drift.current_rows},
          {"reference_missing", drift.reference_missing},
          {"current_missing", drift.current_missing},
          {"distance", drift.distance},
          {"p", drift.p},
          {"missing_p", drift.missing_p},
          {"change", drift.change}};
}

}  // namespace

Result<DriftReport> DriftInspector::inspect(const DriftQuery& query) {
  for (const Period* const period : {&query.current, query.reference ? &*query.reference : &query.current}) {
    if (period->from >= period->to) return error(Code::kInvalidArgument, "a period ends before it begins");
  }
  MODELYARD_TRY(sources_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_TRY(reader.endpoint(query.endpoint));
    return ok();
  }));
  const bool is_live = query.source == DriftSource::kLive;
  if (is_live && sources_.profiles == nullptr) {
    return error(Code::kFailedPrecondition, "there are no live profiles: the setting profile_cpu_percent is 0");
  }
  if (!is_live && sources_.payloads == nullptr) {
    return error(Code::kFailedPrecondition, "nothing is captured: the setting 'journal' is false");
  }
  MODELYARD_ASSIGN(auto report, is_live ? inspect_live(query) : inspect_captured(query));
  report.query = query;
  report.query.rule.same_features = report.reference.attached.version == 0;
  report.features = compare(report.reference.profiles, report.current.profiles, report.query.rule);
  return report;
}

Result<WindowProfile> DriftInspector::profile_of(const std::string& endpoint, const Period& period) {
  if (sources_.profiles == nullptr) {
    return error(Code::kFailedPrecondition, "there are no live profiles: the setting profile_cpu_percent is 0");
  }
  MODELYARD_ASSIGN(auto streams, sources_.profiles->read(endpoint, period.from, period.to));
  if (streams.empty()) return nothing_there(endpoint, period, "profiled", "");
  WindowProfile whole = std::move(streams.front().window);
  for (const StreamProfile& stream : std::span(streams).subspan(1)) merge(whole, stream.window);
  return whole;
}

Result<DriftReport> DriftInspector::inspect_live(const DriftQuery& query) {
  DriftReport report;
  MODELYARD_ASSIGN(auto streams, sources_.profiles->read(query.endpoint, query.current.from, query.current.to));
  if (streams.empty()) {
    return nothing_there(query.endpoint, query.current, "profiled",
                         ": the newest window is kept when it ends (profile_window_seconds)");
  }
  if (!query.reference) {
    auto& most = *std::ranges::max_element(streams, {}, [](const StreamProfile& s) { return s.window.profiled; });
    const auto attached = sources_.references->of(most.version);
    if (attached) {
      report.reference = side_of({(*attached)->from, (*attached)->to}, **attached);
      report.reference.attached = most.version;
      report.current = side_of(query.current, std::move(most.window));
      return report;
    }
    if (attached.error().code() != Code::kNotFound) return attached.error();
  }
  const Period before = query.reference.value_or(Period{query.current.from - kUsualReference, query.current.from});
  MODELYARD_ASSIGN(auto reference, profile_of(query.endpoint, before));
  MODELYARD_ASSIGN(auto current, profile_of(query.endpoint, query.current));
  report.reference = side_of(before, std::move(reference));
  report.current = side_of(query.current, std::move(current));
  return report;
}

Result<DriftReport> DriftInspector::inspect_captured(const DriftQuery& query) {
  monitoring::ColumnNames names;
  MODELYARD_TRY(sources_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(names, column_names(reader, query.endpoint));
    return ok();
  }));
  DriftReport report;
  const Period before = query.reference.value_or(Period{query.current.from - kUsualReference, query.current.from});
  for (const auto& [period, side] : {std::pair(before, &report.reference), std::pair(query.current, &report.current)}) {
    monitoring::TensorProfiler profiler(names);
    side->period = period;
    DriftSide& filled = *side;
    sources_.payloads->scan(query.endpoint, period.from, period.to - std::chrono::microseconds(1),
                            [&](const journal::PayloadRecord& payload) {
                              ++filled.predictions;
                              add_payload(payload, profiler);
                            });
    if (filled.predictions == 0) {
      return nothing_there(query.endpoint, period, "captured",
                           fmt::format(": modelyard record {} capture.share=0.1", query.endpoint));
    }
    filled.profiles = profiler.take();
  }
  return report;
}

Json to_json(const DriftReport& report) {
  Json features = Json::array();
  for (const monitoring::FeatureDrift& drift : report.features) features.push_back(to_json(drift));
  const monitoring::DriftRule& rule = report.query.rule;
  return {{"endpoint", report.query.endpoint},
          {"source", report.query.source == DriftSource::kLive ? "live" : "captured"},
          {"reference", to_json(report.reference, report.query.source)},
          {"current", to_json(report.current, report.query.source)},
          {"alpha", rule.alpha},
          {"distance_floor", rule.distance_floor},
          {"missing_floor", rule.missing_floor},
          {"least_rows", rule.least_rows},
          {"features", std::move(features)}};
}

}  // namespace modelyard::control
