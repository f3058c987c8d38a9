#include "app/calculations/calculation.h"
#include "statistics/distances/binned.h"
#include "statistics/distances/chi_square.h"
#include "statistics/distances/mmd.h"
#include "statistics/distances/samples.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

constexpr std::size_t kMostExactRows = 10'000;
constexpr std::size_t kMostPairedRows = 5'000;

Result<st::BinnedPair> read_binned(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto reference, read_numbers(input, "reference"));
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  return st::BinnedPair::make(reference, current);
}

template <auto distance>
Result<Json> binned(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto pair, read_binned(input));
  return Json{{"distance", distance(pair)}};
}

template <auto distance>
Result<Json> binned_with_floor(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto pair, read_binned(input));
  MODELYARD_ASSIGN(const double least, read_number(input, "least_share", st::kLeastShare));
  if (!(least > 0 && least < 1)) return error(Code::kInvalidArgument, "least_share: must lie in (0, 1), not {}", least);
  return Json{{"distance", distance(pair, least)}};
}

Result<Json> jensen_shannon(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto pair, read_binned(input));
  Json result;
  for (const auto& [name, logarithm] :
       {std::pair{"natural", st::Logarithm::kNatural}, {"binary", st::Logarithm::kBinary}}) {
    result[name] = {{"divergence", st::js_divergence(pair, logarithm)}, {"distance", st::js_distance(pair, logarithm)}};
  }
  return result;
}

Result<Json> psi_critical(ObjectReader& input) {
  MODELYARD_ASSIGN(const std::size_t bins, read_count(input, "bins"));
  MODELYARD_ASSIGN(const std::size_t reference, read_count(input, "reference_rows"));
  MODELYARD_ASSIGN(const std::size_t current, read_count(input, "current_rows"));
  MODELYARD_ASSIGN(const double alpha, read_number(input, "alpha", 0.05));
  if (bins < 2 || reference == 0 || current == 0 || !(alpha > 0 && alpha < 1)) {
    return error(Code::kInvalidArgument, "two bins, a row on each side and an alpha in (0, 1) are needed");
  }
  return Json{
      {"critical", st::psi_critical(bins, static_cast<double>(reference), static_cast<double>(current), alpha)}};
}

struct Samples {
  std::vector<double> reference, current;
};

Result<std::vector<double>> read_sample(ObjectReader& input, std::string_view key) {
  MODELYARD_ASSIGN(const auto numbers, read_numbers(input, key));
  auto sorted = st::sorted_sample(numbers);
  if (!sorted) return sorted.error().with_context("{}", key);
  return sorted;
}

Result<Samples> read_samples(ObjectReader& input) {
  Samples samples;
  MODELYARD_ASSIGN(samples.reference, read_sample(input, "reference"));
  MODELYARD_ASSIGN(samples.current, read_sample(input, "current"));
  return samples;
}

Result<Json> kolmogorov_smirnov(ObjectReader& input) {
  MODELYARD_ASSIGN(const Samples samples, read_samples(input));
  const std::size_t m = samples.reference.size(), n = samples.current.size();
  const double d = st::ks_statistic(samples.reference, samples.current);
  Json result{{"statistic", d}, {"limit_p", st::ks_limit_p(d, m, n)}};
  result["exact_p"] = std::max(m, n) <= kMostExactRows ? Json(st::ks_exact_p(d, m, n)) : Json(nullptr);
  return result;
}

Result<Json> wasserstein(ObjectReader& input) {
  MODELYARD_ASSIGN(const Samples samples, read_samples(input));
  return Json{{"distance", st::wasserstein_distance(samples.reference, samples.current)},
              {"normed", st::normed_wasserstein_distance(samples.reference, samples.current)}};
}

Result<Json> energy(ObjectReader& input) {
  MODELYARD_ASSIGN(const Samples samples, read_samples(input));
  return Json{{"distance", st::energy_distance(samples.reference, samples.current)}};
}

template <auto test>
Result<Json> chi_square(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto reference, read_numbers(input, "reference"));
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const st::ChiSquare found, test(reference, current));
  return Json{{"statistic", found.statistic}, {"degrees", found.degrees}, {"p", found.p}};
}

Result<Json> mmd(ObjectReader& input) {
  MODELYARD_ASSIGN(const std::size_t width, read_count(input, "width", 1));
  MODELYARD_ASSIGN(const auto reference, read_numbers(input, "reference"));
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const auto given, input.optional_number("sigma"));
  if (width > 0 && (reference.size() + current.size()) / width > kMostPairedRows) {
    return error(Code::kInvalidArgument, "all pairs are compared: at most {} rows in all", kMostPairedRows);
  }
  const st::Rows p{reference, width}, q{current, width};
  double sigma = given.value_or(0);
  if (!given) {
    MODELYARD_ASSIGN(sigma, st::median_sigma(p, q));
  }
  MODELYARD_ASSIGN(const st::MmdSquared found, st::mmd_squared(p, q, sigma));
  return Json{{"unbiased", found.unbiased}, {"biased", found.biased}, {"sigma", sigma}};
}

}  // namespace

std::vector<Calculation> distance_calculations() {
  constexpr std::string_view kBins = "reference, current: counts or shares of the same bins";
  constexpr std::string_view kBinsAndFloor = "reference, current: of the same bins [, least_share]";
  constexpr std::string_view kSamples = "reference, current: numbers";
  constexpr std::string_view kCounts = "reference, current: counts of the same categories";
  return {
      {"psi", kBinsAndFloor, "population stability index", binned_with_floor<st::psi>},
      {"psi-critical", "bins, reference_rows, current_rows [, alpha]",
       "what PSI exceeds by chance with probability alpha", psi_critical},
      {"kl-divergence", kBinsAndFloor, "Kullback and Leibler's, from reference to current, natural logarithm",
       binned_with_floor<st::kl_divergence>},
      {"jensen-shannon", kBins, "divergence and its root, with both logarithms", jensen_shannon},
      {"hellinger", kBins, "0 … 1", binned<st::hellinger_distance>},
      {"total-variation", kBins, "half the sum of differences, 0 … 1", binned<st::total_variation_distance>},
      {"l-infinity", kBins, "the largest difference, 0 … 1", binned<st::l_infinity_distance>},
      {"kolmogorov-smirnov", kSamples, "largest gap of distribution functions; exact_p up to 10000 a side",
       kolmogorov_smirnov},
      {"wasserstein", kSamples, "by how much values moved; normed: in deviations of the reference", wasserstein},
      {"energy", kSamples, "energy distance", energy},
      {"chi-square-two-samples", kCounts, "both sides are samples", chi_square<st::chi_square_two_samples>},
      {"chi-square-fit", kCounts, "the reference's shares are known", chi_square<st::chi_square_fit>},
      {"mmd", "reference, current: rows one behind the other [, width] [, sigma]",
       "maximum mean discrepancy, squared, Gaussian kernel; up to 5000 rows", mmd},
  };
}

}  // namespace modelyard::app
