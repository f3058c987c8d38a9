// RAII over ONNX Runtime's C objects, and its status turned into an Error. Private to this folder.
#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "inference/data_type.h"

namespace modelyard::backend {

// Releases an object by the API's own function for its kind.
template <typename T>
class EngineHandle {
 public:
  using Release = void(ORT_API_CALL*)(T*);

  EngineHandle() = default;
  EngineHandle(T* object, Release how) : object_(object), release_(how) {}
  EngineHandle(EngineHandle&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)), release_(other.release_) {}
  EngineHandle& operator=(EngineHandle&& other) noexcept {
    std::swap(object_, other.object_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~EngineHandle() {
    if (object_ != nullptr) release_(object_);
  }

  T* get() const { return object_; }
  T* release() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
  Release release_ = nullptr;
};

// Takes the status; ok when it is null.
Status engine_status(const OrtApi& api, OrtStatus* status);

inference::DataType data_type_of(ONNXTensorElementDataType type, bool& known);
ONNXTensorElementDataType element_type_of(inference::DataType type);

}  // namespace modelyard::backend
