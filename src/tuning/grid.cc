#include "tuning/grid.h"

#include <algorithm>

namespace modelyard::tuning {
namespace {

// 1, 2, 4, … below `most`, and `most`.
template <typename T>
std::vector<T> doublings(T most) {
  std::vector<T> sizes;
  for (T size = 1; size < most; size *= 2) sizes.push_back(size);
  sizes.push_back(most);
  return sizes;
}

}  // namespace

std::vector<Way> ways_of(int cores) {
  std::vector<Way> ways;
  const auto counts = doublings(std::max(1, cores));
  for (const int threads : counts) {
    for (const int instances : counts) {
      if (instances * threads <= std::max(1, cores)) ways.push_back({instances, threads});
    }
  }
  return ways;
}

std::vector<std::int64_t> batch_sizes_of(std::int64_t most) {
  return doublings(std::max<std::int64_t>(1, most));
}

bool is_worth_growing(std::span<const Cell> cells) {
  if (cells.size() < 3) return true;
  double best = 0;
  for (const Cell& cell : cells.first(cells.size() - 2)) best = std::max(best, cell.rows_per_second);
  const auto gains = [&](const Cell& cell) { return cell.rows_per_second > best * kLeastGain; };
  return std::ranges::any_of(cells.last(2), gains);
}

std::int64_t rounds_of(std::chrono::nanoseconds budget, const Round& round) {
  constexpr std::int64_t kLoadingShare = 5;
  const auto least = kLeastCell * static_cast<std::int64_t>(round.cells);
  std::int64_t rounds = budget / least;
  if (round.loading.count() > 0) rounds = std::min(rounds, budget / kLoadingShare / round.loading);
  return std::clamp<std::int64_t>(rounds, 1, kMostRounds);
}

std::chrono::nanoseconds time_of_cell(std::chrono::nanoseconds left, std::size_t cells_left) {
  return std::max(kLeastCell, left / static_cast<std::int64_t>(std::max<std::size_t>(1, cells_left)));
}

}  // namespace modelyard::tuning
