#include <algorithm>

#include "backend/onnx/onnx_session.h"
#include "base/json.h"

namespace modelyard::backend {
namespace {

using inference::DataType;
using inference::TensorSpec;

using NameOf = OrtStatus*(ORT_API_CALL*)(const OrtSession*, size_t, OrtAllocator*, char**)NO_EXCEPTION;
using TypeOf = OrtStatus*(ORT_API_CALL*)(const OrtSession*, size_t, OrtTypeInfo**)NO_EXCEPTION;

class SignatureReader {
 public:
  explicit SignatureReader(OnnxSession& session) : session_(session), api_(*session.api) {}

  Status run() {
    MODELYARD_TRY(engine_status(api_, api_.GetAllocatorWithDefaultOptions(&allocator_)));
    inference::Signature& signature = session_.signature;
    MODELYARD_TRY(read_inputs(signature));
    MODELYARD_TRY(read_outputs(signature));
    const auto begins_with_any = [](const TensorSpec& spec) {
      return !spec.shape.empty() && spec.shape.front() == inference::kAnySize;
    };
    signature.batched = !signature.inputs.empty() && !signature.outputs.empty() &&
                        std::all_of(signature.inputs.begin(), signature.inputs.end(), begins_with_any) &&
                        std::all_of(signature.outputs.begin(), signature.outputs.end(), begins_with_any);
    return read_features(signature);
  }

 private:
  Status read_inputs(inference::Signature& signature) {
    size_t count = 0;
    MODELYARD_TRY(engine_status(api_, api_.SessionGetInputCount(session_.session.get(), &count)));
    for (size_t i = 0; i < count; ++i) {
      MODELYARD_ASSIGN(TensorSpec spec, read_spec(i, api_.SessionGetInputName, api_.SessionGetInputTypeInfo));
      signature.inputs.push_back(std::move(spec));
    }
    // Initializers that are inputs as well have a default and may be left out.
    MODELYARD_TRY(engine_status(api_, api_.SessionGetOverridableInitializerCount(session_.session.get(), &count)));
    for (size_t i = 0; i < count; ++i) {
      MODELYARD_ASSIGN(TensorSpec spec, read_spec(i, api_.SessionGetOverridableInitializerName,
                                                  api_.SessionGetOverridableInitializerTypeInfo));
      spec.optional = true;
      signature.inputs.push_back(std::move(spec));
    }
    return ok();
  }

  Status read_outputs(inference::Signature& signature) {
    size_t count = 0;
    MODELYARD_TRY(engine_status(api_, api_.SessionGetOutputCount(session_.session.get(), &count)));
    for (size_t i = 0; i < count; ++i) {
      form_ = OutputForm::kTensor;
      MODELYARD_ASSIGN(TensorSpec spec, read_spec(i, api_.SessionGetOutputName, api_.SessionGetOutputTypeInfo));
      signature.outputs.push_back(std::move(spec));
      session_.forms.push_back(form_);
    }
    return ok();
  }

  Result<TensorSpec> read_spec(size_t index, NameOf name_of, TypeOf type_of) {
    TensorSpec spec;
    char* name = nullptr;
    MODELYARD_TRY(engine_status(api_, name_of(session_.session.get(), index, allocator_, &name)));
    spec.name = name;
    allocator_->Free(allocator_, name);
    OrtTypeInfo* type = nullptr;
    MODELYARD_TRY(engine_status(api_, type_of(session_.session.get(), index, &type)));
    const EngineHandle<OrtTypeInfo> owner(type, api_.ReleaseTypeInfo);
    MODELYARD_TRY(read_type(*type, spec));
    return spec;
  }

  Status read_type(const OrtTypeInfo& type, TensorSpec& spec) {
    ONNXType kind = ONNX_TYPE_UNKNOWN;
    MODELYARD_TRY(engine_status(api_, api_.GetOnnxTypeFromTypeInfo(&type, &kind)));
    if (kind == ONNX_TYPE_SEQUENCE) return read_sequence(type, spec);
    if (kind != ONNX_TYPE_TENSOR) {
      return error(Code::kUnimplemented,
                   "'{}' is a map, sparse or optional value, which no protocol carries; export "
                   "the model with tensors only",
                   spec.name);
    }
    const OrtTensorTypeAndShapeInfo* info = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.CastTypeInfoToTensorInfo(&type, &info)));
    return read_tensor(*info, spec);
  }

  Status read_tensor(const OrtTensorTypeAndShapeInfo& info, TensorSpec& spec) {
    ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    MODELYARD_TRY(engine_status(api_, api_.GetTensorElementType(&info, &element)));
    bool known = false;
    spec.type = data_type_of(element, known);
    if (!known) {
      return error(Code::kUnimplemented,
                   "'{}' has ONNX element type {}, which the protocol has no word for; cast it "
                   "in the model",
                   spec.name, static_cast<int>(element));
    }
    size_t rank = 0;
    MODELYARD_TRY(engine_status(api_, api_.GetDimensionsCount(&info, &rank)));
    if (rank > inference::kMaxRank) {
      return error(Code::kUnimplemented, "'{}' has {} dimensions; {} is the limit", spec.name, rank,
                   inference::kMaxRank);
    }
    spec.shape.resize(rank);
    return engine_status(api_, api_.GetDimensions(&info, spec.shape.data(), rank));
  }

  // Classical classifiers end in ZipMap: a map of class to probability for each row. It becomes a matrix with a
  // column for each class, in ascending order of classes.
  Status read_sequence(const OrtTypeInfo& type, TensorSpec& spec) {
    const auto refuse = [&] {
      return error(Code::kUnimplemented,
                   "'{}' is a sequence, which no protocol carries; export the model without it "
                   "(skl2onnx: options={{\"zipmap\": False}})",
                   spec.name);
    };
    const OrtSequenceTypeInfo* sequence = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.CastTypeInfoToSequenceTypeInfo(&type, &sequence)));
    OrtTypeInfo* element = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.GetSequenceElementType(sequence, &element)));
    const EngineHandle<OrtTypeInfo> owner(element, api_.ReleaseTypeInfo);
    const OrtMapTypeInfo* map = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.CastTypeInfoToMapTypeInfo(element, &map)));
    if (map == nullptr) return refuse();
    OrtTypeInfo* value = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.GetMapValueType(map, &value)));
    const EngineHandle<OrtTypeInfo> value_owner(value, api_.ReleaseTypeInfo);
    const OrtTensorTypeAndShapeInfo* info = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.CastTypeInfoToTensorInfo(value, &info)));
    ONNXTensorElementDataType type_of_value = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    if (info != nullptr) MODELYARD_TRY(engine_status(api_, api_.GetTensorElementType(info, &type_of_value)));
    if (type_of_value != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) return refuse();
    spec.type = DataType::kFp32;
    spec.shape = {inference::kAnySize, inference::kAnySize};
    form_ = OutputForm::kSequenceOfMaps;
    return ok();
  }

  // `feature_names` (or `features`) in the model's own metadata: a JSON list, as long as the rows are wide.
  Status read_features(inference::Signature& signature) {
    if (signature.inputs.size() != 1 || signature.inputs[0].shape.size() != 2) return ok();
    OrtModelMetadata* metadata = nullptr;
    MODELYARD_TRY(engine_status(api_, api_.SessionGetModelMetadata(session_.session.get(), &metadata)));
    const EngineHandle<OrtModelMetadata> owner(metadata, api_.ReleaseModelMetadata);
    for (const char* key : {"feature_names", "features"}) {
      char* text = nullptr;
      MODELYARD_TRY(engine_status(api_, api_.ModelMetadataLookupCustomMetadataMap(metadata, allocator_, key, &text)));
      if (text == nullptr) continue;
      const std::string copy = text;
      allocator_->Free(allocator_, text);
      take_features(copy, signature.inputs[0]);
    }
    return ok();
  }

  // Metadata is a courtesy: a list that does not fit is left alone.
  static void take_features(const std::string& text, TensorSpec& input) {
    const auto list = parse_json(text);
    if (!list || !list->is_array() || static_cast<std::int64_t>(list->size()) != input.shape.back()) return;
    std::vector<std::string> names;
    for (const Json& name : *list) {
      if (!name.is_string()) return;
      names.push_back(name.get<std::string>());
    }
    input.features = std::move(names);
  }

  OnnxSession& session_;
  const OrtApi& api_;
  OrtAllocator* allocator_ = nullptr;
  OutputForm form_ = OutputForm::kTensor;
};

}  // namespace

Status read_signature(OnnxSession& session) {
  return SignatureReader(session).run();
}

}  // namespace modelyard::backend
