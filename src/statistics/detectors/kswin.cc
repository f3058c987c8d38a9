#include "statistics/detectors/kswin.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "statistics/distances/samples.h"

namespace modelyard::statistics {

Kswin::Kswin(const KswinOptions& options) : options_(options), random_(options.seed) {
  MODELYARD_CHECK(options.newest > 0 && 2 * options.newest <= options.window,
                  "the newest are half of a window at most");
  window_.reserve(options.window);
}

Change Kswin::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  if (window_.size() == options_.window) window_.erase(window_.begin());
  window_.push_back(value);
  if (window_.size() < options_.window) return Change::kNone;
  const auto split = window_.end() - static_cast<std::ptrdiff_t>(options_.newest);
  std::vector<double> older(window_.begin(), split), newest(split, window_.end());
  for (std::size_t i = 0; i < options_.newest; ++i) {
    std::swap(older[i], older[i + random_.next() % (older.size() - i)]);
  }
  older.resize(options_.newest);
  std::sort(older.begin(), older.end());
  std::sort(newest.begin(), newest.end());
  const double gap = ks_statistic(older, newest);
  if (gap <= options_.least_gap || ks_exact_p(gap, older.size(), newest.size()) > options_.alpha) return Change::kNone;
  window_.erase(window_.begin(), split);
  return Change::kDrift;
}

}  // namespace modelyard::statistics
