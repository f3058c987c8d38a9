#include "control/watching/monitor_judge.h"

#include <algorithm>

#include "base/duration.h"
#include "control/models/version_names.h"
#include "control/watching/answer_outputs.h"
#include "control/watching/captured_rows.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {

using monitoring::Finding;
using monitoring::MonitorKind;
using monitoring::StreamProfile;
using monitoring::WindowProfile;

struct MonitorJudge::Window {
  const registry::EndpointRecord& endpoint;
  const monitoring::Monitor& monitor;
  UtcTime from;
  UtcTime to;
};

namespace {

std::vector<Finding> only(Finding finding) {
  return {std::move(finding)};
}

WindowProfile together(const std::vector<StreamProfile>& streams) {
  WindowProfile whole;
  for (const StreamProfile& stream : streams) {
    &stream == &streams.front() ? void(whole = stream.window) : merge(whole, stream.window);
  }
  return whole;
}

const StreamProfile* largest(const std::vector<StreamProfile>& streams) {
  const auto most = std::ranges::max_element(streams, {}, [](const StreamProfile& stream) {
    return std::pair(stream.window.profiled, stream.version.version);
  });
  return most == streams.end() || most->window.profiled == 0 ? nullptr : &*most;
}

// The limit of a monitor, or the objective that it stands for.
Result<std::optional<double>> limit_of(const registry::EndpointRecord& endpoint, const std::optional<double>& own,
                                       std::string_view objective) {
  if (own) return own;
  MODELYARD_ASSIGN(const Json objectives, parse_json(endpoint.wants.objectives));
  const auto found = objectives.find(objective);
  return found == objectives.end() ? std::nullopt : std::optional(found->get<double>());
}

}  // namespace

Result<std::vector<Finding>> MonitorJudge::judge(const registry::EndpointRecord& endpoint,
                                                 const monitoring::Monitor& monitor, UtcTime end) {
  if (monitor.window % sources_.fine != std::chrono::seconds(0)) {
    return only(
        monitoring::no_data("", fmt::format("its window is no multiple of {}, the setting profile_window_seconds",
                                            format_duration(sources_.fine))));
  }
  const UtcTime to = end - monitor.delay;
  const Window window{endpoint, monitor, to - monitor.window, to};
  switch (monitor.kind) {
    case MonitorKind::kDrift:
    case MonitorKind::kQuality:
    case MonitorKind::kClassShare:
    case MonitorKind::kEstimatedAccuracy: return judge_features(window);
    case MonitorKind::kVolume:
    case MonitorKind::kLatency:
    case MonitorKind::kErrors: return judge_traffic(window);
    case MonitorKind::kAccuracy:
    case MonitorKind::kCalibration:
    case MonitorKind::kLabelLag: return judge_labels(window);
    case MonitorKind::kStaleness: return judge_version_age(window);
    case MonitorKind::kMultivariate: return judge_rows(window);
  }
  return std::vector<Finding>();
}

Result<std::vector<Finding>> MonitorJudge::judge_features(const Window& window) {
  const monitoring::Monitor& monitor = window.monitor;
  MODELYARD_ASSIGN(const auto streams, sources_.profiles.read(window.endpoint.name, window.from, window.to));
  const StreamProfile* const most = largest(streams);
  if (most == nullptr) return only(monitoring::no_data("", "nothing was profiled in this window"));
  ProfilePtr reference;
  WindowProfile current;
  if (monitor.reference) {
    MODELYARD_ASSIGN(const auto before, sources_.profiles.read(window.endpoint.name, window.from - *monitor.reference,
                                                               window.to - *monitor.reference));
    if (largest(before) == nullptr)
      return only(monitoring::no_data("", "nothing was profiled in the reference's time"));
    reference = std::make_shared<const WindowProfile>(together(before));
    current = together(streams);
  } else {
    const auto attached = sources_.references.of(most->version);
    if (!attached) return only(monitoring::no_data("", attached.error().message()));
    reference = *attached;
    current = most->window;
  }
  if (monitor.kind == MonitorKind::kDrift) return judge_drift(monitor, reference->features, current.features);
  if (monitor.kind == MonitorKind::kQuality) return judge_quality(monitor, reference->features, current.features);
  if (monitor.kind == MonitorKind::kClassShare) {
    return judge_classes(window, most->version, reference->features, current.features);
  }
  return judge_estimate(window, most->version, reference->features, current.features);
}

Result<std::vector<Finding>> MonitorJudge::judge_estimate(const Window& window, const VersionRef& ref,
                                                          const monitoring::Profiles& reference,
                                                          const monitoring::Profiles& current) {
  MODELYARD_ASSIGN(const AnswerOutputs outputs, answer_outputs(sources_.catalog, window.endpoint, ref));
  const std::string feature = outputs.evaluation ? score_feature(*outputs.evaluation, outputs.signature) : "";
  const auto now = current.find(feature);
  if (now == current.end()) {
    return only(monitoring::no_data(window.monitor.metric, "the outputs have no probability of one of two classes"));
  }
  const auto then = reference.find(feature);
  return only(monitoring::judge_estimate(window.monitor, outputs.evaluation->threshold,
                                         then == reference.end() ? nullptr : &then->second, now->second));
}

Result<std::vector<Finding>> MonitorJudge::judge_classes(const Window& window, const VersionRef& ref,
                                                         const monitoring::Profiles& reference,
                                                         const monitoring::Profiles& current) {
  MODELYARD_ASSIGN(const AnswerOutputs outputs, answer_outputs(sources_.catalog, window.endpoint, ref));
  if (!outputs.evaluation) return only(monitoring::no_data("", outputs.evaluation.error().message()));
  const auto classes = answered_classes(*outputs.evaluation, outputs.signature);
  if (!classes) return only(monitoring::no_data("", classes.error().message()));
  const auto now = current.find(classes->feature), then = reference.find(classes->feature);
  if (now == current.end()) {
    return only(monitoring::no_data("", fmt::format("`{}` was not profiled in this window", classes->feature)));
  }
  if (then == reference.end()) {
    return only(monitoring::no_data(
        "", fmt::format("the reference does not have `{}`: take it from production (modelyard reference {}/{} "
                        "--endpoint {} --from 7d), or compare with reference: 7d",
                        classes->feature, ref.model, ref.version, window.endpoint.name)));
  }
  return monitoring::judge_class_shares(window.monitor, *classes, then->second, now->second);
}

Result<std::vector<Finding>> MonitorJudge::judge_traffic(const Window& window) {
  const monitoring::Monitor& monitor = window.monitor;
  MODELYARD_ASSIGN(const auto streams, sources_.profiles.read(window.endpoint.name, window.from, window.to));
  const monitoring::Traffic traffic = together(streams).traffic;
  if (monitor.kind == MonitorKind::kVolume) return only(monitoring::judge_volume(monitor, traffic));
  const bool is_latency = monitor.kind == MonitorKind::kLatency;
  const std::string_view objective = is_latency ? "latency_p99_ms" : "error_rate";
  MODELYARD_ASSIGN(const auto limit, limit_of(window.endpoint, monitor.at_most, objective));
  if (!limit) {
    return only(monitoring::no_data(
        "", fmt::format("neither the monitor nor the endpoint's objectives.{} has a limit", objective)));
  }
  if (is_latency) return only(monitoring::judge_latency(monitor, *limit, traffic));
  MODELYARD_ASSIGN(const auto latest,
                   sources_.profiles.read(window.endpoint.name,
                                          window.to - std::max(monitor.window / 12, sources_.fine), window.to));
  return only(monitoring::judge_errors(monitor, *limit, traffic, latest.empty() ? traffic : together(latest).traffic));
}

Result<std::vector<Finding>> MonitorJudge::judge_labels(const Window& window) {
  const monitoring::Monitor& monitor = window.monitor;
  if (sources_.evaluator == nullptr || sources_.labels == nullptr) {
    return only(monitoring::no_data(monitor.metric, "the journal is off"));
  }
  if (monitor.kind == MonitorKind::kLabelLag) {
    const auto totals = sources_.labels->totals();
    const auto own = std::ranges::find(totals, window.endpoint.name, &journal::LabelTotals::endpoint);
    if (own == totals.end()) return only(monitoring::no_data("", "no label has come yet"));
    return only(
        monitoring::judge_age(monitor, std::chrono::duration_cast<std::chrono::seconds>(window.to - own->newest)));
  }
  if (monitor.kind == MonitorKind::kCalibration) return judge_part(window, monitor);
  std::optional<double> floor = monitor.at_least;
  if (monitor.metric == "accuracy") {
    MODELYARD_ASSIGN(floor, limit_of(window.endpoint, monitor.at_least, "accuracy_floor"));
  }
  monitoring::Monitor with_limit = monitor;
  if (!monitor.at_most) with_limit.at_least = floor;
  if (!with_limit.at_least && !with_limit.at_most) {
    return only(monitoring::no_data(monitor.metric,
                                    "neither the monitor nor the endpoint's objectives.accuracy_floor has a limit"));
  }
  return judge_part(window, with_limit);
}

Result<std::vector<Finding>> MonitorJudge::judge_part(const Window& window, const monitoring::Monitor& monitor) {
  AccuracyQuery query{.endpoint = window.endpoint.name, .from = window.from, .to = window.to};
  query.alpha = monitoring::kAccuracyAlpha;
  const auto report = sources_.evaluator->evaluate(query);
  if (!report) return only(monitoring::no_data(monitor.metric, report.error().message()));
  if (report->parts.empty()) return only(monitoring::no_data(monitor.metric, "there was no prediction"));
  const AccuracyPart& part = report->parts.front();
  return only(monitor.kind == MonitorKind::kCalibration
                  ? monitoring::judge_calibration(monitor, part.metrics, part.is_provisional)
                  : monitoring::judge_accuracy(monitor, part.metrics, part.is_provisional));
}

Result<std::vector<Finding>> MonitorJudge::judge_rows(const Window& window) {
  const registry::EndpointRecord& endpoint = window.endpoint;
  if (sources_.payloads == nullptr) return only(monitoring::no_data("", "the journal is off"));
  monitoring::ColumnNames names;
  MODELYARD_TRY(sources_.catalog.read([&](registry::CatalogReader& reader) {
    return for_each_signature(reader, endpoint.model, [&](const inference::Signature& signature) {
      monitoring::add_column_names(signature, names);
    });
  }));
  CapturedRows rows(std::move(names), window.monitor);
  const std::chrono::seconds shift = window.monitor.reference.value_or(window.monitor.window);
  for (const auto& [side, ago] :
       {std::pair(RowSide::kCurrent, std::chrono::seconds(0)), std::pair(RowSide::kReference, shift)}) {
    std::uint64_t predictions = 0;
    const UtcTime from = window.from - ago, last = window.to - ago - std::chrono::microseconds(1);
    sources_.payloads->scan(endpoint.name, from, last, [&, to = side](const journal::PayloadRecord& payload) {
      ++predictions;
      rows.add(to, payload);
    });
    if (predictions > 0) continue;
    return only(monitoring::no_data(
        "", fmt::format("nothing is captured of {}: modelyard record {} capture.share=0.1 keeps a tenth from now on",
                        side == RowSide::kCurrent ? "this window" : "the reference's time", endpoint.name)));
  }
  return only(monitoring::judge_rows(window.monitor, std::move(rows).compared()));
}

Result<std::vector<Finding>> MonitorJudge::judge_version_age(const Window& window) {
  std::optional<UtcTime> published;
  MODELYARD_TRY(sources_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    if (window.endpoint.plan_revision == 0) return ok();
    MODELYARD_ASSIGN(const auto record, reader.plan(window.endpoint.name, window.endpoint.plan_revision));
    MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
    MODELYARD_ASSIGN(const auto plan, rollout::parse_traffic_plan(document, window.endpoint.name, window.endpoint.model,
                                                                  record.revision));
    for (const rollout::Share& share : plan.shares) {
      MODELYARD_ASSIGN(const auto version, reader.version({plan.model, share.version}));
      published = std::min(published.value_or(version.created), version.created);
    }
    return ok();
  }));
  if (!published) return only(monitoring::no_data("", "nothing is deployed"));
  return only(
      monitoring::judge_age(window.monitor, std::chrono::duration_cast<std::chrono::seconds>(window.to - *published)));
}

}  // namespace modelyard::control
