#include "statistics/sketches/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr double kMostCount = 1e300;  // two of them can be added, to be refused then

}  // namespace

Result<Edges> Edges::make(std::vector<double> edges) {
  if (edges.empty() || edges.size() > kMost) {
    return error(Code::kInvalidArgument, "1 to {} edges are needed, not {}", kMost, edges.size());
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!std::isfinite(edges[i]) || (i > 0 && !(edges[i - 1] < edges[i]))) {
      return error(Code::kInvalidArgument, "edge {} ({}) is not above the one before, or not finite", i, edges[i]);
    }
  }
  return Edges(std::move(edges));
}

Result<Edges> Edges::of_reference(const Quantiles& reference, std::size_t bins) {
  if (reference.count() == 0) return error(Code::kNotFound, "the reference has no values");
  if (bins == 0 || bins >= kMost / 2) return error(Code::kInvalidArgument, "1 to {} bins, not {}", kMost / 2 - 1, bins);
  const auto behind = [](double value) { return std::nextafter(value, std::numeric_limits<double>::infinity()); };
  std::vector<double> edges{reference.smallest()};
  double before = reference.smallest();
  for (std::size_t i = 1; i < bins; ++i) {
    const double value = reference.quantile(static_cast<double>(i) / static_cast<double>(bins));
    if (value == before) edges.push_back(behind(value));  // it has more than a bin's share: a bin for itself
    edges.push_back(value);
    before = value;
  }
  edges.push_back(behind(reference.largest()));
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  if (std::isinf(edges.back())) edges.pop_back();  // nothing lies behind the largest number there is
  return make(std::move(edges));
}

std::size_t Edges::bin_of(double value) const {
  return static_cast<std::size_t>(std::upper_bound(values_.begin(), values_.end(), value) - values_.begin());
}

void Histogram::add(double value, double weight) {
  (std::isnan(value) ? missing_ : counts_[edges_->bin_of(value)]) += weight;
}

Status Histogram::merge(const Histogram& other) {
  if (!std::ranges::equal(edges_->values(), other.edges_->values())) {
    return error(Code::kInvalidArgument, "histogram: the edges differ");
  }
  bool fits = missing_ + other.missing_ <= kMostCount;
  for (std::size_t i = 0; i < counts_.size(); ++i) fits = fits && counts_[i] + other.counts_[i] <= kMostCount;
  if (!fits) return error(Code::kInvalidArgument, "histogram: a count above {}", kMostCount);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  missing_ += other.missing_;
  return ok();
}

void Histogram::scale(double factor) {
  for (double& count : counts_) count *= factor;
  missing_ *= factor;
}

double Histogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), 0.0);
}

std::string Histogram::serialize() const {
  SketchWriter writer(SketchKind::kHistogram, kVersion);
  writer.put(static_cast<std::uint32_t>(edges_->values().size()));
  for (const double edge : edges_->values()) writer.put(edge);
  for (const double count : counts_) writer.put(count);
  writer.put(missing_);
  return std::move(writer).finish();
}

Result<Histogram> Histogram::parse(std::string_view bytes) {
  MODELYARD_ASSIGN(SketchReader reader, SketchReader::open(bytes, "histogram", SketchKind::kHistogram, kVersion));
  MODELYARD_ASSIGN(const std::size_t size, reader.take_count(sizeof(double)));
  std::vector<double> edges(std::min(size, Edges::kMost + 1));
  for (double& edge : edges) {
    MODELYARD_ASSIGN(edge, reader.take<double>());
  }
  MODELYARD_ASSIGN(Edges checked, Edges::make(std::move(edges)));
  Histogram histogram(std::make_shared<const Edges>(std::move(checked)));
  const auto take = [&](double& count) -> Status {
    MODELYARD_ASSIGN(count, reader.take<double>());
    return count >= 0 && count <= kMostCount ? ok() : Status(reader.damaged("a count is out of bounds"));
  };
  for (double& count : histogram.counts_) MODELYARD_TRY(take(count));
  MODELYARD_TRY(take(histogram.missing_));
  MODELYARD_TRY(reader.finish());
  return histogram;
}

}  // namespace modelyard::statistics
