#include "backend/onnx/engine_handles.h"

#include <array>

#include "backend/onnx/engine_message.h"

namespace modelyard::backend {
namespace {

using inference::DataType;

// In the order of DataType.
constexpr std::array<ONNXTensorElementDataType, inference::kDataTypes> kElementTypes{
    ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,   ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,   ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,  ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING};

}  // namespace

Status engine_status(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return ok();
  const OrtErrorCode code = api.GetErrorCode(status);
  const std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  const bool input_is_wrong = code == ORT_INVALID_ARGUMENT || code == ORT_INVALID_PROTOBUF ||
                              code == ORT_INVALID_GRAPH || code == ORT_NO_SUCHFILE;
  const Code ours = input_is_wrong                ? Code::kInvalidArgument
                    : code == ORT_NOT_IMPLEMENTED ? Code::kUnimplemented
                                                  : Code::kInternal;
  return error(ours, "ONNX Runtime: {}", plain_message(message));
}

DataType data_type_of(ONNXTensorElementDataType type, bool& known) {
  for (std::size_t i = 0; i < kElementTypes.size(); ++i) {
    if (kElementTypes[i] == type) {
      known = true;
      return static_cast<DataType>(i);
    }
  }
  known = false;
  return DataType::kBytes;
}

ONNXTensorElementDataType element_type_of(DataType type) {
  return kElementTypes[static_cast<std::size_t>(type)];
}

}  // namespace modelyard::backend
