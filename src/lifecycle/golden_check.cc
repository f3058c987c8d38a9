#include "lifecycle/golden_check.h"

#include <cmath>
#include <cstring>

#include "inference/element.h"

namespace modelyard::lifecycle {
namespace {

using inference::is_floating;
using inference::number_at;
using inference::Tensor;

bool agree(double got, double recorded, const Tolerance& tolerance) {
  if (std::isnan(got) || std::isnan(recorded)) return std::isnan(got) && std::isnan(recorded);
  if (std::isinf(got) || std::isinf(recorded)) return got == recorded;
  return std::abs(got - recorded) <= tolerance.absolute + tolerance.relative * std::abs(recorded);
}

Status compare_numbers(const Tensor& got, const Tensor& recorded, const Tolerance& tolerance, std::string_view what) {
  const std::size_t width = inference::element_bytes(got.type);
  const auto a = got.buffer.bytes(), b = recorded.buffer.bytes();
  for (std::size_t i = 0; i * width < a.size(); ++i) {
    const double x = number_at(got.type, a.data() + i * width), y = number_at(got.type, b.data() + i * width);
    if (agree(x, y, tolerance)) continue;
    return error(Code::kFailedPrecondition,
                 "{}, output '{}', element {}: got {}, recorded {} (tolerance: absolute {}, relative {})", what,
                 got.name, i, x, y, tolerance.absolute, tolerance.relative);
  }
  return ok();
}

Status compare_tensor(const Tensor& got, const Tensor& recorded, const Tolerance& tolerance, std::string_view what) {
  if (got.type != recorded.type || got.shape != recorded.shape) {
    return error(Code::kFailedPrecondition, "{}, output '{}': got {} {}, recorded {} {}", what, got.name,
                 inference::data_type_name(got.type), inference::format_shape(got.shape),
                 inference::data_type_name(recorded.type), inference::format_shape(recorded.shape));
  }
  if (is_floating(got.type)) return compare_numbers(got, recorded, tolerance, what);
  const auto a = got.buffer.bytes(), b = recorded.buffer.bytes();
  if (a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0)) return ok();
  return error(Code::kFailedPrecondition, "{}, output '{}': the values differ from the recorded ones", what, got.name);
}

}  // namespace

Status compare_outputs(const Golden& golden, std::size_t sample, std::span<const Tensor> got) {
  return compare_outputs(golden, golden.samples[sample].outputs, got, fmt::format("golden sample {}", sample));
}

Status compare_outputs(const Golden& tolerances, std::span<const Tensor> recorded, std::span<const Tensor> got,
                       std::string_view what) {
  for (const Tensor& wanted : recorded) {
    const Tensor* found = nullptr;
    for (const Tensor& candidate : got) {
      if (candidate.name == wanted.name) found = &candidate;
    }
    if (!found) return error(Code::kFailedPrecondition, "{}: the model has no output '{}'", what, wanted.name);
    const auto own = tolerances.by_output.find(wanted.name);
    const bool has_own = own != tolerances.by_output.end();
    MODELYARD_TRY(compare_tensor(*found, wanted, has_own ? own->second : tolerances.tolerance, what));
  }
  return ok();
}

}  // namespace modelyard::lifecycle
