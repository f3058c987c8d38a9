#include "edge/codec/oip/infer_request.h"

#include <algorithm>

#include "edge/codec/json/json_scanner.h"
#include "edge/codec/json/json_tensor.h"

namespace modelyard::edge::oip {
namespace {

using inference::DataType;
using inference::TensorView;

Error refuse(std::string_view text) {
  return Error(Code::kInvalidArgument, std::string(text));
}

// One input while it is read; `data` is taken when name, shape and datatype are known.
struct Input {
  std::string_view name;
  std::optional<DataType> type;
  std::optional<inference::ShapeView> shape;
  std::optional<std::size_t> binary_bytes;
  std::optional<std::span<const std::byte>> data;
  std::optional<JsonScanner> data_later;  // `data` stood before shape or datatype
  SharedParameters shared;
};

class Decoder {
 public:
  Decoder(std::string_view json, std::string_view blobs, const inference::Signature& signature, std::string_view model,
          OipInfer& out)
      : json_(json), blobs_(blobs), signature_(signature), model_(model), out_(out), seen_(out.memory()) {}

  Status run() {
    MODELYARD_TRY(json_.begin_object());
    bool has_inputs = false;
    for (;;) {
      MODELYARD_ASSIGN(const auto key, json_.next_key(scratch_));
      if (!key) break;
      has_inputs = has_inputs || *key == "inputs";
      MODELYARD_TRY(read_member(*key));
    }
    MODELYARD_TRY(json_.finish());
    if (!has_inputs) return refuse("Unable to parse 'inputs': the request has none");
    if (blobs_.empty()) return ok();
    return error(Code::kInvalidArgument,
                 "unexpected additional input data for model '{}': {} bytes after all binary inputs", model_,
                 blobs_.size());
  }

 private:
  Status read_member(std::string_view key) {
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) {
      return json_.wrong(fmt::format("'{}' stands twice", key));
    }
    seen_.emplace_back(key);
    if (key == "id") {
      MODELYARD_ASSIGN(out_.request.id, kept_string());
      return ok();
    }
    if (key == "parameters") return read_request_parameters();
    if (key == "inputs") return read_inputs();
    if (key == "outputs") return read_outputs();
    return json_.skip_value();  // as Triton: what is not known is not looked at
  }

  // A string that outlives the scan: in the body, or copied when it had escapes.
  Result<std::string_view> kept_string() {
    MODELYARD_ASSIGN(const std::string_view text, json_.string(scratch_));
    if (text.data() != scratch_.data()) return text;
    return std::string_view(out_.texts.emplace_back(text));
  }

  template <typename Read>
  Status each_member(Read read) {
    MODELYARD_TRY(json_.begin_object());
    for (;;) {
      std::string key_scratch;
      MODELYARD_ASSIGN(const auto key, json_.next_key(key_scratch));
      if (!key) return ok();
      MODELYARD_TRY(read(*key));
    }
  }

  Status read_request_parameters() {
    return each_member([&](std::string_view key) -> Status {
      if (key == "binary_data_output") {
        MODELYARD_ASSIGN(out_.binary_outputs, json_.boolean());
        return ok();
      }
      if (key == "timeout") {
        MODELYARD_ASSIGN(const std::int64_t micros, json_.integer());
        if (micros < 0) return refuse("parameter 'timeout' must not be negative");
        if (micros > 0) out_.timeout = std::chrono::microseconds(micros);
        return ok();
      }
      if (key == "priority") {
        MODELYARD_ASSIGN(const std::int64_t priority, json_.integer());
        if (priority < 0) return refuse("parameter 'priority' must not be negative");
        out_.request.priority = static_cast<std::int32_t>(std::min<std::int64_t>(priority, INT32_MAX));
        return ok();
      }
      if (key.starts_with("sequence_")) return read_sequence_parameter(key);
      if (key.starts_with("triton_")) {
        return error(Code::kInvalidArgument, "parameter '{}' is reserved and not supported", key);
      }
      return read_free_parameter(key);
    });
  }

  // tritonclient sends sequence_id 0 with start and end false when no sequence is meant.
  Status read_sequence_parameter(std::string_view key) {
    const std::size_t before = json_.offset();
    MODELYARD_TRY(json_.skip_value());
    std::string_view value = json_.text_since(before);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (value == "0" || value == "\"\"" || value == "false") return ok();
    return error(Code::kInvalidArgument, "parameter '{}': sequences are not supported by model '{}'", key, model_);
  }

  Status read_free_parameter(std::string_view key) {
    const JsonKind kind = json_.peek();
    if (kind != JsonKind::kString && kind != JsonKind::kNumber && kind != JsonKind::kBool) {
      return json_.wrong(fmt::format("parameter '{}' must be a string, a number or a boolean", key));
    }
    return json_.skip_value();
  }

  Status read_shared_parameter(std::string_view key, SharedParameters& shared) {
    if (key == "shared_memory_region") {
      MODELYARD_ASSIGN(shared.region, kept_string());
    } else if (key == "shared_memory_offset") {
      MODELYARD_ASSIGN(shared.offset, json_.integer());
    } else if (key == "shared_memory_byte_size") {
      MODELYARD_ASSIGN(shared.bytes, json_.integer());
    } else {
      return read_free_parameter(key);
    }
    return ok();
  }

  Status read_inputs() {
    MODELYARD_TRY(json_.begin_array());
    for (;;) {
      MODELYARD_ASSIGN(const bool more, json_.next_element());
      if (!more) return ok();
      if (out_.request.inputs.size() == kMaxInputs) return refuse("more inputs than any model has");
      MODELYARD_TRY(read_input());
    }
  }

  Status read_input() {
    Input input;
    MODELYARD_TRY(each_member([&](std::string_view key) { return read_input_member(key, input); }));
    if (input.name.empty()) return refuse("Unable to parse 'name': an input has none");
    if (!input.shape) return error(Code::kInvalidArgument, "Unable to parse 'shape' of input '{}'", input.name);
    if (!input.type) return error(Code::kInvalidArgument, "Unable to parse 'datatype' of input '{}'", input.name);
    return add_input(input);
  }

  Status read_input_member(std::string_view key, Input& input) {
    if (key == "name") {
      MODELYARD_ASSIGN(input.name, kept_string());
      return ok();
    }
    if (key == "shape") return read_shape(input);
    if (key == "datatype") {
      MODELYARD_ASSIGN(const std::string_view name, json_.string(scratch_));
      input.type = inference::parse_data_type(name);
      return input.type ? ok() : Status(error(Code::kInvalidArgument, "'{}' is not a datatype", name));
    }
    if (key == "parameters") return read_input_parameters(input);
    if (key == "data") return read_data(input);
    return json_.skip_value();
  }

  Status read_shape(Input& input) {
    auto& shape = out_.shapes.emplace_back();
    MODELYARD_TRY(json_.begin_array());
    for (;;) {
      MODELYARD_ASSIGN(const bool more, json_.next_element());
      if (!more) break;
      if (shape.size() == inference::kMaxRank) return json_.wrong("a shape has too many dimensions");
      MODELYARD_ASSIGN(const std::int64_t dimension, json_.integer());
      shape.push_back(dimension);
    }
    input.shape = shape;
    MODELYARD_TRY(inference::element_count(shape));
    return ok();
  }

  Status read_input_parameters(Input& input) {
    return each_member([&](std::string_view key) -> Status {
      if (key == "binary_data_size") {
        MODELYARD_ASSIGN(const std::int64_t size, json_.integer());
        if (size < 0) return refuse("'binary_data_size' must not be negative");
        input.binary_bytes = static_cast<std::size_t>(size);
        return ok();
      }
      return read_shared_parameter(key, input.shared);
    });
  }

  Status read_data(Input& input) {
    if (!input.shape || !input.type) {
      input.data_later = json_;
      return json_.skip_value();
    }
    return decode_data(json_, input);
  }

  Status decode_data(JsonScanner& from, Input& input) {
    const auto data = read_json_data(from, *input.type, *input.shape, out_.memory());
    if (!data) return data.error().with_context("input '{}' of model '{}'", input.name, model_);
    input.data = *data;
    return ok();
  }

  Status add_input(Input& input) {
    TensorView view{input.name, *input.type, *input.shape, {}};
    MODELYARD_ASSIGN(const auto shared, input.shared.range(input.name));
    if (shared) {
      if (input.data || input.data_later || input.binary_bytes) {
        return error(Code::kInvalidArgument,
                     "must not specify 'data' or 'binary_data_size' when using 'shared_memory_region' for input '{}'",
                     input.name);
      }
      out_.shared_inputs.push_back({out_.request.inputs.size(), *shared});
      out_.request.inputs.push_back(view);
      return ok();
    }
    if (input.binary_bytes) {
      if (input.data || input.data_later) {
        return error(Code::kInvalidArgument, "input '{}' has both 'data' and 'binary_data_size'", input.name);
      }
      MODELYARD_TRY(take_blob(*input.binary_bytes, view));
      out_.request.inputs.push_back(view);
      return ok();
    }
    if (input.data_later) {
      MODELYARD_TRY(decode_data(*input.data_later, input));
    }
    if (!input.data) {
      return error(Code::kInvalidArgument, "input '{}' has neither 'data' nor 'binary_data_size'", input.name);
    }
    view.bytes = *input.data;
    out_.request.inputs.push_back(view);
    return ok();
  }

  Status take_blob(std::size_t size, TensorView& view) {
    if (size > blobs_.size()) {
      return error(Code::kInvalidArgument,
                   "unable to read the binary data of input '{}' for model '{}': {} bytes expected, {} left", view.name,
                   model_, size, blobs_.size());
    }
    view.bytes = std::as_bytes(std::span(blobs_.substr(0, size)));
    blobs_.remove_prefix(size);
    return ok();
  }

  Status read_outputs() {
    MODELYARD_TRY(json_.begin_array());
    for (;;) {
      MODELYARD_ASSIGN(const bool more, json_.next_element());
      if (!more) return ok();
      MODELYARD_TRY(read_output());
    }
  }

  Status read_output() {
    OutputWish wish;
    SharedParameters shared;
    MODELYARD_TRY(each_member([&](std::string_view key) -> Status {
      if (key == "name") {
        MODELYARD_ASSIGN(wish.name, kept_string());
        return ok();
      }
      return key == "parameters" ? read_output_parameters(wish, shared) : json_.skip_value();
    }));
    if (wish.name.empty()) return refuse("Unable to parse 'name': an output has none");
    if (!signature_.find_output(wish.name)) {
      return error(Code::kInvalidArgument, "unexpected inference output '{}' for model '{}'", wish.name, model_);
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

  Status read_output_parameters(OutputWish& wish, SharedParameters& shared) {
    return each_member([&](std::string_view key) -> Status {
      if (key == "binary_data") {
        MODELYARD_ASSIGN(wish.binary, json_.boolean());
        return ok();
      }
      if (key == "classification") {
        MODELYARD_ASSIGN(wish.classes, json_.integer());
        return wish.classes > 0 ? ok() : Status(refuse("parameter 'classification' must be larger than 0"));
      }
      return read_shared_parameter(key, shared);
    });
  }

  JsonScanner json_;
  std::string_view blobs_;
  const inference::Signature& signature_;
  const std::string_view model_;
  OipInfer& out_;
  std::string scratch_;
  std::pmr::vector<std::pmr::string> seen_;
};

// The body is the only input, in one row; the one unknown dimension follows from the size.
Status decode_raw(std::string_view body, const inference::Signature& signature, std::string_view model, OipInfer& out) {
  if (signature.inputs.size() != 1) {
    return error(Code::kInvalidArgument, "a raw binary request needs a model with one input; '{}' has {}", model,
                 signature.inputs.size());
  }
  const inference::TensorSpec& spec = signature.inputs.front();
  auto& shape = out.shapes.emplace_back(spec.shape.begin(), spec.shape.end());
  if (signature.batched) shape.front() = 1;
  if (spec.type == DataType::kBytes) {
    for (std::int64_t& dimension : shape) dimension = dimension == inference::kAnySize ? 1 : dimension;
  } else {
    const auto unknown = std::count(shape.begin(), shape.end(), inference::kAnySize);
    std::int64_t known = static_cast<std::int64_t>(inference::element_bytes(spec.type));
    for (const std::int64_t dimension : shape) known *= dimension > 0 ? dimension : 1;
    if (unknown > 1) {
      return error(Code::kInvalidArgument, "a raw binary request needs at most one variable dimension; '{}' has {}",
                   spec.name, unknown);
    }
    const auto variable = std::find(shape.begin(), shape.end(), inference::kAnySize);
    if (variable != shape.end()) *variable = static_cast<std::int64_t>(body.size()) / known;
  }
  TensorView view{spec.name, spec.type, shape, std::as_bytes(std::span(body))};
  if (spec.type == DataType::kBytes) {
    const auto length = static_cast<std::uint32_t>(body.size());
    auto framed = inference::Buffer::allocate(sizeof length + body.size());
    __builtin_memcpy(framed.bytes().data(), &length, sizeof length);
    __builtin_memcpy(framed.bytes().data() + sizeof length, body.data(), body.size());
    out.request.storage.push_back(std::move(framed));
    view.bytes = out.request.storage.back().bytes();
  }
  out.request.inputs.push_back(view);
  out.binary_outputs = true;
  return ok();
}

}  // namespace

const OutputWish* OipInfer::wish_for(std::string_view output) const {
  for (const OutputWish& wish : outputs) {
    if (wish.name == output) return &wish;
  }
  return nullptr;
}

Status decode_infer_request(std::string_view body, std::optional<std::size_t> header_bytes,
                            const inference::Signature& signature, std::string_view model, OipInfer& out) {
  if (header_bytes && *header_bytes > body.size()) {
    return error(Code::kInvalidArgument, "inference header size should be in range (0, {}), got: {}", body.size(),
                 *header_bytes);
  }
  if (header_bytes && *header_bytes == 0) return decode_raw(body, signature, model, out);
  const std::size_t json_bytes = header_bytes.value_or(body.size());
  return Decoder(body.substr(0, json_bytes), body.substr(json_bytes), signature, model, out).run();
}

}  // namespace modelyard::edge::oip
