#include "statistics/sketches/moments.h"

#include <algorithm>
#include <cmath>

#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Moments::add(double value) {
  if (!(std::abs(value) <= kLargest)) {
    ++(std::isnan(value) ? missing_ : infinite_);
    return;
  }
  const auto before = static_cast<double>(count_++), n = before + 1;
  const double gap = value - mean_, step = gap / n, square = step * step, term = gap * step * before;
  mean_ += step;
  m4_ += term * square * (n * n - 3 * n + 3) + 6 * square * m2_ - 4 * step * m3_;
  m3_ += term * step * (n - 2) - 3 * step * m2_;
  m2_ += term;
  smallest_ = std::min(smallest_, value);
  largest_ = std::max(largest_, value);
}

Status Moments::merge(const Moments& other) {
  if (other.rows() > kMostCount - rows()) return error(Code::kInvalidArgument, "moments: more than 2^48 values");
  missing_ += other.missing_;
  infinite_ += other.infinite_;
  if (other.count_ == 0) return ok();
  const auto a = static_cast<double>(count_), b = static_cast<double>(other.count_), n = a + b;
  const double gap = other.mean_ - mean_, part = gap / n;
  m4_ += other.m4_ + gap * part * part * part * a * b * (a * a - a * b + b * b) +
         6 * part * part * (a * a * other.m2_ + b * b * m2_) + 4 * part * (a * other.m3_ - b * m3_);
  m3_ += other.m3_ + gap * part * part * a * b * (a - b) + 3 * part * (a * other.m2_ - b * m2_);
  m2_ += other.m2_ + gap * part * a * b;
  mean_ += part * b;
  count_ += other.count_;
  smallest_ = std::min(smallest_, other.smallest_);
  largest_ = std::max(largest_, other.largest_);
  return ok();
}

double Moments::mean() const {
  return count_ > 0 ? mean_ : kNaN;
}

double Moments::variance() const {
  return count_ > 1 ? m2_ / static_cast<double>(count_ - 1) : kNaN;
}

double Moments::population_variance() const {
  return count_ > 0 ? m2_ / static_cast<double>(count_) : kNaN;
}

double Moments::skewness() const {
  if (count_ < 2 || m2_ == 0) return kNaN;
  return std::sqrt(static_cast<double>(count_)) * m3_ / std::pow(m2_, 1.5);
}

double Moments::excess_kurtosis() const {
  if (count_ < 2 || m2_ == 0) return kNaN;
  return static_cast<double>(count_) * m4_ / (m2_ * m2_) - 3;
}

bool Moments::is_plausible() const {
  for (const std::uint64_t count : {count_, missing_, infinite_}) {
    if (count > kMostCount) return false;
  }
  if (rows() > kMostCount) return false;
  if (count_ == 0) {
    const Moments nothing;
    return mean_ == 0 && m2_ == 0 && m3_ == 0 && m4_ == 0 && smallest_ == nothing.smallest_ &&
           largest_ == nothing.largest_;
  }
  const double farthest = std::max(std::abs(smallest_), std::abs(largest_));
  if (!(smallest_ <= largest_ && farthest <= kLargest)) return false;
  const double rounding = 1e-9 * farthest, range = largest_ - smallest_ + rounding;
  const auto n = static_cast<double>(count_);
  return mean_ >= smallest_ - rounding && mean_ <= largest_ + rounding && m2_ >= 0 && m2_ <= n * range * range &&
         std::abs(m3_) <= n * range * range * range && std::abs(m4_) <= n * range * range * range * range;
}

std::string Moments::serialize() const {
  SketchWriter writer(SketchKind::kMoments, kVersion);
  for (const std::uint64_t count : {count_, missing_, infinite_}) writer.put(count);
  for (const double number : {mean_, m2_, m3_, m4_, smallest_, largest_}) writer.put(number);
  return std::move(writer).finish();
}

Result<Moments> Moments::parse(std::string_view bytes) {
  MODELYARD_ASSIGN(SketchReader reader, SketchReader::open(bytes, "moments", SketchKind::kMoments, kVersion));
  Moments moments;
  for (std::uint64_t* count : {&moments.count_, &moments.missing_, &moments.infinite_}) {
    MODELYARD_ASSIGN(*count, reader.take<std::uint64_t>());
  }
  for (double* number : {&moments.mean_, &moments.m2_, &moments.m3_, &moments.m4_}) {
    MODELYARD_ASSIGN(*number, reader.take<double>());
    if (!std::isfinite(*number)) return reader.damaged("a moment is not finite");
  }
  MODELYARD_ASSIGN(moments.smallest_, reader.take<double>());
  MODELYARD_ASSIGN(moments.largest_, reader.take<double>());
  if (!moments.is_plausible()) return reader.damaged("its figures contradict each other");
  MODELYARD_TRY(reader.finish());
  return moments;
}

}  // namespace modelyard::statistics
