#include "app/calculations/shares.h"
#include "statistics/experiments/bandit.h"
#include "statistics/experiments/interleaving.h"
#include "statistics/experiments/off_policy.h"
#include "statistics/experiments/paired.h"
#include "statistics/experiments/sample_size.h"
#include "statistics/experiments/units.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

constexpr double kAlpha = 0.05;

Json to_json(const st::MeanAndVariance& mean) {
  return {{"count", mean.count}, {"mean", mean.mean}, {"variance", mean.variance}};
}

Result<st::PairMoments> read_pairs(ObjectReader& input, std::string_view x_key, std::string_view y_key) {
  MODELYARD_ASSIGN(const auto x, read_numbers(input, x_key));
  MODELYARD_ASSIGN(const auto y, read_numbers(input, y_key));
  if (x.size() != y.size()) {
    return error(Code::kInvalidArgument, "{} and {}: {} and {} numbers", x_key, y_key, x.size(), y.size());
  }
  st::PairMoments pairs;
  for (std::size_t i = 0; i < x.size(); ++i) pairs.add(x[i], y[i]);
  return pairs;
}

Result<Json> ratio(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::PairMoments units, read_pairs(input, "x", "y"));
  MODELYARD_ASSIGN(const st::MeanAndVariance mean, st::unit_ratio(units));
  return to_json(mean);
}

Result<Json> cuped(ObjectReader& input) {
  MODELYARD_ASSIGN(const st::PairMoments a, read_pairs(input, "x_a", "y_a"));
  MODELYARD_ASSIGN(const st::PairMoments b, read_pairs(input, "x_b", "y_b"));
  MODELYARD_ASSIGN(const st::Cuped adjusted, st::cuped(a, b));
  return Json{{"theta", adjusted.theta}, {"a", to_json(adjusted.a)}, {"b", to_json(adjusted.b)}};
}

Result<Json> mcnemar(ObjectReader& input) {
  MODELYARD_ASSIGN(const std::size_t first, read_count(input, "first_only"));
  MODELYARD_ASSIGN(const std::size_t second, read_count(input, "second_only"));
  MODELYARD_ASSIGN(const std::size_t rows, read_count(input, "rows"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const st::McNemar test, st::mcnemar_test(first, second, rows, alpha));
  return Json{{"statistic", test.statistic},
              {"p", test.p},
              {"difference", test.difference},
              {"interval", interval_json(test.interval)}};
}

Result<st::Wanted> read_wanted(ObjectReader& input) {
  st::Wanted wanted;
  MODELYARD_ASSIGN(wanted.alpha, read_number(input, "alpha", wanted.alpha));
  MODELYARD_ASSIGN(wanted.power, read_number(input, "power", wanted.power));
  return wanted;
}

// With `of_arm` the power of so many rows, else how many rows are wanted.
Result<Json> means_size(ObjectReader& input) {
  MODELYARD_ASSIGN(const double difference, input.number("difference"));
  MODELYARD_ASSIGN(const double a, input.number("variance_a"));
  MODELYARD_ASSIGN(const double b, read_number(input, "variance_b", a));
  MODELYARD_ASSIGN(const st::Wanted wanted, read_wanted(input));
  MODELYARD_ASSIGN(const std::size_t of_arm, read_count(input, "of_arm", 0));
  if (of_arm > 0) {
    MODELYARD_ASSIGN(const double power, st::power_for_means(difference, a, b, of_arm, wanted.alpha));
    return Json{{"power", power}};
  }
  MODELYARD_ASSIGN(const std::uint64_t rows, st::size_for_means(difference, a, b, wanted));
  return Json{{"of_arm", rows}};
}

Result<Json> shares_size(ObjectReader& input) {
  MODELYARD_ASSIGN(const double a, input.number("a"));
  MODELYARD_ASSIGN(const double b, input.number("b"));
  MODELYARD_ASSIGN(const st::Wanted wanted, read_wanted(input));
  MODELYARD_ASSIGN(const std::size_t of_arm, read_count(input, "of_arm", 0));
  if (of_arm > 0) {
    MODELYARD_ASSIGN(const double power, st::power_for_shares(a, b, of_arm, wanted.alpha));
    return Json{{"power", power}};
  }
  MODELYARD_ASSIGN(const std::uint64_t rows, st::size_for_shares(a, b, wanted));
  return Json{{"of_arm", rows}};
}

Result<Json> pairs_size(ObjectReader& input) {
  MODELYARD_ASSIGN(const double first, input.number("first_only"));
  MODELYARD_ASSIGN(const double second, input.number("second_only"));
  MODELYARD_ASSIGN(const st::Wanted wanted, read_wanted(input));
  MODELYARD_ASSIGN(const std::uint64_t rows, st::size_for_pairs(first, second, wanted));
  return Json{{"rows", rows}};
}

Result<Json> ranks_size(ObjectReader& input) {
  MODELYARD_ASSIGN(const double superiority, input.number("superiority"));
  MODELYARD_ASSIGN(const st::Wanted wanted, read_wanted(input));
  MODELYARD_ASSIGN(const std::uint64_t rows, st::size_for_ranks(superiority, wanted));
  return Json{{"of_arm", rows}};
}

Result<Json> mixture_size(ObjectReader& input) {
  MODELYARD_ASSIGN(const double difference, input.number("difference"));
  MODELYARD_ASSIGN(const double a, input.number("variance_a"));
  MODELYARD_ASSIGN(const double b, read_number(input, "variance_b", a));
  MODELYARD_ASSIGN(const double tau, input.number("tau"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", kAlpha));
  MODELYARD_ASSIGN(const std::uint64_t rows, st::size_for_mixture_test(difference, a, b, tau, alpha));
  return Json{{"of_arm", rows}};
}

Result<Json> thompson(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto arms, read_shares(input, "arms"));
  MODELYARD_ASSIGN(const double floor, read_number(input, "floor", 0));
  MODELYARD_ASSIGN(const std::size_t seed, read_count(input, "seed", 1));
  MODELYARD_ASSIGN(const auto probabilities, st::best_arm_probabilities(arms));
  MODELYARD_ASSIGN(const auto shares, st::thompson_shares(arms, floor));
  SeededRandom random(seed);
  MODELYARD_ASSIGN(const double remaining, st::value_remaining(arms, random));
  return Json{{"best", probabilities}, {"shares", shares}, {"value_remaining", remaining}};
}

enum class Model { kNone, kNeeded };

template <auto estimate, Model model>
Result<Json> off_policy(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto rewards, read_numbers(input, "rewards"));
  MODELYARD_ASSIGN(const auto propensities, read_numbers(input, "propensities"));
  MODELYARD_ASSIGN(const auto targets, read_numbers(input, "targets"));
  std::vector<double> modelled(rewards.size()), modelled_other(rewards.size());
  if constexpr (model == Model::kNeeded) {
    MODELYARD_ASSIGN(modelled, read_numbers(input, "modelled"));
    MODELYARD_ASSIGN(modelled_other, read_numbers(input, "modelled_other"));
  }
  for (const std::size_t size : {propensities.size(), targets.size(), modelled.size(), modelled_other.size()}) {
    if (size != rewards.size()) return error(Code::kInvalidArgument, "expected as many numbers in each list");
  }
  std::vector<st::LoggedChoice> choices;
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    choices.push_back({rewards[i], propensities[i], targets[i], modelled[i], modelled_other[i]});
  }
  MODELYARD_ASSIGN(const st::MeanAndVariance mean, estimate(choices));
  return to_json(mean);
}

Result<Json> interleaving(ObjectReader& input) {
  st::Preferences preferences;
  MODELYARD_ASSIGN(preferences.a, read_count(input, "a"));
  MODELYARD_ASSIGN(preferences.b, read_count(input, "b"));
  MODELYARD_ASSIGN(preferences.ties, read_count(input, "ties", 0));
  MODELYARD_ASSIGN(const st::Interleaving test, st::interleaving_test(preferences));
  return Json{{"difference", test.difference}, {"p", test.p}};
}

}  // namespace

std::vector<Calculation> experiment_calculations() {
  return {
      {"unit-ratio", "x, y: of each unit", "Σy/Σx with the variance of units, by the delta method", ratio},
      {"cuped", "x_a, y_a, x_b, y_b: of each unit", "y less what x explains", cuped},
      {"mcnemar", "first_only, second_only, rows [, alpha]", "two models on the same rows", mcnemar},
      {"size-means", "difference, variance_a [, variance_b, alpha, power] [, of_arm]",
       "rows of each arm for a test of means, or its power", means_size},
      {"size-shares", "a, b [, alpha, power] [, of_arm]", "the same for shares", shares_size},
      {"size-pairs", "first_only, second_only: shares [, alpha, power]", "rows for McNemar's test", pairs_size},
      {"size-ranks", "superiority [, alpha, power]", "rows of each arm for Mann and Whitney's test", ranks_size},
      {"size-msprt", "difference, variance_a [, variance_b], tau [, alpha]",
       "rows of each arm until half of the experiments have rejected", mixture_size},
      {"thompson", "arms: [{successes, trials}, …] [, floor] [, seed]",
       "which arm is best, and how traffic is shared out", thompson},
      {"ips", "rewards, propensities, targets", "what another choice of arms would have earned",
       off_policy<st::ips_estimate, Model::kNone>},
      {"snips", "rewards, propensities, targets", "the same, self-normalized",
       off_policy<st::snips_estimate, Model::kNone>},
      {"doubly-robust", "rewards, propensities, targets, modelled, modelled_other", "the same, with a model of rewards",
       off_policy<st::doubly_robust_estimate, Model::kNeeded>},
      {"interleaving", "a, b: readers [, ties]", "two rankers in one list", interleaving},
  };
}

}  // namespace modelyard::app
