// What is measured: ways to share the cores among runs, and rows of a run. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace modelyard::tuning {

// How runs share the cores: so many at the same time, with so many engine threads each.
struct Way {
  int instances = 1;
  int intra_op_threads = 1;

  friend bool operator==(const Way&, const Way&) = default;
};

// What one cell of the grid was found to do.
struct Cell {
  Way way;
  std::int64_t batch_size = 1;  // rows of a run
  std::int64_t runs = 0;
  double rows_per_second = 0;
  double p50_us = 0;  // of a run
  double p99_us = 0;

  friend bool operator==(const Cell&, const Cell&) = default;
};

// A gain of less is none: measurements of the same thing differ by as much.
inline constexpr double kLeastGain = 1.05;

// Powers of two and `cores` itself, whose product is at most `cores`; by threads, so that the engine loads once for
// each.
std::vector<Way> ways_of(int cores);
// 1, 2, 4, … and `most`.
std::vector<std::int64_t> batch_sizes_of(std::int64_t most);
// Whether a larger batch is worth measuring, after `cells` of one way with ascending batches: not when the last two
// sizes have brought less than kLeastGain. One alone may be bad luck.
bool is_worth_growing(std::span<const Cell> cells);
// Shorter, a measurement says little.
inline constexpr std::chrono::nanoseconds kLeastCell = std::chrono::milliseconds(100);
// How often everything is measured: as often as the budget gives every cell kLeastCell and loading its cells takes no
// more than a fifth of it; 1 to kMostRounds.
inline constexpr std::int64_t kMostRounds = 5;
struct Round {
  std::size_t cells = 1;
  std::chrono::nanoseconds loading{0};
};
std::int64_t rounds_of(std::chrono::nanoseconds budget, const Round& round);
// What counts of a cell that was measured twice: what else takes the cores can only slow it.
inline const Cell& better_of(const Cell& one, const Cell& other) {
  return one.rows_per_second < other.rows_per_second ? other : one;
}
// The time of the next cell, when so many are left at most; never below kLeastCell.
std::chrono::nanoseconds time_of_cell(std::chrono::nanoseconds left, std::size_t cells_left);

}  // namespace modelyard::tuning
