#include "backend/onnx/onnx_context.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>

#include "backend/onnx/engine_values.h"

namespace modelyard::backend {
namespace {

using inference::DataType;
using inference::TensorView;

bool is_aligned(const TensorView& tensor) {
  const std::size_t alignment = inference::element_bytes(tensor.type);
  return reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignment == 0;
}

Status check_booleans(const TensorView& tensor) {
  const bool clean =
      std::all_of(tensor.bytes.begin(), tensor.bytes.end(), [](std::byte value) { return value <= std::byte{1}; });
  if (clean) return ok();
  return error(Code::kInvalidArgument, "input '{}': a BOOL is 0 or 1", tensor.name);
}

// The shape an output will have, when the signature leaves nothing open but the rows.
bool told_shape(const inference::TensorSpec& spec, bool batched, std::int64_t rows, inference::Shape& shape) {
  shape = spec.shape;
  if (batched && !shape.empty()) shape.front() = rows;
  return spec.type != DataType::kBytes && std::find(shape.begin(), shape.end(), inference::kAnySize) == shape.end();
}

}  // namespace

OnnxModel::~OnnxModel() {
  session_.reset();
  // The engine's memory goes back to the system now, not at some later allocation.
  ::malloc_trim(0);
}

Result<std::unique_ptr<ExecutionContext>> OnnxModel::new_context() {
  return OnnxContext::create(session_);
}

OnnxContext::OnnxContext(std::shared_ptr<const OnnxSession> session)
    : session_(std::move(session)), api_(*session_->api), shape_is_told_(session_->signature.outputs.size(), true) {}

Result<std::unique_ptr<ExecutionContext>> OnnxContext::create(std::shared_ptr<const OnnxSession> session) {
  std::unique_ptr<OnnxContext> context(new OnnxContext(std::move(session)));
  const OrtApi& api = context->api_;
  MODELYARD_TRY(engine_status(api, api.GetAllocatorWithDefaultOptions(&context->allocator_)));
  OrtIoBinding* binding = nullptr;
  MODELYARD_TRY(engine_status(api, api.CreateIoBinding(context->session_->session.get(), &binding)));
  context->binding_ = {binding, api.ReleaseIoBinding};
  OrtRunOptions* options = nullptr;
  MODELYARD_TRY(engine_status(api, api.CreateRunOptions(&options)));
  context->options_ = {options, api.ReleaseRunOptions};
  return std::unique_ptr<ExecutionContext>(std::move(context));
}

Result<EngineHandle<OrtValue>> OnnxContext::make_text_input(const TensorView& input) {
  OrtValue* value = nullptr;
  MODELYARD_TRY(engine_status(api_, api_.CreateTensorAsOrtValue(allocator_, input.shape.data(), input.shape.size(),
                                                                ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &value)));
  EngineHandle<OrtValue> owner(value, api_.ReleaseValue);
  std::size_t index = 0;
  Status outcome = ok();
  inference::for_each_bytes_element(input.bytes, [&](std::string_view text) {
    if (!outcome) return;
    char* memory = nullptr;
    // Sized buffers, not C strings: an element may hold any byte.
    outcome = engine_status(api_, api_.GetResizedStringTensorElementBuffer(value, index++, text.size(), &memory));
    if (outcome && !text.empty()) std::memcpy(memory, text.data(), text.size());
  });
  MODELYARD_TRY(outcome);
  return owner;
}

Result<EngineHandle<OrtValue>> OnnxContext::make_input(const TensorView& input) {
  if (input.type == DataType::kBytes) return make_text_input(input);
  if (input.type == DataType::kBool) MODELYARD_TRY(check_booleans(input));
  std::span<const std::byte> bytes = input.bytes;
  if (bytes.empty() || !is_aligned(input)) {
    copies_.push_back(inference::Buffer::allocate(bytes.size()));
    if (!bytes.empty()) std::memcpy(copies_.back().bytes().data(), bytes.data(), bytes.size());
    bytes = copies_.back().bytes();
  }
  OrtValue* value = nullptr;
  // The engine's interface lacks const; inputs are only read.
  MODELYARD_TRY(engine_status(api_, api_.CreateTensorWithDataAsOrtValue(
                                        session_->cpu.get(), const_cast<std::byte*>(bytes.data()), bytes.size(),
                                        input.shape.data(), input.shape.size(), element_type_of(input.type), &value)));
  return EngineHandle<OrtValue>(value, api_.ReleaseValue);
}

Status OnnxContext::bind_inputs(std::span<const TensorView> inputs) {
  for (const TensorView& input : inputs) {
    MODELYARD_ASSIGN(EngineHandle<OrtValue> value, make_input(input));
    const auto position = session_->signature.find_input(input.name);
    MODELYARD_CHECK(position.has_value(), "inputs were checked against the signature");
    const std::string& name = session_->signature.inputs[*position].name;  // zero-terminated
    MODELYARD_TRY(engine_status(api_, api_.BindInput(binding_.get(), name.c_str(), value.get())));
    input_values_.push_back(std::move(value));
  }
  return ok();
}

Status OnnxContext::bind_outputs(std::span<const std::size_t> wanted, std::int64_t rows,
                                 std::vector<inference::Tensor>& outputs) {
  outputs.resize(wanted.size());
  preallocated_.clear();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const inference::TensorSpec& spec = session_->signature.outputs[wanted[i]];
    inference::Tensor& tensor = outputs[i];
    tensor.name = spec.name;
    tensor.type = spec.type;
    const bool told = shape_is_told_[wanted[i]] && session_->forms[wanted[i]] == OutputForm::kTensor &&
                      told_shape(spec, session_->signature.batched, rows, tensor.shape);
    preallocated_.push_back(told);
    if (!told) {
      MODELYARD_TRY(
          engine_status(api_, api_.BindOutputToDevice(binding_.get(), spec.name.c_str(), session_->cpu.get())));
      continue;
    }
    MODELYARD_ASSIGN(const std::int64_t count, inference::element_count(tensor.shape));
    tensor.buffer.resize(static_cast<std::size_t>(count) * inference::element_bytes(spec.type));
    OrtValue* value = nullptr;
    MODELYARD_TRY(engine_status(
        api_, api_.CreateTensorWithDataAsOrtValue(session_->cpu.get(), tensor.buffer.bytes().data(),
                                                  tensor.buffer.bytes().size(), tensor.shape.data(),
                                                  tensor.shape.size(), element_type_of(spec.type), &value)));
    input_values_.emplace_back(value, api_.ReleaseValue);
    MODELYARD_TRY(engine_status(api_, api_.BindOutput(binding_.get(), spec.name.c_str(), value)));
  }
  return ok();
}

Status OnnxContext::collect_outputs(std::span<const std::size_t> wanted, std::vector<inference::Tensor>& outputs) {
  if (std::find(preallocated_.begin(), preallocated_.end(), false) == preallocated_.end()) return ok();
  OrtValue** values = nullptr;
  std::size_t count = 0;
  MODELYARD_TRY(engine_status(api_, api_.GetBoundOutputValues(binding_.get(), allocator_, &values, &count)));
  std::vector<EngineHandle<OrtValue>> owned;
  for (std::size_t i = 0; i < count; ++i) owned.emplace_back(values[i], api_.ReleaseValue);
  if (values != nullptr) allocator_->Free(allocator_, values);
  MODELYARD_CHECK(owned.size() == wanted.size(), "the engine answers what was bound");
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (preallocated_[i]) continue;
    inference::Tensor& tensor = outputs[i];
    if (session_->forms[wanted[i]] == OutputForm::kSequenceOfMaps) {
      MODELYARD_TRY(take_sequence_of_maps(api_, *owned[i].get(), allocator_, tensor));
    } else {
      MODELYARD_TRY(take_tensor(api_, std::move(owned[i]), tensor));
    }
  }
  return ok();
}

Status OnnxContext::run_bound(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
                              std::vector<inference::Tensor>& outputs) {
  Status outcome = bind_inputs(inputs);
  if (outcome) outcome = bind_outputs(wanted, inference::row_count(session_->signature, inputs), outputs);
  if (outcome) {
    outcome = engine_status(api_, api_.RunWithBinding(session_->session.get(), options_.get(), binding_.get()));
  }
  if (outcome) outcome = collect_outputs(wanted, outputs);
  api_.ClearBoundInputs(binding_.get());
  api_.ClearBoundOutputs(binding_.get());
  input_values_.clear();
  copies_.clear();
  return outcome;
}

Status OnnxContext::run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
                        std::vector<inference::Tensor>& outputs) {
  const Status outcome = run_bound(inputs, wanted, outputs);
  if (outcome || std::find(preallocated_.begin(), preallocated_.end(), true) == preallocated_.end()) return outcome;
  // A model may declare shapes that do not hold. Once more with the engine's own outputs; when that works, the
  // declared shapes are not trusted again.
  std::vector<bool> before = shape_is_told_;
  for (const std::size_t output : wanted) shape_is_told_[output] = false;
  const Status again = run_bound(inputs, wanted, outputs);
  if (!again) shape_is_told_ = std::move(before);
  return again;
}

}  // namespace modelyard::backend
