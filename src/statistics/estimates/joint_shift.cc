#include "statistics/estimates/joint_shift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>

#include "statistics/learners/linear_model.h"
#include "statistics/probability.h"
#include "statistics/scores/curves.h"

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostLevels = 20;  // different values that have a bin each

struct Place {
  std::size_t first = 0, second = 0;  // features

  auto operator<=>(const Place&) const = default;
};

// Both sides, the reference first.
class Sides {
 public:
  Sides(std::span<const double> reference, std::span<const double> current, std::size_t width)
      : width_(width), before_(reference.size() / width) {
    rows_.assign(reference.begin(), reference.end());
    rows_.insert(rows_.end(), current.begin(), current.end());
    labels_.assign(before_, 0);
    labels_.resize(rows_.size() / width, 1);
  }

  std::size_t width() const { return width_; }
  std::size_t count() const { return labels_.size(); }
  std::uint8_t label(std::size_t row) const { return labels_[row]; }
  std::vector<double> column(std::size_t feature) const {
    std::vector<double> values;
    for (std::size_t at = feature; at < rows_.size(); at += width_) values.push_back(rows_[at]);
    return values;
  }

 private:
  const std::size_t width_, before_;
  std::vector<double> rows_;
  std::vector<std::uint8_t> labels_;
};

// −1 … 1, with a mean of 0; ties have their middle one, NaN stays.
std::vector<double> signed_ranks(const std::vector<double>& values) {
  std::vector<double> sorted;
  std::ranges::copy_if(values, std::back_inserter(sorted), [](double value) { return !std::isnan(value); });
  std::ranges::sort(sorted);
  const auto size = static_cast<double>(sorted.size());
  std::vector<double> ranks;
  for (const double value : values) {
    const auto [first, last] = std::ranges::equal_range(sorted, value);
    const auto below = static_cast<double>(first - sorted.begin()), equal = static_cast<double>(last - first);
    ranks.push_back(std::isnan(value) ? value : (2 * below + equal - size) / size);
  }
  return ranks;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> values(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) values[i] = a[i] * b[i];
  return values;
}

// A column of bins: for each row its bin, the last one for what is missing.
struct Binned {
  std::vector<std::uint32_t> bin_of;
  std::size_t bins = 0;
};

Result<Edges> edges_of(const std::vector<double>& values, std::size_t bins) {
  std::vector<double> levels;
  Quantiles quantiles(800);
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    quantiles.add(value);
    if (levels.size() > kMostLevels) continue;
    const auto at = std::ranges::lower_bound(levels, value);
    if (at == levels.end() || *at != value) levels.insert(at, value);
  }
  if (levels.empty()) return Edges::make({0});
  return levels.size() <= kMostLevels ? Edges::make(std::move(levels)) : Edges::of_reference(quantiles, bins);
}

Result<Binned> binned(const std::vector<double>& values, std::size_t bins) {
  MODELYARD_ASSIGN(const Edges edges, edges_of(values, bins));
  Binned column{{}, edges.bins() + 1};
  for (const double value : values) {
    column.bin_of.push_back(static_cast<std::uint32_t>(std::isnan(value) ? edges.bins() : edges.bin_of(value)));
  }
  return column;
}

// Sums over the rows of a fold and a side; those of the rows that are seen are all others'.
class FoldSums {
 public:
  FoldSums(std::size_t folds, std::size_t size) : folds_(folds), size_(size), sums_(folds * 2 * size, 0.0) {}

  std::span<double> of(std::size_t fold, std::size_t side) {
    return std::span(sums_).subspan((fold * 2 + side) * size_, size_);
  }
  // Without this fold.
  std::vector<double> without(std::size_t held_out, std::size_t side) {
    std::vector<double> sum(size_, 0.0);
    for (std::size_t fold = 0; fold < folds_; ++fold) {
      if (fold == held_out) continue;
      const auto part = of(fold, side);
      for (std::size_t i = 0; i < size_; ++i) sum[i] += part[i];
    }
    return sum;
  }

 private:
  std::size_t folds_, size_;
  std::vector<double> sums_;
};

// The `most` largest ones, by their score.
std::vector<std::size_t> best(const std::vector<double>& scores, std::size_t most) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return std::pair(-scores[a], a) < std::pair(-scores[b], b); });
  order.resize(std::min(most, order.size()));
  std::ranges::sort(order);
  return order;
}

class JointClassifier {
 public:
  static Result<JointClassifier> make(const Sides& sides, const JointShiftOptions& options) {
    JointClassifier made(sides, options);
    for (std::size_t feature = 0; feature < sides.width(); ++feature) {
      const auto values = sides.column(feature);
      MODELYARD_ASSIGN(Binned column, binned(values, options.bins));
      made.features_.push_back(std::move(column));
      made.ranks_.push_back(signed_ranks(values));
      for (std::size_t other = 0; other < feature; ++other) made.pairs_.push_back({other, feature});
    }
    made.sum_up();
    return made;
  }

  Status run_fold(std::size_t fold) {
    MODELYARD_ASSIGN(const auto columns, chosen_columns(fold));
    std::vector<std::uint32_t> seen, held_out;
    std::vector<std::uint8_t> seen_labels, held_out_labels;
    for (std::size_t row = 0; row < sides_.count(); ++row) {
      const bool is_seen = row % options_.folds != fold;
      std::uint32_t begin = 0;
      for (const auto& [place, column] : columns) {
        (is_seen ? seen : held_out).push_back(begin + column->bin_of[row]);
        begin += static_cast<std::uint32_t>(column->bins);
      }
      (is_seen ? seen_labels : held_out_labels).push_back(sides_.label(row));
    }
    std::size_t width = 0;
    for (const auto& [place, column] : columns) width += column->bins;
    MODELYARD_ASSIGN(const LinearModel model, fit_logistic({seen, columns.size(), width}, seen_labels, options_.l2));
    return score(columns, model, {held_out, columns.size(), width}, held_out_labels);
  }

  JointShift result() const {
    JointShift shift;
    const auto folds = static_cast<double>(options_.folds);
    shift.auc = auc_ / folds;
    // Folds share rows that they learn from: 1/k alone is too little, by Nadeau and Bengio it is 1/k + 1/(k − 1).
    const double weight = 1 / folds + 1 / (folds - 1);
    const double half = -normal_quantile(options_.alpha / 2) * std::sqrt(weight * variance_ / folds);
    shift.interval = {std::max(0.0, shift.auc - half), std::min(1.0, shift.auc + half)};
    for (const auto& [place, lift] : lifts_) {
      if (lift > 0) shift.parts.push_back({place.first, place.second, lift / folds});
    }
    std::ranges::sort(shift.parts, [](const JointShift::Part& a, const JointShift::Part& b) {
      return std::tuple(-a.lift, a.first, a.second) < std::tuple(-b.lift, b.first, b.second);
    });
    return shift;
  }

 private:
  using Columns = std::vector<std::pair<Place, const Binned*>>;

  JointClassifier(const Sides& sides, const JointShiftOptions& options)
      : sides_(sides),
        options_(options),
        counts_(options.folds, 0),
        sums_(options.folds, 0),
        squares_(options.folds, 0) {}

  void sum_up();
  std::vector<double> feature_scores(std::size_t fold);
  std::vector<double> pair_scores(std::size_t fold);
  Result<Columns> chosen_columns(std::size_t fold);
  Status score(const Columns& columns, const LinearModel& model, const Encoded& rows,
               std::span<const std::uint8_t> labels);

  const Sides& sides_;
  const JointShiftOptions& options_;
  std::vector<Binned> features_;
  std::vector<std::vector<double>> ranks_;
  std::vector<Place> pairs_;
  FoldSums counts_, sums_, squares_;  // of the bins of features; of the products of pairs
  std::map<Place, Binned> products_;  // that were chosen in a fold
  std::map<Place, double> lifts_;
  double auc_ = 0, variance_ = 0;  // summed over folds
};

std::size_t total_bins(const std::vector<Binned>& columns) {
  std::size_t bins = 0;
  for (const Binned& column : columns) bins += column.bins;
  return bins;
}

void JointClassifier::sum_up() {
  counts_ = FoldSums(options_.folds, total_bins(features_));
  sums_ = FoldSums(options_.folds, pairs_.size());
  squares_ = FoldSums(options_.folds, pairs_.size());
  for (std::size_t row = 0; row < sides_.count(); ++row) {
    const std::size_t fold = row % options_.folds, side = sides_.label(row);
    const auto counts = counts_.of(fold, side), sums = sums_.of(fold, side), squares = squares_.of(fold, side);
    std::size_t begin = 0;
    for (const Binned& column : features_) {
      counts[begin + column.bin_of[row]] += 1;
      begin += column.bins;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const double value = ranks_[pairs_[i].first][row] * ranks_[pairs_[i].second][row];
      if (std::isnan(value)) continue;
      sums[i] += value;
      squares[i] += value * value;
    }
  }
}

// Chi-square of the bins, in its deviations above what chance gives.
std::vector<double> JointClassifier::feature_scores(std::size_t fold) {
  const auto before = counts_.without(fold, 0), now = counts_.without(fold, 1);
  std::vector<double> scores;
  std::size_t bin = 0;
  for (const Binned& column : features_) {
    const auto end = static_cast<std::ptrdiff_t>(bin + column.bins);
    const auto sum_of = [&](const std::vector<double>& side) {
      return std::accumulate(side.begin() + static_cast<std::ptrdiff_t>(bin), side.begin() + end, 0.0);
    };
    const double all_before = sum_of(before), all_now = sum_of(now);
    double chi_square = 0, degrees = -1;
    for (; bin < static_cast<std::size_t>(end); ++bin) {
      if (before[bin] + now[bin] == 0) continue;
      const double gap = before[bin] * std::sqrt(all_now / all_before) - now[bin] * std::sqrt(all_before / all_now);
      chi_square += gap * gap / (before[bin] + now[bin]);
      degrees += 1;
    }
    scores.push_back(degrees < 1 ? -1 : (chi_square - degrees) / std::sqrt(2 * degrees));
  }
  return scores;
}

// By how many standard errors the mean products differ.
std::vector<double> JointClassifier::pair_scores(std::size_t fold) {
  std::array<double, 2> rows{};
  for (std::size_t row = 0; row < sides_.count(); ++row)
    rows[sides_.label(row)] += row % options_.folds == fold ? 0 : 1;
  const auto before = sums_.without(fold, 0), now = sums_.without(fold, 1);
  const auto before_squares = squares_.without(fold, 0), now_squares = squares_.without(fold, 1);
  std::vector<double> scores;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double a = before[i] / rows[0], b = now[i] / rows[1];
    const double variance =
        (before_squares[i] / rows[0] - a * a) / rows[0] + (now_squares[i] / rows[1] - b * b) / rows[1];
    scores.push_back(variance > 0 ? std::abs(a - b) / std::sqrt(variance) : 0);
  }
  return scores;
}

Result<JointClassifier::Columns> JointClassifier::chosen_columns(std::size_t fold) {
  Columns columns;
  for (const std::size_t feature : best(feature_scores(fold), options_.most_features)) {
    columns.push_back({{feature, feature}, &features_[feature]});
  }
  for (const std::size_t chosen : best(pair_scores(fold), options_.most_pairs)) {
    const Place place = pairs_[chosen];
    auto known = products_.find(place);
    if (known == products_.end()) {
      MODELYARD_ASSIGN(Binned column, binned(product(ranks_[place.first], ranks_[place.second]), options_.pair_bins));
      known = products_.emplace(place, std::move(column)).first;
    }
    columns.push_back({place, &known->second});
  }
  return columns;
}

Status JointClassifier::score(const Columns& columns, const LinearModel& model, const Encoded& rows,
                              std::span<const std::uint8_t> labels) {
  std::vector<double> scores;
  std::array<double, 2> sides{};
  for (const std::uint8_t label : labels) sides[label] += 1;
  for (std::size_t row = 0; row < rows.count(); ++row) {
    const auto active = rows.row(row);
    scores.push_back(model(active));
    for (std::size_t i = 0; i < active.size(); ++i) {
      lifts_[columns[i].first] += (labels[row] == 1 ? 1 : -1) * model.weights[active[i]] / sides[labels[row]];
    }
  }
  MODELYARD_ASSIGN(const Score area, roc_auc(scores, labels, options_.alpha));
  auc_ += area.value;
  if (!area.interval) return ok();
  // The interval is one of the log odds.
  const auto log_odds = [](double share) { return std::log(share / (1 - share)); };
  const double error = (log_odds(area.value) - log_odds(area.interval->low)) * area.value * (1 - area.value) /
                       -normal_quantile(options_.alpha / 2);
  variance_ += error * error;
  return ok();
}

Status check(std::size_t reference, std::size_t current, std::size_t width, const JointShiftOptions& options) {
  if (width == 0 || width > JointShift::kMostWidth || reference % width != 0 || current % width != 0) {
    return error(Code::kInvalidArgument, "{} and {} values are no rows of {}, of 1 to {}", reference, current, width,
                 JointShift::kMostWidth);
  }
  const std::size_t least = 2 * options.folds;
  if (options.folds < 2 || reference / width < least || current / width < least) {
    return error(Code::kInvalidArgument, "{} folds need {} rows a side, there are {} and {}", options.folds, least,
                 reference / width, current / width);
  }
  if (options.bins == 0 || options.pair_bins == 0 || options.most_features == 0) {
    return error(Code::kInvalidArgument, "bins, pair_bins and most_features must be at least 1");
  }
  if (options.alpha > 0 && options.alpha < 1) return ok();
  return error(Code::kInvalidArgument, "alpha must be between 0 and 1, not {}", options.alpha);
}

}  // namespace

Result<JointShift> joint_shift(std::span<const double> reference, std::span<const double> current, std::size_t width,
                               const JointShiftOptions& options) {
  MODELYARD_TRY(check(reference.size(), current.size(), width, options));
  const Sides sides(reference, current, width);
  MODELYARD_ASSIGN(JointClassifier classifier, JointClassifier::make(sides, options));
  for (std::size_t fold = 0; fold < options.folds; ++fold) MODELYARD_TRY(classifier.run_fold(fold));
  return classifier.result();
}

}  // namespace modelyard::statistics
