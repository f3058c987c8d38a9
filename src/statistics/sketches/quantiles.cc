#include "statistics/sketches/quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint32_t kLeastCapacity = 8;
constexpr std::size_t kMostLevels = 60;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Quantiles::Quantiles(std::uint32_t k, std::uint64_t seed)
    : k_(k), random_(seed), smallest_(kInfinity), largest_(-kInfinity), items_(k), begins_{k, k} {
  MODELYARD_CHECK(k >= kLeastK && k <= kMostK, "k of a quantile sketch is out of bounds");
}

// The top level has room for k, each one below for two thirds of the one above.
std::uint32_t Quantiles::capacity(std::size_t level) const {
  double room = k_;
  for (std::size_t above = level + 1; above < levels() && room > kLeastCapacity; ++above) room *= 2.0 / 3;
  return std::max(kLeastCapacity, static_cast<std::uint32_t>(std::ceil(room)));
}

std::size_t Quantiles::whole_capacity() const {
  std::size_t sum = 0;
  for (std::size_t level = 0; level < levels(); ++level) sum += capacity(level);
  return sum;
}

bool Quantiles::next_bit() {
  random_ += 0x9e3779b97f4a7c15;  // splitmix64
  std::uint64_t mixed = (random_ ^ (random_ >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return ((mixed >> 31) & 1) != 0;
}

void Quantiles::add(double value) {
  if (!std::isfinite(value)) return;
  if (begins_.front() == 0) make_room();
  items_[--begins_.front()] = value;
  ++count_;
  smallest_ = std::min(smallest_, value);
  largest_ = std::max(largest_, value);
}

// Compacts the lowest level that is full; there is one, for the whole is.
void Quantiles::make_room() {
  std::size_t level = 0;
  while (population(level) < capacity(level)) ++level;
  if (level + 1 == levels()) add_level();
  compact(level);
}

void Quantiles::add_level() {
  const auto end = begins_.back();
  begins_.push_back(end);
  const std::size_t room = whole_capacity();
  if (room <= items_.size()) return;
  const auto shift = static_cast<std::uint32_t>(room - items_.size());
  items_.insert(items_.begin(), shift, 0.0);
  for (auto& begin : begins_) begin += shift;
}

// Half of the level, every other one of its sorted items, moves into the level above with doubled weight.
void Quantiles::compact(std::size_t level) {
  const std::uint32_t front = begins_.front(), begin = begins_[level], end = begins_[level + 1];
  const std::uint32_t above_end = begins_[level + 2];
  const std::uint32_t odd = (end - begin) % 2, half = (end - begin) / 2;
  double* const items = items_.data();
  if (level == 0) std::sort(items + begin, items + end);
  const double left_over = items[begin];  // stays, when the number is odd
  double* const from = items + begin + odd;
  const std::uint32_t offset = next_bit() ? 1 : 0;
  for (std::uint32_t i = 0; i < half; ++i) from[i] = from[2 * i + offset];
  // Merged with the level above to end where that ends; writing never overtakes what is still to be read.
  double* out = from + half;
  const double *a = from, *b = items + end;
  while (a != from + half && b != items + above_end) *out++ = *b < *a ? *b++ : *a++;
  while (a != from + half) *out++ = *a++;
  begins_[level + 1] = end - half;
  begins_[level] = begins_[level + 1] - odd;
  if (odd != 0) items[begins_[level]] = left_over;
  // The levels below follow, so that the room is in front.
  std::move_backward(items + front, items + begin, items + begins_[level]);
  for (std::size_t below = 0; below < level; ++below) begins_[below] += half;
}

Status Quantiles::merge(const Quantiles& other) {
  if (other.count_ == 0) return ok();
  if (other.count_ > kMostCount - count_) return error(Code::kInvalidArgument, "quantiles: more than 2^48 values");
  k_ = std::min(k_, other.k_);
  std::vector<std::vector<double>> parts(std::max(levels(), other.levels()));
  const auto take = [&](const Quantiles& from) {
    for (std::size_t level = 0; level < from.levels(); ++level) {
      parts[level].insert(parts[level].end(), from.items_.begin() + from.begins_[level],
                          from.items_.begin() + from.begins_[level + 1]);
    }
  };
  take(*this);
  take(other);
  std::size_t all = 0;
  for (std::size_t level = 0; level < parts.size(); ++level) {
    if (level > 0) std::sort(parts[level].begin(), parts[level].end());
    all += parts[level].size();
  }
  begins_.assign(parts.size() + 1, 0);
  items_.assign(std::max(all, whole_capacity()), 0.0);
  auto at = static_cast<std::uint32_t>(items_.size() - all);
  for (std::size_t level = 0; level < parts.size(); ++level) {
    begins_[level] = at;
    std::copy(parts[level].begin(), parts[level].end(), items_.begin() + at);
    at += static_cast<std::uint32_t>(parts[level].size());
  }
  begins_.back() = at;
  while (kept() > whole_capacity()) make_room();
  // What a smaller k does not need is given back.
  const auto spare = static_cast<std::uint32_t>(items_.size() - whole_capacity());
  items_.erase(items_.begin(), items_.begin() + spare);
  for (auto& begin : begins_) begin -= spare;
  count_ += other.count_;
  smallest_ = std::min(smallest_, other.smallest_);
  largest_ = std::max(largest_, other.largest_);
  return ok();
}

double Quantiles::rank_error() const {
  return count_ <= k_ && levels() == 1 ? 0 : 2.296 / std::pow(k_, 0.9723);
}

double Quantiles::difference_error() const {
  return count_ <= k_ && levels() == 1 ? 0 : 2.446 / std::pow(k_, 0.9433);
}

std::vector<std::pair<double, double>> Quantiles::distribution() const {
  std::vector<std::pair<double, double>> sorted;
  sorted.reserve(kept());
  for (std::size_t level = 0; level < levels(); ++level) {
    const double weight = std::ldexp(1.0, static_cast<int>(level)) / static_cast<double>(count_);
    for (std::uint32_t i = begins_[level]; i < begins_[level + 1]; ++i) sorted.emplace_back(items_[i], weight);
  }
  std::sort(sorted.begin(), sorted.end());
  double share = 0;
  for (auto& [value, weight] : sorted) weight = share += weight;
  return sorted;
}

double Quantiles::rank(double value) const {
  if (count_ == 0 || std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  std::uint64_t below = 0;
  for (std::size_t level = 0; level < levels(); ++level) {
    const auto begin = items_.begin() + begins_[level], end = items_.begin() + begins_[level + 1];
    const auto reached = level == 0 ? std::count_if(begin, end, [&](double item) { return item <= value; })
                                    : std::upper_bound(begin, end, value) - begin;
    below += static_cast<std::uint64_t>(reached) << level;
  }
  return static_cast<double>(below) / static_cast<double>(count_);
}

double Quantiles::quantile(double share) const {
  if (count_ == 0 || std::isnan(share)) return std::numeric_limits<double>::quiet_NaN();
  if (share <= 0) return smallest_;
  if (share >= 1) return largest_;
  const auto sorted = distribution();
  const auto reaches = [](const std::pair<double, double>& entry, double wanted) { return entry.second < wanted; };
  // A share that is met exactly may have been summed up a little below.
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), share - 1e-12, reaches);
  return found == sorted.end() ? largest_ : found->first;
}

std::string Quantiles::serialize() const {
  SketchWriter writer(SketchKind::kQuantiles, kVersion);
  writer.put(k_);
  writer.put(random_);
  writer.put(count_);
  writer.put(smallest_);
  writer.put(largest_);
  writer.put(static_cast<std::uint8_t>(levels()));
  for (std::size_t level = 0; level < levels(); ++level) {
    writer.put(static_cast<std::uint32_t>(population(level)));
    for (std::uint32_t i = begins_[level]; i < begins_[level + 1]; ++i) writer.put(items_[i]);
  }
  return std::move(writer).finish();
}

Result<Quantiles> Quantiles::parse(std::string_view bytes) {
  MODELYARD_ASSIGN(SketchReader reader, SketchReader::open(bytes, "quantiles", SketchKind::kQuantiles, kVersion));
  MODELYARD_ASSIGN(const auto k, reader.take<std::uint32_t>());
  if (k < kLeastK || k > kMostK) return reader.damaged("its k is out of bounds");
  Quantiles sketch(k);
  MODELYARD_ASSIGN(sketch.random_, reader.take<std::uint64_t>());
  MODELYARD_ASSIGN(sketch.count_, reader.take<std::uint64_t>());
  MODELYARD_ASSIGN(sketch.smallest_, reader.take<double>());
  MODELYARD_ASSIGN(sketch.largest_, reader.take<double>());
  const bool empty = sketch.count_ == 0 && sketch.smallest_ == kInfinity && sketch.largest_ == -kInfinity;
  const bool ordered = std::isfinite(sketch.smallest_) && std::isfinite(sketch.largest_);
  if (sketch.count_ > kMostCount) return reader.damaged("its count is out of bounds");
  if (!empty && (sketch.count_ == 0 || !ordered)) return reader.damaged("its extremes contradict its count");
  MODELYARD_ASSIGN(const auto levels, reader.take<std::uint8_t>());
  if (levels == 0 || levels > kMostLevels) return reader.damaged("its levels are out of bounds");
  std::vector<double> items;
  std::vector<std::uint32_t> ends;
  std::uint64_t weight = 0;
  for (std::size_t level = 0; level < levels; ++level) {
    MODELYARD_ASSIGN(const std::size_t size, reader.take_count(sizeof(double)));
    for (std::size_t i = 0; i < size; ++i) {
      MODELYARD_ASSIGN(const double item, reader.take<double>());
      const bool sorted = level == 0 || i == 0 || items.back() <= item;
      if (!(sketch.smallest_ <= item && item <= sketch.largest_ && std::isfinite(item) && sorted)) {
        return reader.damaged("an item is out of order");
      }
      items.push_back(item);
    }
    if (size > (sketch.count_ - weight) >> level) return reader.damaged("its items do not make its count");
    weight += static_cast<std::uint64_t>(size) << level;
    ends.push_back(static_cast<std::uint32_t>(items.size()));
  }
  MODELYARD_TRY(reader.finish());
  sketch.begins_.assign(std::size_t{levels} + 1, 0);
  const std::size_t room = sketch.whole_capacity();
  if (weight != sketch.count_ || items.size() > room) return reader.damaged("its items do not make its count");
  const auto free = static_cast<std::uint32_t>(room - items.size());
  sketch.items_.assign(room, 0.0);
  std::copy(items.begin(), items.end(), sketch.items_.begin() + free);
  for (std::size_t level = 0; level <= levels; ++level)
    sketch.begins_[level] = free + (level == 0 ? 0 : ends[level - 1]);
  return sketch;
}

}  // namespace modelyard::statistics
