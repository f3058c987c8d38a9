#include "app/calculations/calculation.h"
#include "statistics/detectors/adwin.h"
#include "statistics/detectors/control_chart.h"
#include "statistics/detectors/error_rate.h"
#include "statistics/detectors/hddm.h"
#include "statistics/detectors/kswin.h"
#include "statistics/detectors/page_hinkley.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

// Positions from zero.
enum class Values { kAny, kShares, kErrors };

Result<Json> watch(ObjectReader& input, st::Detector& detector, Values kind = Values::kAny) {
  MODELYARD_ASSIGN(const auto values, read_numbers(input, "values"));
  for (const double value : values) {
    if (kind == Values::kErrors && value != 0 && value != 1) {
      return error(Code::kInvalidArgument, "values: {} is neither 0 nor 1", value);
    }
    if (kind == Values::kShares && !(value >= 0 && value <= 1)) {
      return error(Code::kInvalidArgument, "values: {} is not in 0 … 1", value);
    }
  }
  Json drifts = Json::array(), warnings = Json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const st::Change change = detector.add(values[i]);
    if (change == st::Change::kDrift) drifts.push_back(i);
    if (change == st::Change::kWarning) warnings.push_back(i);
  }
  return Json{{"drifts", std::move(drifts)}, {"warnings", std::move(warnings)}};
}

Result<double> read_positive(ObjectReader& input, std::string_view key, double otherwise) {
  MODELYARD_ASSIGN(const double number, read_number(input, key, otherwise));
  if (number > 0) return number;
  return error(Code::kInvalidArgument, "{}: must be above zero, not {}", input.path_of(key), number);
}

Result<double> read_open_share(ObjectReader& input, std::string_view key, double otherwise) {
  MODELYARD_ASSIGN(const double number, read_positive(input, key, otherwise));
  if (number < 1) return number;
  return error(Code::kInvalidArgument, "{}: must be below one, not {}", input.path_of(key), number);
}

Result<int> read_small_count(ObjectReader& input, std::string_view key, int otherwise) {
  constexpr std::size_t kMost = 1'000'000;
  MODELYARD_ASSIGN(const std::size_t count, read_count(input, key, static_cast<std::size_t>(otherwise)));
  if (count > 0 && count <= kMost) return static_cast<int>(count);
  return error(Code::kInvalidArgument, "{}: must lie in 1 … {}, not {}", input.path_of(key), kMost, count);
}

Result<Json> page_hinkley(ObjectReader& input) {
  st::PageHinkleyOptions options;
  MODELYARD_ASSIGN(options.tolerance, read_number(input, "tolerance", options.tolerance));
  MODELYARD_ASSIGN(options.threshold, read_positive(input, "threshold", options.threshold));
  MODELYARD_ASSIGN(options.fading, read_positive(input, "fading", options.fading));
  MODELYARD_ASSIGN(options.least_values, read_small_count(input, "least_values", options.least_values));
  MODELYARD_ASSIGN(const auto direction, input.optional_string("direction"));
  if (direction && *direction != "up" && *direction != "down" && *direction != "both") {
    return error(Code::kInvalidArgument, "direction: expected up, down or both, got '{}'", *direction);
  }
  if (direction == "up") options.direction = st::Direction::kUp;
  if (direction == "down") options.direction = st::Direction::kDown;
  st::PageHinkley detector(options);
  return watch(input, detector);
}

Result<Json> adwin(ObjectReader& input) {
  st::AdwinOptions options;
  MODELYARD_ASSIGN(options.delta, read_open_share(input, "delta", options.delta));
  MODELYARD_ASSIGN(options.clock, read_small_count(input, "clock", options.clock));
  MODELYARD_ASSIGN(options.least_part, read_small_count(input, "least_part", options.least_part));
  MODELYARD_ASSIGN(options.least_values, read_small_count(input, "least_values", options.least_values));
  st::Adwin detector(options);
  return watch(input, detector);
}

Result<Json> ddm(ObjectReader& input) {
  st::DdmOptions options;
  MODELYARD_ASSIGN(options.least_values, read_small_count(input, "least_values", options.least_values));
  MODELYARD_ASSIGN(options.warning_deviations, read_positive(input, "warning_deviations", options.warning_deviations));
  MODELYARD_ASSIGN(options.drift_deviations, read_positive(input, "drift_deviations", options.drift_deviations));
  st::Ddm detector(options);
  return watch(input, detector, Values::kErrors);
}

Result<Json> eddm(ObjectReader& input) {
  st::EddmOptions options;
  MODELYARD_ASSIGN(options.least_errors, read_small_count(input, "least_errors", options.least_errors));
  MODELYARD_ASSIGN(options.warning_share, read_open_share(input, "warning_share", options.warning_share));
  MODELYARD_ASSIGN(options.drift_share, read_open_share(input, "drift_share", options.drift_share));
  if (options.warning_share < options.drift_share) {
    return error(Code::kInvalidArgument, "warning_share: must not be below drift_share");
  }
  st::Eddm detector(options);
  return watch(input, detector, Values::kErrors);
}

Status read_hddm(ObjectReader& input, st::HddmOptions& options) {
  MODELYARD_ASSIGN(options.drift_confidence, read_open_share(input, "drift_confidence", options.drift_confidence));
  MODELYARD_ASSIGN(options.warning_confidence,
                   read_open_share(input, "warning_confidence", options.warning_confidence));
  MODELYARD_ASSIGN(const auto both, input.optional_boolean("both_directions"));
  options.both_directions = both.value_or(false);
  return ok();
}

Result<Json> hddm_a(ObjectReader& input) {
  st::HddmOptions options;
  MODELYARD_TRY(read_hddm(input, options));
  st::HddmA detector(options);
  return watch(input, detector, Values::kShares);
}

Result<Json> hddm_w(ObjectReader& input) {
  st::HddmWOptions options;
  MODELYARD_TRY(read_hddm(input, options));
  MODELYARD_ASSIGN(options.weight, read_open_share(input, "weight", options.weight));
  st::HddmW detector(options);
  return watch(input, detector, Values::kShares);
}

Result<Json> kswin(ObjectReader& input) {
  st::KswinOptions options;
  MODELYARD_ASSIGN(options.alpha, read_open_share(input, "alpha", options.alpha));
  MODELYARD_ASSIGN(options.window, read_count(input, "window", options.window));
  MODELYARD_ASSIGN(options.newest, read_count(input, "newest", options.newest));
  MODELYARD_ASSIGN(const std::size_t seed, read_count(input, "seed", std::size_t{options.seed}));
  options.seed = seed;
  if (options.newest == 0 || options.window > 2000 || 2 * options.newest > options.window) {
    return error(Code::kInvalidArgument,
                 "newest: must be at least 1 and at most half of window, which is at most 2000");
  }
  st::Kswin detector(options);
  return watch(input, detector);
}

Result<std::optional<st::Baseline>> read_baseline(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto mean, input.optional_number("mean"));
  MODELYARD_ASSIGN(const auto deviation, input.optional_number("deviation"));
  if (!mean && !deviation) return std::optional<st::Baseline>();
  if (!mean || !deviation || !(*deviation > 0)) {
    return error(Code::kInvalidArgument, "mean, deviation: both or neither, the deviation above zero");
  }
  return std::optional<st::Baseline>({*mean, *deviation});
}

Result<Json> cusum(ObjectReader& input) {
  st::CusumOptions options;
  MODELYARD_ASSIGN(options.slack, read_number(input, "slack", options.slack));
  MODELYARD_ASSIGN(options.threshold, read_positive(input, "threshold", options.threshold));
  MODELYARD_ASSIGN(options.learnt_from, read_small_count(input, "learnt_from", options.learnt_from));
  if (options.learnt_from < 2) return error(Code::kInvalidArgument, "learnt_from: must be at least 2");
  MODELYARD_ASSIGN(options.baseline, read_baseline(input));
  st::Cusum detector(options);
  return watch(input, detector);
}

Result<Json> ewma(ObjectReader& input) {
  st::EwmaChartOptions options;
  MODELYARD_ASSIGN(options.weight, read_open_share(input, "weight", options.weight));
  MODELYARD_ASSIGN(options.limit, read_positive(input, "limit", options.limit));
  MODELYARD_ASSIGN(options.learnt_from, read_small_count(input, "learnt_from", options.learnt_from));
  if (options.learnt_from < 2) return error(Code::kInvalidArgument, "learnt_from: must be at least 2");
  MODELYARD_ASSIGN(options.baseline, read_baseline(input));
  st::EwmaChart detector(options);
  return watch(input, detector);
}

}  // namespace

std::vector<Calculation> detector_calculations() {
  return {
      {"adwin", "values [, delta, clock, least_part, least_values]", "a window that ends when its mean moves", adwin},
      {"page-hinkley", "values [, tolerance, threshold, fading, least_values, direction]",
       "the sum of deviations from the mean", page_hinkley},
      {"ddm", "values: 1 for an error, 0 otherwise [, least_values, warning_deviations, drift_deviations]",
       "the error rate rises", ddm},
      {"eddm", "values: 1 for an error, 0 otherwise [, least_errors, warning_share, drift_share]",
       "errors come closer together", eddm},
      {"hddm-a", "values: 0 … 1 [, drift_confidence, warning_confidence, both_directions]",
       "the mean moves, by Hoeffding's bound", hddm_a},
      {"hddm-w", "values: 0 … 1 [, drift_confidence, warning_confidence, both_directions, weight]",
       "the weighted mean moves, by McDiarmid's bound", hddm_w},
      {"kswin", "values [, alpha, window, newest, seed]", "the newest values are distributed otherwise", kswin},
      {"cusum", "values [, slack, threshold, learnt_from, mean, deviation]", "control chart of cumulated deviations",
       cusum},
      {"ewma", "values [, weight, limit, learnt_from, mean, deviation]", "control chart of the weighted mean", ewma},
  };
}

}  // namespace modelyard::app
