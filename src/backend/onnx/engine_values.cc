#include "backend/onnx/engine_values.h"

#include <cstring>

namespace modelyard::backend {
namespace {

using inference::DataType;

Status take_text(const OrtApi& api, const OrtValue& value, std::size_t count, inference::Tensor& tensor) {
  std::size_t total = 0;
  MODELYARD_TRY(engine_status(api, api.GetStringTensorDataLength(&value, &total)));
  std::string content(total, '\0');
  std::vector<std::size_t> offsets(count);
  if (count > 0) {
    MODELYARD_TRY(
        engine_status(api, api.GetStringTensorContent(&value, content.data(), total, offsets.data(), offsets.size())));
  }
  tensor.buffer = inference::Buffer::allocate(total + count * sizeof(std::uint32_t));
  std::byte* at = tensor.buffer.bytes().data();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? offsets[i + 1] : total;
    const auto length = static_cast<std::uint32_t>(end - offsets[i]);
    std::memcpy(at, &length, sizeof length);
    std::memcpy(at + sizeof length, content.data() + offsets[i], length);
    at += sizeof length + length;
  }
  return ok();
}

// The number of elements of a tensor value, which is written to shape and type.
Result<std::size_t> read_shape(const OrtApi& api, const OrtValue& value, inference::Tensor& tensor) {
  OrtTensorTypeAndShapeInfo* info = nullptr;
  MODELYARD_TRY(engine_status(api, api.GetTensorTypeAndShape(&value, &info)));
  const EngineHandle<OrtTensorTypeAndShapeInfo> owner(info, api.ReleaseTensorTypeAndShapeInfo);
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  MODELYARD_TRY(engine_status(api, api.GetTensorElementType(info, &element)));
  bool known = false;
  tensor.type = data_type_of(element, known);
  if (!known) return error(Code::kInternal, "output '{}' changed to an unknown type", tensor.name);
  std::size_t rank = 0, count = 0;
  MODELYARD_TRY(engine_status(api, api.GetDimensionsCount(info, &rank)));
  tensor.shape.resize(rank);
  MODELYARD_TRY(engine_status(api, api.GetDimensions(info, tensor.shape.data(), rank)));
  MODELYARD_TRY(engine_status(api, api.GetTensorShapeElementCount(info, &count)));
  return count;
}

// Values of one row's map, copied behind `row`.
Status take_map(const OrtApi& api, const OrtValue& map, OrtAllocator* allocator, std::vector<float>& values,
                std::size_t& columns) {
  OrtValue* element = nullptr;
  MODELYARD_TRY(engine_status(api, api.GetValue(&map, 1, allocator, &element)));
  EngineHandle<OrtValue> owner(element, api.ReleaseValue);
  inference::Tensor row;
  MODELYARD_ASSIGN(columns, read_shape(api, *element, row));
  void* memory = nullptr;
  MODELYARD_TRY(engine_status(api, api.GetTensorMutableData(element, &memory)));
  const auto* first = static_cast<const float*>(memory);
  values.insert(values.end(), first, first + columns);
  return ok();
}

}  // namespace

Status take_tensor(const OrtApi& api, EngineHandle<OrtValue> value, inference::Tensor& tensor) {
  MODELYARD_ASSIGN(const std::size_t count, read_shape(api, *value.get(), tensor));
  if (tensor.type == DataType::kBytes) return take_text(api, *value.get(), count, tensor);
  void* memory = nullptr;
  MODELYARD_TRY(engine_status(api, api.GetTensorMutableData(value.get(), &memory)));
  const std::size_t size = count * inference::element_bytes(tensor.type);
  OrtValue* kept = value.release();
  tensor.buffer =
      inference::Buffer::adopt({static_cast<std::byte*>(memory), size}, [&api, kept] { api.ReleaseValue(kept); });
  return ok();
}

Status take_sequence_of_maps(const OrtApi& api, const OrtValue& value, OrtAllocator* allocator,
                             inference::Tensor& tensor) {
  std::size_t rows = 0, columns = 0;
  MODELYARD_TRY(engine_status(api, api.GetValueCount(&value, &rows)));
  std::vector<float> values;
  for (std::size_t i = 0; i < rows; ++i) {
    OrtValue* map = nullptr;
    MODELYARD_TRY(engine_status(api, api.GetValue(&value, static_cast<int>(i), allocator, &map)));
    const EngineHandle<OrtValue> owner(map, api.ReleaseValue);
    const std::size_t before = columns;
    MODELYARD_TRY(take_map(api, *map, allocator, values, columns));
    if (i > 0 && columns != before) {
      return error(Code::kInternal, "output '{}': rows have {} and {} classes", tensor.name, before, columns);
    }
  }
  tensor.type = DataType::kFp32;
  tensor.shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  tensor.buffer = inference::Buffer::allocate(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(tensor.buffer.bytes().data(), values.data(), values.size() * sizeof(float));
  return ok();
}

}  // namespace modelyard::backend
