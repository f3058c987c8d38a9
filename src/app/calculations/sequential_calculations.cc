#include <cmath>

#include "app/calculations/shares.h"
#include "statistics/sequential/alpha_spending.h"
#include "statistics/sequential/confidence_sequences.h"
#include "statistics/sequential/e_values.h"
#include "statistics/sequential/mixture_test.h"
#include "statistics/sequential/mixtures.h"
#include "statistics/sequential/quantile_comparison.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

constexpr double kAlpha = 0.05;

// "a": {"count": 100, "mean": 0.3, "variance": 0.2}
Result<st::MeanAndVariance> read_mean(ObjectReader& input, std::string_view key) {
  MODELYARD_ASSIGN(const Json* object, input.object(key));
  MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(*object, input.path_of(key)));
  st::MeanAndVariance mean;
  MODELYARD_ASSIGN(mean.count, reader.number("count"));
  MODELYARD_ASSIGN(mean.mean, reader.number("mean"));
  MODELYARD_ASSIGN(mean.variance, reader.number("variance"));
  MODELYARD_TRY(reader.finish());
  return mean;
}

Json to_json(const st::SequentialTest& test) {
  return {{"difference", test.difference},
          {"e", std::exp(test.log_e)},
          {"p", test.p},
          {"interval", interval_json(test.interval)}};
}

template <auto read_arm, auto test_arms>
Result<Json> mixture(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto a, read_arm(input, "a"));
  MODELYARD_ASSIGN(const auto b, read_arm(input, "b"));
  MODELYARD_ASSIGN(const double tau, input.number("tau"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const st::SequentialTest test, test_arms(a, b, tau, alpha));
  return to_json(test);
}

Result<Json> share_sequence(ObjectReader& input) {
  MODELYARD_ASSIGN(const std::size_t successes, read_count(input, "successes"));
  MODELYARD_ASSIGN(const std::size_t trials, read_count(input, "trials"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const double at, read_number(input, "at", 100));
  MODELYARD_ASSIGN(const st::Interval interval, st::bernoulli_sequence({successes, trials}, alpha, at));
  return Json{{"interval", interval_json(interval)}};
}

Result<Json> mean_sequence(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::MeanAndVariance sample, read_mean(input, "sample"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const double at, read_number(input, "at", 1000));
  MODELYARD_ASSIGN(const st::Interval interval, st::asymptotic_sequence(sample, alpha, at));
  return Json{{"interval", interval_json(interval)}};
}

Result<Json> bounded_sequence(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto values, read_numbers(input, "values"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  st::EmpiricalBernstein sequence(alpha);
  for (const double value : values) {
    if (!(value >= 0 && value <= 1)) return error(Code::kInvalidArgument, "values: {} is not in [0, 1]", value);
    sequence.add(value);
  }
  return Json{{"interval", interval_json(sequence.interval())}};
}

Result<Json> quantiles(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto a, read_numbers(input, "a"));
  MODELYARD_ASSIGN(const auto b, read_numbers(input, "b"));
  MODELYARD_ASSIGN(const double share, input.number("share"));
  MODELYARD_ASSIGN(const double at, read_number(input, "at", 100));
  MODELYARD_ASSIGN(const st::QuantileComparison comparison, st::compare_quantiles(a, b, share, at));
  return Json{{"a", comparison.of_a}, {"b", comparison.of_b}, {"e", std::exp(comparison.log_e)}, {"p", comparison.p}};
}

Result<Json> split(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto numbers, read_numbers(input, "counts"));
  MODELYARD_ASSIGN(const auto shares, read_numbers(input, "shares"));
  MODELYARD_ASSIGN(const double prior, read_number(input, "prior", 100));
  std::vector<std::uint64_t> counts;
  for (const double count : numbers) {
    constexpr double kMost = 1e15;
    if (!(count >= 0 && count <= kMost) || count != std::floor(count)) {
      return error(Code::kInvalidArgument, "counts: {} is no number of units", count);
    }
    counts.push_back(static_cast<std::uint64_t>(count));
  }
  MODELYARD_ASSIGN(const double log_e, st::split_log_e(counts, shares, prior));
  return Json{{"e", std::exp(log_e)}, {"p", std::min(1.0, std::exp(-log_e))}};
}

Result<std::vector<double>> read_e(ObjectReader& input) {
  MODELYARD_ASSIGN(auto e, read_numbers(input, "e"));
  for (double& value : e) {
    if (!(value >= 0)) return error(Code::kInvalidArgument, "e: {} is negative", value);
    value = std::log(value);
  }
  return e;
}

Result<Json> merged(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto log_e, read_e(input));
  return Json{{"mean", std::exp(st::mean_of(log_e))}, {"product", std::exp(st::product_of(log_e))}};
}

Result<Json> e_rejections(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto log_e, read_e(input));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  if (!(alpha > 0 && alpha < 1)) return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
  return Json{{"rejected", st::e_benjamini_hochberg(log_e, alpha)}};
}

template <st::Spending spending>
Result<Json> boundaries(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto looks, read_numbers(input, "looks"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const auto z, st::spending_boundaries(spending, alpha, looks));
  return Json{{"z", z}};
}

}  // namespace

std::vector<Calculation> sequential_calculations() {
  return {
      {"msprt-means", "a, b: {count, mean, variance}, tau [, alpha]", "means of two arms, looked at at any time",
       mixture<read_mean, st::sequential_mean_test>},
      {"msprt-shares", "a, b: {successes, trials}, tau [, alpha]", "shares of two arms, looked at at any time",
       mixture<read_share, st::sequential_share_test>},
      {"share-sequence", "successes, trials [, alpha] [, at]", "an interval of a share that holds at all times",
       share_sequence},
      {"mean-sequence", "sample: {count, mean, variance} [, alpha] [, at]", "the same of a mean, from 100 values on",
       mean_sequence},
      {"bounded-mean-sequence", "values: 0 … 1 [, alpha]",
       "the same of values between bounds, narrow when they vary little", bounded_sequence},
      {"quantile-comparison", "a, b: numbers, share [, at]", "whether a quantile is the same, looked at at any time",
       quantiles},
      {"sample-ratio", "counts, shares [, prior]", "whether units were split as promised, looked at at any time",
       split},
      {"merge-e", "e: e-values of one hypothesis", "their mean, and their product for independent ones", merged},
      {"e-benjamini-hochberg", "e: e-values [, alpha]", "which of many hypotheses are rejected", e_rejections},
      {"obrien-fleming", "looks: shares of the sample [, alpha]", "boundaries of planned looks, hardly anything early",
       boundaries<st::Spending::kObrienFleming>},
      {"pocock", "looks: shares of the sample [, alpha]", "boundaries of planned looks, about even",
       boundaries<st::Spending::kPocock>},
  };
}

}  // namespace modelyard::app
