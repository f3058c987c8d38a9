#include "app/calculations/calculation.h"
#include "app/calculations/shares.h"
#include "statistics/hypotheses/means.h"
#include "statistics/hypotheses/multiplicity.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

Result<st::Share> read_own_share(ObjectReader& input) {
  MODELYARD_ASSIGN(const std::size_t successes, read_count(input, "successes"));
  MODELYARD_ASSIGN(const std::size_t trials, read_count(input, "trials"));
  return st::Share{successes, trials};
}

Result<Json> proportion(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::Share share, read_own_share(input));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::Interval wilson, st::wilson_interval(share, alpha));
  MODELYARD_ASSIGN(const st::Interval exact, st::clopper_pearson_interval(share, alpha));
  return Json{{"share", share.value()}, {"wilson", interval_json(wilson)}, {"clopper_pearson", interval_json(exact)}};
}

Result<Json> two_proportions(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::Share a, read_share(input, "a"));
  MODELYARD_ASSIGN(const st::Share b, read_share(input, "b"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const st::ZTest test, st::two_proportion_test(a, b));
  MODELYARD_ASSIGN(const st::Interval newcombe, st::newcombe_interval(a, b, alpha));
  return Json{
      {"difference", a.value() - b.value()}, {"z", test.z}, {"p", test.p}, {"newcombe", interval_json(newcombe)}};
}

Result<Json> binomial(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::Share seen, read_own_share(input));
  MODELYARD_ASSIGN(const double share, input.number("share"));
  MODELYARD_ASSIGN(const double p, st::binomial_test(seen, share));
  return Json{{"p", p}};
}

Result<Json> welch(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto a, read_numbers(input, "a"));
  MODELYARD_ASSIGN(const auto b, read_numbers(input, "b"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  MODELYARD_ASSIGN(const auto of_a, st::mean_and_variance(a));
  MODELYARD_ASSIGN(const auto of_b, st::mean_and_variance(b));
  MODELYARD_ASSIGN(const st::WelchTest test, st::welch_test(of_a, of_b, alpha));
  return Json{{"t", test.t}, {"degrees", test.degrees}, {"p", test.p}, {"difference", interval_json(test.difference)}};
}

Result<Json> mann_whitney(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto a, read_numbers(input, "a"));
  MODELYARD_ASSIGN(const auto b, read_numbers(input, "b"));
  MODELYARD_ASSIGN(const st::MannWhitneyTest test, st::mann_whitney_test(a, b));
  return Json{{"u", test.u}, {"p", test.p}};
}

Result<std::vector<double>> read_probabilities(ObjectReader& input) {
  MODELYARD_ASSIGN(auto p, read_numbers(input, "p"));
  for (const double value : p) {
    if (!(value >= 0 && value <= 1)) return error(Code::kInvalidArgument, "p: {} is no probability", value);
  }
  return p;
}

template <auto adjust>
Result<Json> adjusted(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto p, read_probabilities(input));
  return Json{{"adjusted", adjust(p)}};
}

Result<Json> weighted(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto p, read_probabilities(input));
  MODELYARD_ASSIGN(const auto weights, read_numbers(input, "weights"));
  if (weights.size() != p.size())
    return error(Code::kInvalidArgument, "weights: {} of them, for {} p", weights.size(), p.size());
  for (const double weight : weights) {
    if (!(weight >= 0)) return error(Code::kInvalidArgument, "weights: {} is negative", weight);
  }
  return Json{{"adjusted", st::weighted_benjamini_hochberg_adjusted(p, weights)}};
}

}  // namespace

std::vector<Calculation> hypothesis_calculations() {
  return {
      {"proportion", "successes, trials [, alpha]", "intervals of a share", proportion},
      {"two-proportions", "a, b: {successes, trials} [, alpha]", "z test, and Newcombe's interval of a − b",
       two_proportions},
      {"binomial", "successes, trials, share", "exact test, two-sided", binomial},
      {"welch", "a, b: numbers [, alpha]", "means of samples whose variances may differ", welch},
      {"mann-whitney", "a, b: numbers", "whether one sample tends to be above the other", mann_whitney},
      {"bonferroni", "p: probabilities", "adjusted for many tests: no false rejection",
       adjusted<st::bonferroni_adjusted>},
      {"holm", "p: probabilities", "the same promise, never weaker", adjusted<st::holm_adjusted>},
      {"benjamini-hochberg", "p: probabilities", "adjusted for a share of false rejections",
       adjusted<st::benjamini_hochberg_adjusted>},
      {"weighted-benjamini-hochberg", "p: probabilities, weights", "the same promise, where some tests matter more",
       weighted},
      {"benjamini-yekutieli", "p: probabilities", "the same, whatever the dependence",
       adjusted<st::benjamini_yekutieli_adjusted>},
  };
}

}  // namespace modelyard::app
