#include "statistics/detectors/adwin.h"

#include <algorithm>
#include <cmath>

namespace modelyard::statistics {

void Adwin::Part::join(const Part& other) {
  if (count > 0) {
    const double gap = sum / count - other.sum / other.count;
    squares += gap * gap * count * other.count / (count + other.count);
  }
  count += other.count;
  sum += other.sum;
  squares += other.squares;
}

void Adwin::insert(double value) {
  Part carried{1, value, 0};
  window_.join(carried);
  for (std::size_t i = 0;; ++i) {
    if (i == rows_.size()) rows_.emplace_back();
    Row& row = rows_[i];
    row.buckets[row.size++] = carried;
    if (row.size <= kBuckets) return;
    // The two oldest become one bucket of the next row.
    carried = row.buckets[0];
    carried.join(row.buckets[1]);
    std::move(row.buckets.begin() + 2, row.buckets.end(), row.buckets.begin());
    row.size -= 2;
  }
}

bool Adwin::differ(const Part& old_part, const Part& new_part) const {
  if (old_part.count < options_.least_part || new_part.count < options_.least_part) return false;
  const double gap = std::abs(old_part.sum / old_part.count - new_part.sum / new_part.count);
  const double d = std::log(2 * std::log(window_.count) / options_.delta), off = options_.least_part - 1;
  const double parts = 1 / (old_part.count - off) + 1 / (new_part.count - off);
  const double variance = window_.squares / window_.count;
  return gap > std::sqrt(2 * parts * variance * d) + 2.0 / 3 * parts * d;
}

bool Adwin::has_cut() const {
  Part old_part;
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    for (std::size_t k = 0; k < row->size; ++k) {
      old_part.count += row->buckets[k].count;
      old_part.sum += row->buckets[k].sum;
      const Part new_part{window_.count - old_part.count, window_.sum - old_part.sum, 0};
      if (differ(old_part, new_part)) return true;
    }
  }
  return false;
}

Change Adwin::add(double value) {
  if (!can_be_watched(value)) return Change::kNone;
  insert(value);
  ++seen_;
  if (seen_ % static_cast<std::uint64_t>(options_.clock) != 0 || window_.count <= options_.least_values) {
    return Change::kNone;
  }
  if (!has_cut()) return Change::kNone;
  rows_.clear();
  window_ = {};
  seen_ = 0;
  return Change::kDrift;
}

}  // namespace modelyard::statistics
