#include "statistics/learners/linear_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostColumns = 4096;
constexpr int kMostSteps = 100;

// Lower triangle of a symmetric matrix whose last row and column are the intercept's.
class Normal {
 public:
  explicit Normal(std::size_t columns) : size_(columns + 1), values_(size_ * size_, 0.0), right_(size_, 0.0) {}

  // weight · x xᵀ and weighted target · x, x having ones at the active columns and at the intercept.
  void add(std::span<const std::uint32_t> active, double weight, double right) {
    for (std::size_t i = 0; i < active.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) at(active[i], active[j]) += weight;
      at(size_ - 1, active[i]) += weight;
      right_[active[i]] += right;
    }
    at(size_ - 1, size_ - 1) += weight;
    right_[size_ - 1] += right;
  }
  // l2 on the weights' diagonal; the intercept is free.
  void penalize(double l2, std::span<const double> weights) {
    for (std::size_t i = 0; i + 1 < size_; ++i) {
      at(i, i) += l2;
      if (!weights.empty()) right_[i] -= l2 * weights[i];
    }
  }
  // Cholesky; positive definite by the penalty. Uses the matrix up.
  std::vector<double> solve() {
    for (std::size_t j = 0; j < size_; ++j) {
      for (std::size_t k = 0; k < j; ++k) at(j, j) -= at(j, k) * at(j, k);
      const double pivot = std::sqrt(at(j, j));
      at(j, j) = pivot;
      for (std::size_t i = j + 1; i < size_; ++i) {
        double sum = at(i, j);
        for (std::size_t k = 0; k < j; ++k) sum -= at(i, k) * at(j, k);
        at(i, j) = sum / pivot;
      }
    }
    std::vector<double> x = right_;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t k = 0; k < i; ++k) x[i] -= at(i, k) * x[k];
      x[i] /= at(i, i);
    }
    for (std::size_t i = size_; i-- > 0;) {
      for (std::size_t k = i + 1; k < size_; ++k) x[i] -= at(k, i) * x[k];
      x[i] /= at(i, i);
    }
    return x;
  }

 private:
  double& at(std::size_t i, std::size_t j) { return values_[std::max(i, j) * size_ + std::min(i, j)]; }

  const std::size_t size_;
  std::vector<double> values_, right_;
};

Status check(const Encoded& rows, std::size_t targets, double l2) {
  if (rows.count() == 0) return error(Code::kInvalidArgument, "there are no rows");
  if (rows.count() != targets) return error(Code::kInvalidArgument, "{} rows, {} targets", rows.count(), targets);
  if (rows.columns > kMostColumns) {
    return error(Code::kInvalidArgument, "{} columns, at most {} are fitted", rows.columns, kMostColumns);
  }
  if (!(l2 > 0) || std::isinf(l2)) return error(Code::kInvalidArgument, "the penalty must be above zero, not {}", l2);
  return ok();
}

LinearModel model_of(std::vector<double> solution) {
  LinearModel model;
  model.intercept = solution.back();
  solution.pop_back();
  model.weights = std::move(solution);
  return model;
}

double probability_of(double log_odds) {
  return log_odds >= 0 ? 1 / (1 + std::exp(-log_odds)) : std::exp(log_odds) / (1 + std::exp(log_odds));
}

// −log likelihood and penalty.
double loss_of(const LinearModel& model, const Encoded& rows, std::span<const std::uint8_t> labels, double l2) {
  double loss = 0;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    const double log_odds = model(rows.row(i)), signed_odds = labels[i] == 1 ? log_odds : -log_odds;
    loss += signed_odds > 0 ? std::log1p(std::exp(-signed_odds)) : std::log1p(std::exp(signed_odds)) - signed_odds;
  }
  for (const double weight : model.weights) loss += l2 / 2 * weight * weight;
  return loss;
}

// Halved until the loss falls: Newton's step may be too long far from the end.
LinearModel stepped(const LinearModel& from, const LinearModel& step, double share) {
  LinearModel to = from;
  to.intercept += share * step.intercept;
  for (std::size_t i = 0; i < to.weights.size(); ++i) to.weights[i] += share * step.weights[i];
  return to;
}

}  // namespace

Result<BinnedFeatures> BinnedFeatures::make(std::span<const double> rows, std::size_t width, std::size_t bins) {
  if (width == 0 || rows.empty() || rows.size() % width != 0) {
    return error(Code::kInvalidArgument, "{} values are no rows of {}", rows.size(), width);
  }
  BinnedFeatures features;
  for (std::size_t feature = 0; feature < width; ++feature) {
    Quantiles reference(800);
    for (std::size_t at = feature; at < rows.size(); at += width) reference.add(rows[at]);
    // A feature that is missing everywhere: one edge, so that what comes later is at least not missing.
    auto edges = reference.count() > 0 ? Edges::of_reference(reference, bins) : Edges::make({0});
    if (!edges) return edges.error();
    features.begins_.push_back(static_cast<std::uint32_t>(features.columns_));
    features.columns_ += edges->bins() + 1;
    features.edges_.push_back(std::move(*edges));
  }
  return features;
}

void BinnedFeatures::encode(std::span<const double> row, std::span<std::uint32_t> active) const {
  for (std::size_t i = 0; i < width(); ++i) {
    const std::size_t bin = std::isnan(row[i]) ? edges_[i].bins() : edges_[i].bin_of(row[i]);
    active[i] = begins_[i] + static_cast<std::uint32_t>(bin);
  }
}

std::vector<std::uint32_t> BinnedFeatures::encode_rows(std::span<const double> rows) const {
  std::vector<std::uint32_t> active(rows.size());
  for (std::size_t at = 0; at + width() <= rows.size(); at += width()) {
    encode(rows.subspan(at, width()), std::span(active).subspan(at, width()));
  }
  return active;
}

double LinearModel::operator()(std::span<const std::uint32_t> active) const {
  double sum = intercept;
  for (const std::uint32_t column : active) sum += weights[column];
  return sum;
}

Result<LinearModel> fit_ridge(const Encoded& rows, std::span<const double> targets, double l2) {
  MODELYARD_TRY(check(rows, targets.size(), l2));
  Normal normal(rows.columns);
  for (std::size_t i = 0; i < rows.count(); ++i) {
    if (!std::isfinite(targets[i])) return error(Code::kInvalidArgument, "target {} is not finite", i);
    normal.add(rows.row(i), 1, targets[i]);
  }
  normal.penalize(l2, {});
  return model_of(normal.solve());
}

Result<LinearModel> fit_logistic(const Encoded& rows, std::span<const std::uint8_t> labels, double l2) {
  MODELYARD_TRY(check(rows, labels.size(), l2));
  const auto ones = std::accumulate(labels.begin(), labels.end(), std::size_t{0});
  if (ones == 0 || ones == labels.size()) return error(Code::kInvalidArgument, "all labels are alike");
  LinearModel model{0, std::vector<double>(rows.columns, 0.0)};
  double loss = loss_of(model, rows, labels, l2);
  for (int step = 0; step < kMostSteps; ++step) {
    Normal normal(rows.columns);
    for (std::size_t i = 0; i < rows.count(); ++i) {
      const double probability = probability_of(model(rows.row(i)));
      normal.add(rows.row(i), std::max(probability * (1 - probability), 1e-12), labels[i] - probability);
    }
    normal.penalize(l2, model.weights);
    const LinearModel newton = model_of(normal.solve());
    double share = 1;
    LinearModel next = stepped(model, newton, share);
    double next_loss = loss_of(next, rows, labels, l2);
    for (; next_loss > loss && share > 1e-6; next_loss = loss_of(next, rows, labels, l2)) {
      share /= 2;
      next = stepped(model, newton, share);
    }
    const bool done = loss - next_loss <= 1e-12 * (1 + std::abs(loss));
    if (next_loss <= loss) model = std::move(next);
    if (done) return model;
    loss = next_loss;
  }
  return model;
}

}  // namespace modelyard::statistics
