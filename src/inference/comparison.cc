#include "inference/comparison.h"

#include <algorithm>
#include <cmath>

#include "inference/element.h"

namespace modelyard::inference {
namespace {

bool near(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= kLeastStep + tolerance * std::abs(b);
}

bool alike(const Tensor& a, const Tensor& b, double tolerance) {
  if (a.type != b.type || a.shape != b.shape) return false;
  const auto left = a.buffer.bytes(), right = b.buffer.bytes();
  if (!is_floating(a.type)) return std::ranges::equal(left, right);
  const std::size_t width = element_bytes(a.type);
  for (std::size_t at = 0; at < left.size(); at += width) {
    if (!near(number_at(a.type, &left[at]), number_at(b.type, &right[at]), tolerance)) return false;
  }
  return true;
}

bool is_decision(const Tensor& output) {
  return !is_floating(output.type);
}

}  // namespace

bool answer_alike(std::span<const Tensor> a, std::span<const Tensor> b, double tolerance) {
  const bool decide = std::ranges::any_of(a, is_decision);
  return std::ranges::all_of(a, [&](const Tensor& mine) {
    if (decide && !is_decision(mine)) return true;
    const auto other = std::ranges::find(b, mine.name, &Tensor::name);
    return other != b.end() && alike(mine, *other, tolerance);
  });
}

bool has_nonfinite(std::span<const Tensor> outputs, std::size_t most) {
  return std::ranges::any_of(outputs, [&](const Tensor& output) {
    if (!is_floating(output.type)) return false;
    const std::size_t width = element_bytes(output.type);
    const auto bytes = output.buffer.bytes().first(std::min(output.buffer.bytes().size() / width, most) * width);
    for (std::size_t at = 0; at < bytes.size(); at += width) {
      if (!std::isfinite(number_at(output.type, &bytes[at]))) return true;
    }
    return false;
  });
}

}  // namespace modelyard::inference
