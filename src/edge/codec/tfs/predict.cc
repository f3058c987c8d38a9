#include "edge/codec/tfs/predict.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/names.h"
#include "base/nearest_name.h"
#include "edge/codec/json/json_scanner.h"
#include "edge/codec/json/json_tensor.h"
#include "edge/codec/json/json_writer.h"

namespace modelyard::edge::tfs {
namespace {

using inference::DataType;
using inference::TensorSpec;
using inference::TensorView;

// Reads nested lists whose shape is not announced: the first list of each level fixes its length.
class NestedReader {
 public:
  NestedReader(const TensorSpec& spec, std::pmr::memory_resource* memory) : spec_(spec), elements_(spec.type, memory) {}

  // One value of the tensor: a scalar or nested lists. Call again for further rows of the same shape.
  Status read(JsonScanner& json) {
    std::array<std::int64_t, inference::kMaxRank> seen{};
    std::size_t level = 0;
    do {
      if (level > 0) {
        MODELYARD_ASSIGN(const bool more, json.next_element());
        if (!more) {
          --level;
          MODELYARD_TRY(end_list(level, seen[level]));
          continue;
        }
        ++seen[level - 1];
      }
      if (json.peek() == JsonKind::kArray) {
        if (level == inference::kMaxRank) return refuse("is nested too deeply");
        MODELYARD_TRY(json.begin_array());
        seen[level++] = 0;
      } else {
        MODELYARD_TRY(read_scalar(json, level));
      }
    } while (level > 0);
    return ok();
  }

  inference::Shape shape() const {
    inference::Shape shape;
    for (std::size_t i = 0; i < rank_.value_or(lengths_.size()); ++i) shape.push_back(lengths_[i].value_or(0));
    return shape;
  }
  std::span<const std::byte> bytes() const { return elements_.bytes(); }

 private:
  Error refuse(std::string_view problem) const {
    return error(Code::kInvalidArgument, "the value of '{}' {}", spec_.name, problem);
  }

  Status read_scalar(JsonScanner& json, std::size_t level) {
    if (rank_.value_or(level) != level) return refuse("mixes lists of different depth");
    rank_ = level;
    if (json.peek() == JsonKind::kObject) return read_base64(json);
    return elements_.read(json);
  }

  Status read_base64(JsonScanner& json) {
    std::string key_scratch, scratch;
    if (spec_.type != DataType::kBytes) return refuse("holds an object, but the input is not BYTES");
    MODELYARD_TRY(json.begin_object());
    MODELYARD_ASSIGN(const auto key, json.next_key(key_scratch));
    if (!key || *key != "b64") return refuse("holds an object that is not {\"b64\": …}");
    MODELYARD_ASSIGN(const std::string_view text, json.string(scratch));
    MODELYARD_ASSIGN(const std::string bytes, base64_decode(text));
    MODELYARD_ASSIGN(const auto another, json.next_key(key_scratch));
    if (another) return refuse("holds an object that is not {\"b64\": …}");
    elements_.add_bytes(bytes);
    return ok();
  }

  Status end_list(std::size_t level, std::int64_t length) {
    if (lengths_.size() <= level) lengths_.resize(level + 1);
    if (!lengths_[level]) lengths_[level] = length;
    return *lengths_[level] == length ? ok() : Status(refuse("has lists of unequal length"));
  }

  const TensorSpec& spec_;
  ElementReader elements_;
  std::optional<std::size_t> rank_;
  std::vector<std::optional<std::int64_t>> lengths_;
};

// A row as an object of features: {"amount": 12.5, "age": 41}.
class FeatureRows {
 public:
  FeatureRows(const TensorSpec& spec, std::pmr::memory_resource* memory) : spec_(spec), elements_(spec.type, memory) {}

  Status read(JsonScanner& json) {
    std::vector<std::optional<JsonScanner>> places(spec_.features.size());
    MODELYARD_TRY(json.begin_object());
    std::string scratch;
    for (;;) {
      MODELYARD_ASSIGN(const auto key, json.next_key(scratch));
      if (!key) break;
      MODELYARD_ASSIGN(const std::size_t position, position_of(*key));
      if (places[position]) return error(Code::kInvalidArgument, "feature '{}' stands twice", *key);
      places[position] = json;
      MODELYARD_TRY(json.skip_value());
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!places[i]) return error(Code::kInvalidArgument, "feature '{}' is missing", spec_.features[i]);
      MODELYARD_TRY(elements_.read(*places[i]));
    }
    ++rows_;
    return ok();
  }

  inference::Shape shape() const { return {rows_, static_cast<std::int64_t>(spec_.features.size())}; }
  std::span<const std::byte> bytes() const { return elements_.bytes(); }

 private:
  Result<std::size_t> position_of(std::string_view name) const {
    const auto found = std::find(spec_.features.begin(), spec_.features.end(), name);
    if (found != spec_.features.end()) return static_cast<std::size_t>(found - spec_.features.begin());
    const auto nearest = nearest_name(name, spec_.features);
    return error(Code::kInvalidArgument, "unknown feature '{}'{}", name,
                 nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
  }

  const TensorSpec& spec_;
  ElementReader elements_;
  std::int64_t rows_ = 0;
};

bool has_features(const inference::Signature& signature) {
  return signature.inputs.size() == 1 && signature.inputs[0].shape.size() == 2 && !signature.inputs[0].features.empty();
}

class Decoder {
 public:
  Decoder(std::string_view body, const inference::Signature& signature, PredictAsk& out)
      : json_(body), signature_(signature), out_(out) {}

  Status run() {
    MODELYARD_TRY(json_.begin_object());
    std::string scratch;
    bool instances = false, inputs = false;
    for (;;) {
      MODELYARD_ASSIGN(const auto key, json_.next_key(scratch));
      if (!key) break;
      if (*key == "signature_name") {
        MODELYARD_TRY(read_signature_name());
      } else if (*key == "instances" || *key == "inputs") {
        (*key == "instances" ? instances : inputs) = true;
        if (instances && inputs) return refuse("Request has both 'instances' and 'inputs'; send one of them");
        if (!out_.request.inputs.empty()) return refuse("the request's values stand twice");
        MODELYARD_TRY(*key == "instances" ? read_instances() : read_columns());
      } else {
        return error(Code::kInvalidArgument, "unknown field '{}'; known are signature_name, instances, inputs", *key);
      }
    }
    MODELYARD_TRY(json_.finish());
    if (!instances && !inputs) return refuse("Missing 'inputs' or 'instances' key");
    out_.rows = instances;
    return ok();
  }

 private:
  static Error refuse(std::string_view text) { return Error(Code::kInvalidArgument, std::string(text)); }

  Status read_signature_name() {
    std::string scratch;
    MODELYARD_ASSIGN(const std::string_view name, json_.string(scratch));
    if (name.empty() || name == "serving_default") return ok();
    return error(Code::kInvalidArgument, "Serving signature name: \"{}\" not found in signature def", name);
  }

  template <typename Reader>
  void add(const TensorSpec& spec, const Reader& reader, inference::Shape shape) {
    const inference::Shape& kept = out_.shapes.emplace_back(std::move(shape));
    out_.request.inputs.push_back({spec.name, spec.type, kept, reader.bytes()});
  }

  Status read_instances() {
    MODELYARD_TRY(json_.begin_array());
    MODELYARD_ASSIGN(bool more, json_.next_element());
    if (!more) return refuse("'instances' is empty");
    if (json_.peek() != JsonKind::kObject) return read_bare_rows();
    if (!is_base64_row()) return has_features(signature_) && !names_input() ? read_feature_rows() : read_named_rows();
    return read_bare_rows();
  }

  // The first key of the object that comes next.
  std::string first_key() const {
    JsonScanner ahead = json_;
    std::string scratch;
    if (!ahead.begin_object()) return {};
    const auto key = ahead.next_key(scratch);
    return key && *key ? std::string(**key) : std::string();
  }
  bool is_base64_row() const { return first_key() == "b64" && !signature_.find_input("b64"); }
  bool names_input() const { return signature_.find_input(first_key()).has_value(); }

  // Rows of the only input; the first element is known to be there.
  Status read_bare_rows() {
    if (signature_.inputs.size() != 1) {
      return error(Code::kInvalidArgument, "instances must be objects keyed by input name: the model has {} inputs",
                   signature_.inputs.size());
    }
    const TensorSpec& spec = signature_.inputs[0];
    NestedReader reader(spec, out_.memory());
    std::int64_t rows = 0;
    for (bool more = true; more; ++rows) {
      MODELYARD_TRY(reader.read(json_));
      MODELYARD_ASSIGN(more, json_.next_element());
    }
    inference::Shape shape = reader.shape();
    shape.insert(shape.begin(), rows);
    add(spec, reader, fit_column(spec, std::move(shape)));
    return ok();
  }

  // Scalars may stand where rows of one value are declared: [-1, 1].
  static inference::Shape fit_column(const TensorSpec& spec, inference::Shape shape) {
    const bool one_short = shape.size() + 1 == spec.shape.size() && !spec.shape.empty() && spec.shape.back() == 1;
    if (one_short) shape.push_back(1);
    return shape;
  }

  Status read_feature_rows() {
    const TensorSpec& spec = signature_.inputs[0];
    FeatureRows reader(spec, out_.memory());
    for (bool more = true; more;) {
      MODELYARD_TRY(reader.read(json_));
      MODELYARD_ASSIGN(more, json_.next_element());
    }
    add(spec, reader, reader.shape());
    return ok();
  }

  Status read_named_rows() {
    std::vector<NestedReader> readers;
    for (const TensorSpec& spec : signature_.inputs) readers.emplace_back(spec, out_.memory());
    std::vector<std::int64_t> rows_of(readers.size(), 0);
    std::int64_t rows = 0;
    for (bool more = true; more;) {
      MODELYARD_TRY(read_named_row(readers, rows_of));
      ++rows;
      MODELYARD_ASSIGN(more, json_.next_element());
    }
    for (std::size_t i = 0; i < readers.size(); ++i) {
      const TensorSpec& spec = signature_.inputs[i];
      if (rows_of[i] == 0 && spec.optional) continue;
      if (rows_of[i] != rows) return error(Code::kInvalidArgument, "an instance lacks input '{}'", spec.name);
      inference::Shape shape = readers[i].shape();
      shape.insert(shape.begin(), rows);
      add(spec, readers[i], fit_column(spec, std::move(shape)));
    }
    return ok();
  }

  Status read_named_row(std::vector<NestedReader>& readers, std::vector<std::int64_t>& rows_of) {
    std::string scratch;
    std::vector<bool> given(readers.size(), false);
    MODELYARD_TRY(json_.begin_object());
    for (;;) {
      MODELYARD_ASSIGN(const auto key, json_.next_key(scratch));
      if (!key) return ok();
      MODELYARD_ASSIGN(const std::size_t position, input_position(*key));
      if (given[position]) return error(Code::kInvalidArgument, "input '{}' stands twice in an instance", *key);
      given[position] = true;
      MODELYARD_TRY(readers[position].read(json_));
      ++rows_of[position];
    }
  }

  Result<std::size_t> input_position(std::string_view name) const {
    if (const auto position = signature_.find_input(name)) return *position;
    std::vector<std::string> known;
    for (const TensorSpec& spec : signature_.inputs) known.push_back(spec.name);
    const auto nearest = nearest_name(name, known);
    return error(Code::kInvalidArgument, "the model has no input '{}'{}", name,
                 nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
  }

  Status read_columns() {
    const bool named = json_.peek() == JsonKind::kObject && !(signature_.inputs.size() == 1 && is_base64_row());
    if (!named) {
      if (signature_.inputs.size() != 1) {
        return error(Code::kInvalidArgument, "'inputs' must be an object keyed by input name: the model has {}",
                     signature_.inputs.size());
      }
      return read_column(signature_.inputs[0]);
    }
    std::string scratch;
    MODELYARD_TRY(json_.begin_object());
    for (;;) {
      MODELYARD_ASSIGN(const auto key, json_.next_key(scratch));
      if (!key) return ok();
      MODELYARD_ASSIGN(const std::size_t position, input_position(*key));
      MODELYARD_TRY(read_column(signature_.inputs[position]));
    }
  }

  Status read_column(const TensorSpec& spec) {
    NestedReader reader(spec, out_.memory());
    MODELYARD_TRY(reader.read(json_));
    add(spec, reader, fit_column(spec, reader.shape()));
    return ok();
  }

  JsonScanner json_;
  const inference::Signature& signature_;
  PredictAsk& out_;
};

// Walks the elements of a tensor in order, BYTES and numbers alike.
class ElementCursor {
 public:
  explicit ElementCursor(const inference::Tensor& tensor)
      : tensor_(tensor), rest_(tensor.buffer.bytes()), as_base64_(tensor.name.ends_with("_bytes")) {}

  void append_next(std::string& out) {
    if (tensor_.type != DataType::kBytes) {
      append_json_element(out, tensor_.type, rest_.data());
      rest_ = rest_.subspan(inference::element_bytes(tensor_.type));
      return;
    }
    std::uint32_t length = 0;
    __builtin_memcpy(&length, rest_.data(), sizeof length);
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()) + sizeof length, length);
    rest_ = rest_.subspan(sizeof length + length);
    if (!as_base64_ && is_valid_utf8(text)) {
      append_json(out, text);
    } else {
      out.append("{\"b64\":\"").append(base64_encode(text)).append("\"}");
    }
  }

  // The elements under the first dimensions that are fixed already, as nested lists.
  void append_nested(std::string& out, std::size_t fixed) {
    const std::span<const std::int64_t> dimensions = std::span(tensor_.shape).subspan(fixed);
    if (dimensions.empty()) return append_next(out);
    std::array<std::int64_t, inference::kMaxRank> at{};
    std::size_t level = 0;
    out += '[';
    for (;;) {
      if (at[level] == dimensions[level]) {
        out += ']';
        if (level == 0) return;
        at[--level]++;
        continue;
      }
      if (at[level] > 0) out += ',';
      if (level + 1 < dimensions.size()) {
        out += '[';
        at[++level] = 0;
        continue;
      }
      append_next(out);
      ++at[level];
    }
  }

 private:
  const inference::Tensor& tensor_;
  std::span<const std::byte> rest_;
  const bool as_base64_;
};

Status check_encodable(const inference::InferResponse& response, const PredictAsk& asked) {
  for (const auto& output : response.outputs) {
    if (output.type == DataType::kFp16 || output.type == DataType::kBf16) {
      return error(Code::kInvalidArgument, "output '{}' is {}, which JSON does not carry", output.name,
                   inference::data_type_name(output.type));
    }
    const bool same_rows = !output.shape.empty() && output.shape[0] == response.outputs[0].shape[0];
    if (asked.rows && !same_rows) {
      return error(Code::kInvalidArgument,
                   "output '{}' has shape {}, which has no row for each instance; use \"inputs\" instead", output.name,
                   inference::format_shape(output.shape));
    }
  }
  return ok();
}

std::string encode_rows(const inference::InferResponse& response) {
  std::string out = "{\"predictions\":[";
  std::vector<ElementCursor> cursors;
  for (const auto& output : response.outputs) cursors.emplace_back(output);
  const std::int64_t rows = response.outputs.empty() ? 0 : response.outputs[0].shape[0];
  for (std::int64_t row = 0; row < rows; ++row) {
    if (row > 0) out += ',';
    if (cursors.size() == 1) {
      cursors[0].append_nested(out, 1);
      continue;
    }
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      out += i == 0 ? '{' : ',';
      append_json(out, std::string_view(response.outputs[i].name));
      out += ':';
      cursors[i].append_nested(out, 1);
    }
    out += '}';
  }
  return out + "]}";
}

std::string encode_columns(const inference::InferResponse& response) {
  std::string out = "{\"outputs\":";
  if (response.outputs.size() == 1) {
    ElementCursor(response.outputs[0]).append_nested(out, 0);
    return out + "}";
  }
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    out += i == 0 ? '{' : ',';
    append_json(out, std::string_view(response.outputs[i].name));
    out += ':';
    ElementCursor(response.outputs[i]).append_nested(out, 0);
  }
  return out + "}}";
}

}  // namespace

Status decode_predict(std::string_view body, const inference::Signature& signature, PredictAsk& out) {
  return Decoder(body, signature, out).run();
}

Result<std::string> encode_predict(const inference::InferResponse& response, const PredictAsk& asked) {
  MODELYARD_TRY(check_encodable(response, asked));
  return asked.rows ? encode_rows(response) : encode_columns(response);
}

}  // namespace modelyard::edge::tfs
