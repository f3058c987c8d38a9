#include "edge/codec/tfs/predict_message.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "edge/codec/protobuf/typed_elements.h"

namespace modelyard::edge::tfs {
namespace {

using inference::DataType;
using inference::TensorView;

constexpr std::size_t kMostInputs = 1024;
constexpr std::size_t kMostFilledBytes = 64u << 20;
constexpr std::size_t kMostCopied = 4096;

Error malformed() {
  return error(Code::kInvalidArgument, "the request is not a valid message");
}

// tensorflow.DataType, and the field of TensorProto that holds its elements.
struct TypeRow {
  DataType type;
  std::uint32_t number;
  std::uint32_t field;
};
constexpr std::array<TypeRow, 14> kTypes{{{DataType::kFp32, 1, 5},
                                          {DataType::kFp64, 2, 6},
                                          {DataType::kInt32, 3, 7},
                                          {DataType::kUint8, 4, 7},
                                          {DataType::kInt16, 5, 7},
                                          {DataType::kInt8, 6, 7},
                                          {DataType::kBytes, 7, 8},
                                          {DataType::kInt64, 9, 10},
                                          {DataType::kBool, 10, 11},
                                          {DataType::kBf16, 14, 13},
                                          {DataType::kUint16, 17, 7},
                                          {DataType::kFp16, 19, 13},
                                          {DataType::kUint32, 22, 16},
                                          {DataType::kUint64, 23, 17}}};

const TypeRow& row_of(DataType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& row) { return row.type == type; });
}

Status read_shape(std::string_view message, inference::Shape& shape) {
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(3, WireType::kVarint) && reader.number() != 0) {
      return error(Code::kInvalidArgument, "a tensor needs a known shape");
    }
    if (!reader.is(2, WireType::kBytes)) continue;
    if (shape.size() == inference::kMaxRank) return error(Code::kInvalidArgument, "a shape has too many dimensions");
    std::int64_t& size = shape.emplace_back(0);
    WireReader dimension(reader.bytes());
    while (dimension.next()) {
      if (dimension.is(1, WireType::kVarint)) size = static_cast<std::int64_t>(dimension.number());
    }
    if (dimension.malformed()) return malformed();
  }
  if (reader.malformed()) return malformed();
  MODELYARD_TRY(inference::element_count(shape));
  return ok();
}

struct Entry {
  std::string_view key, value;
};

Result<Entry> read_entry(std::string_view bytes) {
  Entry entry;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) entry.key = reader.bytes();
    if (reader.is(2, WireType::kBytes)) entry.value = reader.bytes();
  }
  if (reader.malformed() || !is_valid_utf8(entry.key)) return malformed();
  return entry;
}

class TensorReader {
 public:
  TensorReader(std::string_view name, PredictAsk& out) : name_(name), out_(out) {}

  Status read(std::string_view message) {
    // The datatype may stand behind the elements, so it is looked for first.
    MODELYARD_ASSIGN(const TypeRow& row, type_of(message));
    inference::Shape& shape = out_.shapes.emplace_back();
    TypedElements elements(row.type);
    std::string_view content;
    WireReader reader(message);
    while (reader.next()) {
      if (reader.is(2, WireType::kBytes)) MODELYARD_TRY(read_shape(reader.bytes(), shape));
      if (reader.is(4, WireType::kBytes)) content = reader.bytes();
      if (reader.field() == row.field) MODELYARD_TRY(elements.add(reader));
    }
    return add({name_, row.type, shape, std::as_bytes(std::span(content))}, elements);
  }

 private:
  Result<TypeRow> type_of(std::string_view message) const {
    std::uint64_t number = 0;
    WireReader reader(message);
    while (reader.next()) {
      if (reader.is(1, WireType::kVarint)) number = reader.number();
    }
    if (reader.malformed()) return malformed();
    const auto row =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& one) { return one.number == number; });
    if (row != kTypes.end()) return *row;
    return error(Code::kInvalidArgument, "input '{}' has a datatype ({}) that is not supported", name_, number);
  }

  Status add(TensorView view, TypedElements& elements) {
    if (view.bytes.empty()) {
      MODELYARD_ASSIGN(const std::int64_t count, inference::element_count(view.shape));
      const auto wanted = static_cast<std::size_t>(count);
      if (elements.count() > 0 && elements.count() < wanted && view.type != DataType::kBytes) {
        MODELYARD_TRY(elements.fill_up(wanted, kMostFilledBytes));
      }
      if (elements.count() != wanted) {
        return error(Code::kInvalidArgument, "input '{}' has {} values for {} elements", name_, elements.count(),
                     wanted);
      }
      out_.request.storage.push_back(elements.take());
      view.bytes = out_.request.storage.back().bytes();
    } else if (elements.count() > 0 || view.type == DataType::kBytes) {
      return error(Code::kInvalidArgument, "input '{}': tensor_content goes alone, and holds no strings", name_);
    }
    out_.request.inputs.push_back(view);
    return ok();
  }

  const std::string_view name_;
  PredictAsk& out_;
};

std::string shape_message(const inference::Shape& shape) {
  std::string message, dimension;
  for (const std::int64_t size : shape) {
    dimension.clear();
    append_number(dimension, 1, static_cast<std::uint64_t>(size));
    append_bytes(message, 2, dimension);
  }
  return message;
}

// TensorProto up to its elements, or whole for strings.
std::string tensor_head(const inference::Tensor& output) {
  std::string message;
  append_number(message, 1, row_of(output.type).number);
  append_bytes(message, 2, shape_message(output.shape));
  if (output.type == DataType::kBytes) {
    inference::for_each_bytes_element(output.buffer.bytes(),
                                      [&](std::string_view element) { append_bytes(message, 8, element); });
  } else {
    append_tag(message, 4, WireType::kBytes);
    append_varint(message, output.buffer.bytes().size());
  }
  return message;
}

std::string spec_message(std::string_view model, VersionNumber version) {
  std::string number, message;
  append_number(number, 1, static_cast<std::uint64_t>(version));
  append_bytes(message, 1, model);
  append_bytes(message, 2, number);
  append_bytes(message, 3, "serving_default");
  return message;
}

}  // namespace

Result<ModelSpec> read_model_spec(std::string_view message) {
  ModelSpec spec;
  WireReader outer(message);
  while (outer.next()) {
    if (!outer.is(1, WireType::kBytes)) continue;
    WireReader reader(outer.bytes());
    while (reader.next()) {
      if (reader.is(1, WireType::kBytes)) spec.model = reader.bytes();
      if (reader.is(3, WireType::kBytes)) spec.signature = reader.bytes();
      if (reader.is(4, WireType::kBytes)) spec.label = reader.bytes();
      if (!reader.is(2, WireType::kBytes)) continue;
      WireReader number(reader.bytes());
      while (number.next()) {
        if (number.is(1, WireType::kVarint)) spec.version = static_cast<VersionNumber>(number.number());
      }
      if (number.malformed()) return malformed();
    }
    if (reader.malformed()) return malformed();
  }
  if (outer.malformed() || !is_valid_utf8(spec.model) || !is_valid_utf8(spec.label)) return malformed();
  if (spec.model.empty()) return error(Code::kInvalidArgument, "Missing ModelSpec");
  if (spec.version < 0) return error(Code::kInvalidArgument, "version {} is not a version", spec.version);
  if (spec.signature.empty() || spec.signature == "serving_default") return spec;
  return error(Code::kInvalidArgument, "Serving signature name: \"{}\" not found in signature def",
               is_valid_utf8(spec.signature) ? spec.signature : "?");
}

Status decode_predict_message(std::string_view message, const inference::Signature& signature, PredictAsk& asked) {
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(2, WireType::kBytes)) {
      if (asked.request.inputs.size() == kMostInputs) {
        return error(Code::kInvalidArgument, "more inputs than any model has");
      }
      MODELYARD_ASSIGN(const Entry entry, read_entry(reader.bytes()));
      MODELYARD_TRY(TensorReader(entry.key, asked).read(entry.value));
    }
    if (!reader.is(3, WireType::kBytes)) continue;
    if (!signature.find_output(reader.bytes())) {
      return error(Code::kInvalidArgument, "output tensor alias not found in signature: {}",
                   is_valid_utf8(reader.bytes()) ? reader.bytes() : "?");
    }
    asked.request.wanted_outputs.push_back(reader.bytes());
  }
  return reader.malformed() ? Status(malformed()) : ok();
}

std::size_t EncodedPredict::blob_bytes() const {
  std::size_t bytes = 0;
  for (const auto& blob : blobs) bytes += blob.size();
  return bytes;
}

EncodedPredict encode_predict_message(const inference::InferResponse& response, const PredictAsk& asked,
                                      std::size_t reserved) {
  EncodedPredict answer;
  answer.text.assign(reserved, '\0');
  append_bytes(answer.text, 2, spec_message(asked.request.endpoint, response.version));
  answer.pieces = std::make_shared<std::string>();
  std::vector<std::size_t> ends;  // of each output's piece
  for (const inference::Tensor& output : response.outputs) {
    const std::string head = tensor_head(output);
    const std::size_t content = output.type == DataType::kBytes ? 0 : output.buffer.bytes().size();
    const std::size_t tensor = head.size() + content;
    std::string entry;
    append_bytes(entry, 1, output.name);
    append_tag(entry, 2, WireType::kBytes);
    append_varint(entry, tensor);
    append_tag(*answer.pieces, 1, WireType::kBytes);
    append_varint(*answer.pieces, entry.size() + tensor);
    answer.pieces->append(entry).append(head);
    ends.push_back(answer.pieces->size());
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const inference::Tensor& output = response.outputs[i];
    answer.blobs.push_back(std::as_bytes(std::span(*answer.pieces).subspan(begin, ends[i] - begin)));
    if (output.type != DataType::kBytes) answer.blobs.push_back(output.buffer.bytes());
    begin = ends[i];
  }
  if (answer.blob_bytes() > kMostCopied) return answer;
  for (const auto& blob : answer.blobs) {
    answer.text.append(reinterpret_cast<const char*>(blob.data()), blob.size());
  }
  answer.blobs.clear();
  return answer;
}

}  // namespace modelyard::edge::tfs
