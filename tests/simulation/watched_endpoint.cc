#include "simulation/watched_endpoint.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "monitoring/accuracy/metrics.h"

namespace modelyard::simulation {
namespace {

using monitoring::Finding;
using monitoring::Monitor;
using monitoring::MonitorKind;

constexpr std::size_t kRowsOfARequest = 200;  // the profiler looks at each
constexpr double kBudget = 0.02;
constexpr double kThreshold = 0.5;
constexpr double kCoverage = monitoring::Evaluation().coverage;

std::vector<Monitor> parse(const Json& document) {
  auto monitors = monitoring::parse_monitors(document);
  MODELYARD_CHECK(monitors.has_value(), "monitors of the simulation are not valid");
  return std::move(*monitors);
}

int hours_of(std::chrono::seconds span) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::hours>(span).count());
}

// Midnight, so that windows of a day begin with the simulation.
UtcTime beginning() {
  return std::chrono::sys_days(std::chrono::January / 5 / 2026);
}

}  // namespace

WatchedEndpoint::WatchedEndpoint(Options options, const Json& monitors)
    : options_(options),
      monitors_(parse(monitors)),
      clock_(beginning()),
      applicants_(options.seed),
      reference_(training()),
      profiler_(kBudget, clock_) {
  for (const Monitor& monitor : monitors_) {
    const auto back = monitor.window + monitor.reference.value_or(std::chrono::seconds(0));
    kept_hours_ = std::max(kept_hours_, static_cast<std::size_t>(hours_of(back)));
  }
}

// Whole weeks, so that the season is in it.
monitoring::Profiles WatchedEndpoint::training() {
  Rows rows;
  for (std::size_t i = 0; i < kTrainingRows; ++i) {
    applicants_.add(rows, static_cast<double>(4 * 168 * i) / kTrainingRows, Fault::kNone, 0);
  }
  monitoring::ColumnNames names;
  monitoring::add_column_names(Applicants::signature(), names);
  monitoring::TensorProfiler profiler(std::move(names));
  const Tensors tensors(rows);
  const auto count = static_cast<std::int64_t>(rows.count);
  for (const auto& input : tensors.inputs()) profiler.add(monitoring::Side::kInput, input, count);
  for (const auto& output : tensors.outputs()) profiler.add(monitoring::Side::kOutput, output.view(), count);
  return profiler.take();
}

void WatchedEndpoint::begin(Fault fault) {
  fault_ = fault;
  fault_began_ = hours_;
}

void WatchedEndpoint::pass_hour() {
  take_rows();
  clock_.advance(std::chrono::hours(1));
  ++hours_;
  for (monitoring::StreamProfile& stream : profiler_.take()) past_.back().profile = std::move(stream.window);
  if (past_.size() > kept_hours_) past_.pop_front();
  for (const Monitor& monitor : monitors_) {
    if (hours_ % hours_of(monitor.window) == 0) judge(monitor);
  }
}

void WatchedEndpoint::take_rows() {
  static const VersionRef kVersion{"loans", 1};
  Answers& answers = past_.emplace_back().answers;
  const std::uint64_t count = applicants_.count_of_hour(options_.rows_of_an_hour);
  const double days = (hours_ - fault_began_) / 24.0;
  for (std::uint64_t done = 0; done < count;) {
    Rows rows;
    while (rows.count < kRowsOfARequest && done < count) {
      const double part = static_cast<double>(done++) / static_cast<double>(count);
      applicants_.add(rows, hours_ + part, fault_, days);
    }
    const Tensors tensors(rows);
    monitoring::SeenPrediction seen{.endpoint = "loans",
                                    .version = kVersion,
                                    .signature = Applicants::signature(),
                                    .inputs = tensors.inputs(),
                                    .outputs = tensors.outputs(),
                                    .failure = std::nullopt};
    seen.latency = std::chrono::milliseconds(2);
    seen.rows = static_cast<std::int64_t>(rows.count);
    profiler_.add(seen);
    answers.probabilities.insert(answers.probabilities.end(), rows.probabilities.begin(), rows.probabilities.end());
    answers.labels.insert(answers.labels.end(), rows.labels.begin(), rows.labels.end());
  }
}

void WatchedEndpoint::judge(const Monitor& monitor) {
  for (const Finding& finding : findings_of(monitor)) {
    monitoring::Alert& alert = alerts_[monitoring::alert_id(monitor.name, finding.subject)];
    if (monitoring::advance(alert, finding, monitor.alert, clock_.utc_now()) == monitoring::AlertEvent::kFired) {
      fired_.push_back({monitor.name, finding.subject, hours_});
    }
  }
}

std::vector<Finding> WatchedEndpoint::findings_of(const Monitor& monitor) const {
  const int width = hours_of(monitor.window);
  if (monitor.kind == MonitorKind::kAccuracy) return {accuracy_of(monitor, width)};
  const auto current = window(width, 0);
  const auto before = monitor.reference ? window(width, hours_of(*monitor.reference)) : nullptr;
  if (!current || (monitor.reference && !before)) return {};
  const monitoring::Profiles& reference = before ? before->features : reference_;
  if (monitor.kind == MonitorKind::kDrift) return judge_drift(monitor, reference, current->features);
  if (monitor.kind == MonitorKind::kQuality) return judge_quality(monitor, reference, current->features);
  const auto score = current->features.find("probability");
  if (score == current->features.end()) return {};
  return {judge_estimate(monitor, kThreshold, &reference.at("probability"), score->second)};
}

Finding WatchedEndpoint::accuracy_of(const Monitor& monitor, int hours) const {
  monitoring::Evaluation evaluation;
  evaluation.task = monitoring::Task::kBinary;
  evaluation.score = "probability";
  monitoring::JudgedRows judged(evaluation);
  std::size_t captured = 0;
  for (int ago = 0; ago < std::min(hours, hours_); ++ago) {
    const Answers& answers = past_[past_.size() - 1 - static_cast<std::size_t>(ago)].answers;
    captured += answers.labels.size();
    if (ago < options_.label_lag_hours || answers.labels.empty()) continue;
    const std::array<std::int64_t, 1> shape{static_cast<std::int64_t>(answers.labels.size())};
    const inference::TensorView scores{"probability", inference::DataType::kFp32, shape,
                                       std::as_bytes(std::span(answers.probabilities))};
    const auto outputs = monitoring::ReadOutputs::read(evaluation, {&scores, 1}, answers.labels.size());
    MODELYARD_CHECK(outputs.has_value(), "the answers of the simulation are probabilities");
    for (std::size_t i = 0; i < answers.labels.size(); ++i) {
      const auto added = judged.add({}, static_cast<double>(answers.labels[i]), *outputs, i);
      MODELYARD_CHECK(added.has_value(), "the labels of the simulation are 0 and 1");
    }
  }
  std::vector<std::size_t> which(judged.rows().size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  const bool is_provisional = static_cast<double>(which.size()) < kCoverage * static_cast<double>(captured);
  return judge_accuracy(monitor, monitoring::measure(judged, which, monitoring::kAccuracyAlpha),
                        captured == 0 || is_provisional);
}

std::shared_ptr<const monitoring::WindowProfile> WatchedEndpoint::window(int hours, int ago) const {
  const auto first = static_cast<std::ptrdiff_t>(past_.size()) - ago - hours;
  if (first < 0) return nullptr;
  const auto begin = past_.begin() + first;
  if (hours == 1) return {std::shared_ptr<const void>(), &begin->profile};
  auto together = std::make_shared<monitoring::WindowProfile>(begin->profile);
  for (auto hour = begin + 1; hour != begin + hours; ++hour) monitoring::merge(*together, hour->profile);
  return together;
}

}  // namespace modelyard::simulation
