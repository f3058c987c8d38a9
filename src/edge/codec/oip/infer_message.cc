#include "edge/codec/oip/infer_message.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "edge/codec/oip/infer_response.h"
#include "edge/codec/protobuf/typed_elements.h"

namespace modelyard::edge::oip {
namespace {

using inference::DataType;
using inference::TensorView;

constexpr std::size_t kMostCopied = 4096;

Error malformed() {
  return error(Code::kInvalidArgument, "the request is not a valid ModelInferRequest message");
}

Result<std::string_view> text_of(std::string_view bytes) {
  if (!is_valid_utf8(bytes)) return error(Code::kInvalidArgument, "a string of the request is not UTF-8");
  return bytes;
}

// InferParameter: one of bool 1, int64 2, string 3, double 4, uint64 5.
struct Parameter {
  std::string_view key;
  std::uint32_t kind = 0;
  std::uint64_t number = 0;
  std::string_view text;

  bool is_integer() const { return kind == 2 || kind == 5; }
  bool is_nothing() const { return kind == 3 ? text.empty() : number == 0; }
};

Result<Parameter> read_parameter(std::string_view entry) {
  Parameter parameter;
  WireReader map(entry);
  while (map.next()) {
    if (map.is(1, WireType::kBytes)) parameter.key = map.bytes();
    if (!map.is(2, WireType::kBytes)) continue;
    WireReader value(map.bytes());
    while (value.next()) {
      parameter.kind = value.field();
      if (value.type() == WireType::kBytes) {
        parameter.text = value.bytes();
      } else {
        parameter.number = value.number();
      }
    }
    if (value.malformed()) return malformed();
  }
  if (map.malformed()) return malformed();
  return parameter;
}

// As Triton has it: a negative number is refused, and no other kind of value counts as one.
Result<std::int64_t> natural(const Parameter& parameter) {
  const auto value = static_cast<std::int64_t>(parameter.number);
  if (!parameter.is_integer()) {
    return error(Code::kInvalidArgument, "parameter '{}' must be an integer", parameter.key);
  }
  if (parameter.kind == 2 && value < 0) {
    return error(Code::kInvalidArgument, "parameter '{}' must not be negative", parameter.key);
  }
  return value < 0 ? std::numeric_limits<std::int64_t>::max() : value;
}

// The field of InferTensorContents that holds a datatype; 0 for those that travel in raw contents only.
std::uint32_t contents_field(DataType type) {
  switch (type) {
    case DataType::kBool: return 1;
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32: return 2;
    case DataType::kInt64: return 3;
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32: return 4;
    case DataType::kUint64: return 5;
    case DataType::kFp32: return 6;
    case DataType::kFp64: return 7;
    case DataType::kBytes: return 8;
    case DataType::kFp16:
    case DataType::kBf16: return 0;
  }
  return 0;
}

Status read_contents(std::string_view message, DataType type, TypedElements& elements) {
  WireReader reader(message);
  while (reader.next()) {
    if (reader.field() != contents_field(type)) {
      return error(Code::kInvalidArgument, "contents do not fit the datatype {}", inference::data_type_name(type));
    }
    MODELYARD_TRY(elements.add(reader));
  }
  return reader.malformed() ? Status(malformed()) : ok();
}

class Decoder {
 public:
  Decoder(const InferMessage& message, const inference::Signature& signature, OipInfer& out)
      : message_(message), signature_(signature), out_(out) {}

  Status run() {
    MODELYARD_ASSIGN(out_.request.id, text_of(message_.id));
    for (const std::string_view entry : message_.parameters) {
      MODELYARD_ASSIGN(const Parameter parameter, read_parameter(entry));
      MODELYARD_TRY(take_parameter(parameter));
    }
    if (message_.inputs.size() > kMaxInputs) {
      return error(Code::kInvalidArgument, "more inputs than any model has");
    }
    for (const std::string_view input : message_.inputs) MODELYARD_TRY(read_input(input));
    if (next_raw_ < message_.raw.size()) {
      return error(Code::kInvalidArgument, "expected {} entries of raw_input_contents for model '{}', got {}",
                   next_raw_, message_.model, message_.raw.size());
    }
    for (const std::string_view output : message_.outputs) MODELYARD_TRY(read_output(output));
    return ok();
  }

 private:
  Status take_parameter(const Parameter& parameter) {
    if (parameter.key == "timeout") {
      MODELYARD_ASSIGN(const std::int64_t micros, natural(parameter));
      constexpr std::int64_t kLongest = std::int64_t{1} << 50;
      if (micros > 0) out_.timeout = std::chrono::microseconds(std::min(micros, kLongest));
    } else if (parameter.key == "priority") {
      MODELYARD_ASSIGN(const std::int64_t priority, natural(parameter));
      out_.request.priority = static_cast<std::int32_t>(std::min<std::int64_t>(priority, INT32_MAX));
    } else if (parameter.key.starts_with("sequence_") && !parameter.is_nothing()) {
      return error(Code::kInvalidArgument, "parameter '{}': sequences are not supported by model '{}'", parameter.key,
                   message_.model);
    } else if (parameter.key.starts_with("triton_") && parameter.key != "triton_enable_empty_final_response") {
      return error(Code::kInvalidArgument, "parameter '{}' is reserved and not supported", parameter.key);
    }
    return ok();
  }

  static Status take_shared(const Parameter& parameter, SharedParameters& shared) {
    if (parameter.key == "shared_memory_region") {
      if (parameter.kind != 3) {
        return error(Code::kInvalidArgument, "parameter '{}' must be a string", parameter.key);
      }
      MODELYARD_ASSIGN(shared.region, text_of(parameter.text));
    } else if (parameter.key == "shared_memory_offset") {
      MODELYARD_ASSIGN(shared.offset, natural(parameter));
    } else if (parameter.key == "shared_memory_byte_size") {
      MODELYARD_ASSIGN(shared.bytes, natural(parameter));
    }
    return ok();
  }

  Status read_input(std::string_view bytes) {
    TensorView view;
    std::string_view datatype;
    std::pmr::vector<std::string_view> contents(out_.memory());
    SharedParameters shared;
    auto& shape = out_.shapes.emplace_back();
    WireReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, WireType::kBytes)) view.name = reader.bytes();
      if (reader.is(2, WireType::kBytes)) datatype = reader.bytes();
      if (reader.field() == 3) MODELYARD_TRY(read_dimensions(reader, shape));
      if (reader.is(4, WireType::kBytes)) {
        MODELYARD_ASSIGN(const Parameter parameter, read_parameter(reader.bytes()));
        MODELYARD_TRY(take_shared(parameter, shared));
      }
      if (reader.is(5, WireType::kBytes)) contents.push_back(reader.bytes());
    }
    if (reader.malformed()) return malformed();
    MODELYARD_ASSIGN(view.name, text_of(view.name));
    const auto type = inference::parse_data_type(datatype);
    if (!type) return error(Code::kInvalidArgument, "'{}' is not a datatype", json_safe(datatype));
    view.type = *type;
    MODELYARD_TRY(inference::element_count(shape));
    view.shape = shape;
    MODELYARD_ASSIGN(const auto range, shared.range(view.name));
    if (range) {
      if (!contents.empty()) {
        return error(Code::kInvalidArgument,
                     "contents field must not be specified when using 'shared_memory_region' for input '{}'",
                     view.name);
      }
      out_.shared_inputs.push_back({out_.request.inputs.size(), *range});
    } else {
      MODELYARD_TRY(take_data(contents, view));
    }
    out_.request.inputs.push_back(view);
    return ok();
  }

  static std::string json_safe(std::string_view text) {
    return is_valid_utf8(text) ? std::string(text.substr(0, 64)) : "?";
  }

  static Status read_dimensions(WireReader& reader, std::pmr::vector<std::int64_t>& shape) {
    const auto add = [&](std::uint64_t dimension) -> Status {
      if (shape.size() == inference::kMaxRank) {
        return error(Code::kInvalidArgument, "a shape has too many dimensions");
      }
      shape.push_back(static_cast<std::int64_t>(dimension));
      return ok();
    };
    if (reader.type() == WireType::kVarint) return add(reader.number());
    if (reader.type() != WireType::kBytes) return malformed();
    WireReader packed(reader.bytes());
    std::uint64_t dimension = 0;
    while (packed.next_varint(dimension)) MODELYARD_TRY(add(dimension));
    return packed.malformed() ? Status(malformed()) : ok();
  }

  Status take_data(const std::pmr::vector<std::string_view>& contents, TensorView& view) {
    TypedElements elements(view.type);
    for (const std::string_view one : contents) MODELYARD_TRY(read_contents(one, view.type, elements));
    if (!message_.raw.empty()) {
      if (elements.count() > 0) {
        return error(Code::kInvalidArgument,
                     "contents field must not be specified when using raw_input_contents for '{}' for model '{}'",
                     view.name, message_.model);
      }
      if (next_raw_ == message_.raw.size()) {
        return error(Code::kInvalidArgument, "input '{}' of model '{}' has no entry in raw_input_contents", view.name,
                     message_.model);
      }
      view.bytes = std::as_bytes(std::span(message_.raw[next_raw_++]));
      return ok();
    }
    if (elements.count() == 0 && *inference::element_count(view.shape) > 0) {
      return error(Code::kInvalidArgument, "input '{}' of model '{}' has neither contents nor raw_input_contents",
                   view.name, message_.model);
    }
    out_.request.storage.push_back(elements.take());
    view.bytes = out_.request.storage.back().bytes();
    return ok();
  }

  Status read_output(std::string_view bytes) {
    OutputWish wish;
    SharedParameters shared;
    WireReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, WireType::kBytes)) wish.name = reader.bytes();
      if (!reader.is(2, WireType::kBytes)) continue;
      MODELYARD_ASSIGN(const Parameter parameter, read_parameter(reader.bytes()));
      MODELYARD_TRY(take_shared(parameter, shared));
      if (parameter.key != "classification") continue;
      MODELYARD_ASSIGN(wish.classes, natural(parameter));
      if (wish.classes == 0) {
        return error(Code::kInvalidArgument, "parameter 'classification' must be larger than 0");
      }
    }
    if (reader.malformed()) return malformed();
    MODELYARD_ASSIGN(wish.name, text_of(wish.name));
    if (!signature_.find_output(wish.name)) {
      return error(Code::kInvalidArgument, "unexpected inference output '{}' for model '{}'", wish.name,
                   message_.model);
    }
    for (const OutputWish& other : out_.outputs) {
      if (other.name == wish.name) {
        return error(Code::kInvalidArgument, "output '{}' already exists in request", wish.name);
      }
    }
    MODELYARD_ASSIGN(wish.shared, shared.range(wish.name));
    out_.outputs.push_back(wish);
    out_.request.wanted_outputs.push_back(wish.name);
    return ok();
  }

  const InferMessage& message_;
  const inference::Signature& signature_;
  OipInfer& out_;
  std::size_t next_raw_ = 0;
};

// Entries of the map `parameters`, for an output that lies in shared memory.
void append_shared(std::string& text, const SharedRange& range, std::size_t bytes) {
  const auto append = [&](std::string_view key, const std::string& value) {
    std::string entry;
    append_bytes(entry, 1, key);
    append_bytes(entry, 2, value);
    append_bytes(text, 4, entry);
  };
  const auto number = [](std::uint64_t value) {
    std::string text_of_number;
    append_tag(text_of_number, 2, WireType::kVarint);
    append_varint(text_of_number, value);
    return text_of_number;
  };
  std::string region;
  append_bytes(region, 3, range.region);
  append("shared_memory_region", region);
  append("shared_memory_byte_size", number(bytes));
  if (range.offset > 0) append("shared_memory_offset", number(range.offset));
}

std::size_t field_size(std::size_t bytes) {
  return 1 + varint_size(bytes) + bytes;
}

// InferOutputTensor, without contents; `shared` are the parameters of an output that lies in shared memory.
void append_output_tensor(std::string& text, const inference::Tensor& output, std::string_view shared) {
  const std::string_view type = inference::data_type_name(output.type);
  std::size_t dimensions = 0;
  for (const std::int64_t dimension : output.shape) dimensions += varint_size(static_cast<std::uint64_t>(dimension));
  append_tag(text, 5, WireType::kBytes);
  append_varint(text,
                field_size(output.name.size()) + field_size(type.size()) + field_size(dimensions) + shared.size());
  append_bytes(text, 1, output.name);
  append_bytes(text, 2, type);
  append_tag(text, 3, WireType::kBytes);
  append_varint(text, dimensions);
  for (const std::int64_t dimension : output.shape) append_varint(text, static_cast<std::uint64_t>(dimension));
  text += shared;
}

// What of an output goes into raw_output_contents: nothing when it lies in shared memory.
std::span<const std::byte> raw_of(const inference::Tensor& output, const OipInfer& asked) {
  const OutputWish* const wish = asked.wish_for(output.name);
  return wish && wish->shared ? std::span<const std::byte>() : output.buffer.bytes();
}

void append_contents(EncodedMessage& answer, std::span<const inference::Tensor> outputs, const OipInfer& asked) {
  std::size_t bytes = 0;
  for (const inference::Tensor& output : outputs) bytes += raw_of(output, asked).size();
  if (bytes <= kMostCopied) {
    for (const inference::Tensor& output : outputs) {
      const auto raw = raw_of(output, asked);
      append_bytes(answer.text, 6, {reinterpret_cast<const char*>(raw.data()), raw.size()});
    }
    return;
  }
  // Tag and length of each output, then the output itself where it is.
  answer.pieces = std::make_shared<std::string>();
  constexpr std::size_t kLongestPiece = 12;
  answer.pieces->reserve(kLongestPiece * outputs.size());
  for (const inference::Tensor& output : outputs) {
    const auto raw = raw_of(output, asked);
    const std::size_t begin = answer.pieces->size();
    append_tag(*answer.pieces, 6, WireType::kBytes);
    append_varint(*answer.pieces, raw.size());
    answer.blobs.push_back(std::as_bytes(std::span(*answer.pieces).subspan(begin)));
    answer.blobs.push_back(raw);
  }
}

}  // namespace

Status read_infer_message(std::string_view bytes, InferMessage& message) {
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.type() != WireType::kBytes) continue;
    switch (reader.field()) {
      case 1: message.model = reader.bytes(); break;
      case 2: message.version = reader.bytes(); break;
      case 3: message.id = reader.bytes(); break;
      case 4: message.parameters.push_back(reader.bytes()); break;
      case 5: message.inputs.push_back(reader.bytes()); break;
      case 6: message.outputs.push_back(reader.bytes()); break;
      case 7: message.raw.push_back(reader.bytes()); break;
      default: break;
    }
  }
  if (reader.malformed()) return malformed();
  MODELYARD_TRY(text_of(message.model));
  MODELYARD_TRY(text_of(message.version));
  return ok();
}

Status decode_infer_message(const InferMessage& message, const inference::Signature& signature, OipInfer& out) {
  return Decoder(message, signature, out).run();
}

std::size_t EncodedMessage::blob_bytes() const {
  std::size_t bytes = 0;
  for (const auto& blob : blobs) bytes += blob.size();
  return bytes;
}

Result<EncodedMessage> encode_infer_message(inference::InferResponse& response, const OipInfer& asked,
                                            const inference::Signature& signature, std::size_t reserved,
                                            std::string room) {
  EncodedMessage answer{std::move(room), {}, {}};
  answer.text.assign(reserved, '\0');
  append_bytes(answer.text, 1, asked.request.endpoint);
  const fmt::format_int version(response.version);
  append_bytes(answer.text, 2, {version.data(), version.size()});
  if (!asked.request.id.empty()) append_bytes(answer.text, 3, asked.request.id);
  for (inference::Tensor& output : response.outputs) {
    const OutputWish* wish = asked.wish_for(output.name);
    if (wish && wish->classes > 0) {
      const auto& spec = signature.outputs[*signature.find_output(output.name)];
      MODELYARD_ASSIGN(output, classify(output, wish->classes, spec.features, signature.batched));
    }
    std::string shared;
    if (wish && wish->shared) {
      MODELYARD_TRY(check_fits(*wish->shared, output.name, output.buffer.bytes().size()));
      append_shared(shared, *wish->shared, output.buffer.bytes().size());
    }
    append_output_tensor(answer.text, output, shared);
  }
  append_contents(answer, response.outputs, asked);
  return answer;
}

}  // namespace modelyard::edge::oip
