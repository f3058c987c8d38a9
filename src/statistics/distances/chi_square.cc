#include "statistics/distances/chi_square.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

struct Counts {
  double reference = 0, current = 0;  // in all
  double categories = 0;              // with rows on some side
};

Result<Counts> counts_of(std::span<const double> reference, std::span<const double> current) {
  if (reference.size() != current.size()) {
    return error(Code::kInvalidArgument, "the reference has {} categories, the current {}", reference.size(),
                 current.size());
  }
  Counts counts;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    for (const double count : {reference[i], current[i]}) {
      if (!(count >= 0) || std::isinf(count)) return error(Code::kInvalidArgument, "{} is no count", count);
    }
    counts.reference += reference[i];
    counts.current += current[i];
    counts.categories += reference[i] + current[i] > 0 ? 1 : 0;
  }
  if (counts.categories < 2) return error(Code::kInvalidArgument, "at least two categories with rows are needed");
  if (std::isinf(counts.reference + counts.current)) return error(Code::kInvalidArgument, "counts cannot be summed up");
  if (counts.reference == 0 || counts.current == 0) return error(Code::kInvalidArgument, "one side has no rows");
  return counts;
}

ChiSquare verdict(double statistic, const Counts& counts) {
  const double degrees = counts.categories - 1;
  return {statistic, degrees, std::isinf(statistic) ? 0 : chi_square_survival(statistic, degrees)};
}

double part(double observed, double expected) {
  return (observed - expected) * (observed - expected) / expected;
}

}  // namespace

Result<ChiSquare> chi_square_two_samples(std::span<const double> reference, std::span<const double> current) {
  MODELYARD_ASSIGN(const Counts counts, counts_of(reference, current));
  const double all = counts.reference + counts.current;
  double statistic = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double both = reference[i] + current[i];
    if (both == 0) continue;
    statistic += part(reference[i], both * (counts.reference / all)) + part(current[i], both * (counts.current / all));
  }
  return verdict(statistic, counts);
}

Result<ChiSquare> chi_square_fit(std::span<const double> reference, std::span<const double> current) {
  MODELYARD_ASSIGN(const Counts counts, counts_of(reference, current));
  double statistic = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] + current[i] == 0) continue;
    if (reference[i] == 0) return verdict(std::numeric_limits<double>::infinity(), counts);
    statistic += part(current[i], reference[i] * (counts.current / counts.reference));
  }
  return verdict(statistic, counts);
}

}  // namespace modelyard::statistics
