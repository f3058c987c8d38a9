#include "lifecycle/made_up_inputs.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace modelyard::lifecycle {
namespace {

using inference::DataType;
using inference::Tensor;

template <typename T>
void fill(std::span<std::byte> bytes, T (*value_at)(std::size_t)) {
  for (std::size_t i = 0; (i + 1) * sizeof(T) <= bytes.size(); ++i) {
    const T value = value_at(i);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
}

// Numbers of floating kind in -0.5…0.5; integers are 0 or 1, which most indices and flags can be.
void vary(Tensor& tensor) {
  constexpr std::size_t kStep = 7919, kPeriod = 1009;  // primes: no two rows of usual width are alike
  const auto number = []<typename T>(T) {
    return +[](std::size_t i) { return static_cast<T>(static_cast<double>(i * kStep % kPeriod) / kPeriod - 0.5); };
  };
  const auto bit = []<typename T>(T) { return +[](std::size_t i) { return static_cast<T>(i * kStep % kPeriod % 2); }; };
  const std::span<std::byte> bytes = tensor.buffer.bytes();
  switch (tensor.type) {
    case DataType::kFp32: return fill<float>(bytes, number(float{}));
    case DataType::kFp64: return fill<double>(bytes, number(double{}));
    // 1.0 or 0.5, by their bits.
    case DataType::kFp16:
      return fill<std::uint16_t>(
          bytes, [](std::size_t i) -> std::uint16_t { return i * kStep % kPeriod % 2 == 0 ? 0x3c00 : 0x3800; });
    case DataType::kBf16:
      return fill<std::uint16_t>(
          bytes, [](std::size_t i) -> std::uint16_t { return i * kStep % kPeriod % 2 == 0 ? 0x3f80 : 0x3f00; });
    case DataType::kBytes: return;
    default: break;
  }
  switch (inference::element_bytes(tensor.type)) {
    case 1: return fill<std::uint8_t>(bytes, bit(std::uint8_t{}));
    case 2: return fill<std::uint16_t>(bytes, bit(std::uint16_t{}));
    case 4: return fill<std::uint32_t>(bytes, bit(std::uint32_t{}));
    default: return fill<std::uint64_t>(bytes, bit(std::uint64_t{}));
  }
}

}  // namespace

std::vector<Tensor> made_up_inputs(const inference::Signature& signature, std::int64_t rows, MadeUp kind) {
  std::vector<Tensor> inputs;
  for (const inference::TensorSpec& spec : signature.inputs) {
    if (spec.optional) continue;
    Tensor tensor{spec.name, spec.type, spec.shape, {}};
    std::int64_t count = 1;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (tensor.shape[i] == inference::kAnySize) tensor.shape[i] = i == 0 && signature.batched ? rows : 1;
      count *= tensor.shape[i];
    }
    // An empty text is a length of zero: four zero bytes.
    const std::size_t width = spec.type == DataType::kBytes ? 4 : inference::element_bytes(spec.type);
    tensor.buffer = inference::Buffer::allocate(static_cast<std::size_t>(count) * width);
    std::ranges::fill(tensor.buffer.bytes(), std::byte{0});
    if (kind == MadeUp::kVaried) vary(tensor);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::vector<inference::TensorView> views_of(std::span<const Tensor> tensors) {
  std::vector<inference::TensorView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

std::vector<std::size_t> all_outputs(const inference::Signature& signature) {
  std::vector<std::size_t> positions(signature.outputs.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  return positions;
}

}  // namespace modelyard::lifecycle
