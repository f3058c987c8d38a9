#include "tuning/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace modelyard::tuning {
namespace {

constexpr std::string_view kTheLeast =
    ": of all within 5 % of it the one with the fewest instances, then threads, then rows";
constexpr double kLeastShare = 0.5;  // of the most rows a second, for the target latency

double most_rows_per_second(std::span<const Cell> cells) {
  double most = 0;
  for (const Cell& cell : cells) most = std::max(most, cell.rows_per_second);
  return most;
}

std::vector<Cell> nearly_best(std::span<const Cell> cells, Target target) {
  const double most = most_rows_per_second(cells);
  std::vector<Cell> candidates(cells.begin(), cells.end());
  if (target == Target::kThroughput) {
    std::erase_if(candidates, [&](const Cell& cell) { return cell.rows_per_second * kLeastGain < most; });
    return candidates;
  }
  std::erase_if(candidates, [&](const Cell& cell) { return cell.rows_per_second < most * kLeastShare; });
  const double shortest = std::ranges::min(candidates, {}, &Cell::p99_us).p99_us;
  std::erase_if(candidates, [&](const Cell& cell) { return cell.p99_us > shortest * kLeastGain; });
  return candidates;
}

const Cell& cell_of(std::span<const Cell> cells, const Plan& plan) {
  const auto found = std::ranges::find_if(cells, [&](const Cell& cell) {
    return cell.way == Way{plan.instances, plan.intra_op_threads} && cell.batch_size == plan.max_batch_size;
  });
  MODELYARD_CHECK(found != cells.end(), "a plan is one of the cells it was chosen from");
  return *found;
}

// One dimension of the grid: what the plan has of it, and the best that was measured with less and with more.
struct Dimension {
  std::string chosen;  // "batches of 16"
  std::string least;   // "single rows"
  std::string more;    // "larger batches"
  std::int64_t value = 1;
  double with_least = 0;  // rows a second; 0: not measured
  double with_more = 0;
};

template <typename ValueOf>
void fill(Dimension& dimension, std::span<const Cell> cells, ValueOf value_of) {
  for (const Cell& cell : cells) {
    const std::int64_t value = value_of(cell);
    if (value == 1) dimension.with_least = std::max(dimension.with_least, cell.rows_per_second);
    if (value > dimension.value) dimension.with_more = std::max(dimension.with_more, cell.rows_per_second);
  }
}

void explain_dimension(const Dimension& dimension, double chosen_rate, std::vector<std::string>& sentences) {
  const double over_least = dimension.with_least > 0 ? chosen_rate / dimension.with_least : 0;
  if (dimension.value > 1 && over_least >= kLeastGain) {
    sentences.push_back(fmt::format("{} answer {:.1f} times as many rows a second as {}", dimension.chosen, over_least,
                                    dimension.least));
  }
  if (dimension.with_more == 0) return;
  const double gain = dimension.with_more / chosen_rate;
  sentences.push_back(gain <= kLeastGain ? fmt::format("{} add less than 5 %", dimension.more)
                                         : fmt::format("{} answer {:.1f} times as many, but their runs take longer",
                                                       dimension.more, gain));
}

void explain_batches(std::span<const Cell> cells, const Cell& chosen, std::vector<std::string>& sentences) {
  std::vector<Cell> same_way(cells.begin(), cells.end());
  std::erase_if(same_way, [&](const Cell& cell) { return cell.way != chosen.way; });
  if (std::ranges::all_of(cells, [](const Cell& cell) { return cell.batch_size == 1; })) {
    sentences.emplace_back("only single rows were measured");
    return;
  }
  Dimension batches{fmt::format("batches of {}", chosen.batch_size), "single rows",
                    fmt::format("more than {} in a batch", chosen.batch_size), chosen.batch_size};
  fill(batches, same_way, [](const Cell& cell) { return cell.batch_size; });
  explain_dimension(batches, chosen.rows_per_second, sentences);
  if (batches.with_more == 0) {
    sentences.push_back(fmt::format("more than {} rows in a batch were not measured", chosen.batch_size));
  }
}

}  // namespace

std::string_view target_name(Target target) {
  return target == Target::kThroughput ? "throughput" : "latency";
}

std::optional<Target> parse_target(std::string_view name) {
  for (const Target target : {Target::kThroughput, Target::kLatency}) {
    if (name == target_name(target)) return target;
  }
  return std::nullopt;
}

Plan choose(std::span<const Cell> cells, Target target) {
  MODELYARD_CHECK(!cells.empty(), "something was measured");
  const auto candidates = nearly_best(cells, target);
  const Cell& least = std::ranges::min(candidates, {}, [](const Cell& cell) {
    return std::tuple(cell.way.instances, cell.way.intra_op_threads, cell.batch_size);
  });
  return {least.way.instances, least.way.intra_op_threads, least.batch_size};
}

std::vector<std::string> explain(std::span<const Cell> cells, const Plan& plan, Target target) {
  const Cell& chosen = cell_of(cells, plan);
  std::vector<std::string> sentences;
  const double most = most_rows_per_second(cells);
  sentences.push_back(chosen.rows_per_second == most
                          ? fmt::format("{:.0f} rows a second, the most that was measured", most)
                          : fmt::format("{:.0f} rows a second, of {:.0f} at most{}", chosen.rows_per_second, most,
                                        target == Target::kThroughput ? kTheLeast : ""));
  if (target == Target::kLatency) {
    sentences.emplace_back("its runs are the shortest of those that answer at least half of the most rows a second");
  }
  explain_batches(cells, chosen, sentences);
  Dimension threads{fmt::format("{} engine threads a run", plan.intra_op_threads), "1 at best", "more engine threads",
                    plan.intra_op_threads};
  fill(threads, cells, [](const Cell& cell) { return cell.way.intra_op_threads; });
  explain_dimension(threads, chosen.rows_per_second, sentences);
  Dimension instances{fmt::format("{} instances", plan.instances), "1 at best", "more instances", plan.instances};
  fill(instances, cells, [](const Cell& cell) { return cell.way.instances; });
  explain_dimension(instances, chosen.rows_per_second, sentences);
  sentences.push_back(fmt::format("a run takes {:.3g} ms, one of a hundred more than {:.3g} ms", chosen.p50_us / 1000,
                                  chosen.p99_us / 1000));
  return sentences;
}

}  // namespace modelyard::tuning
