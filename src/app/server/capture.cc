#include "app/server/capture.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/digest.h"
#include "journal/hash_key.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostPayloadBytes = 3u << 20;

using inference::TensorSpec;
using inference::TensorView;
using journal::Field;
using journal::Side;
using journal::Treatment;
using lifecycle::Capture;

bool has(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

bool is_named(const Capture& capture, std::string_view name) {
  return has(capture.fields, name) || has(capture.mask, name) || has(capture.hash, name);
}

// Of what a name stands for; none: it is not kept. `outer` is the name of the tensor that a column is of.
std::optional<Treatment> treatment_of(const Capture& capture, std::string_view name, std::string_view outer) {
  if (has(capture.mask, name) || has(capture.mask, outer)) return Treatment::kMasked;
  if (has(capture.hash, name) || has(capture.hash, outer)) return Treatment::kHashed;
  if (capture.fields.empty() || has(capture.fields, name) || has(capture.fields, outer)) return Treatment::kKept;
  return std::nullopt;
}

const TensorSpec* spec_of(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &TensorSpec::name);
  return found == specs.end() ? nullptr : &*found;
}

bool names_columns(const Capture& capture, const TensorSpec& spec, const TensorView& tensor) {
  if (tensor.shape.empty() || spec.features.size() != static_cast<std::size_t>(tensor.shape.back())) return false;
  return std::ranges::any_of(spec.features, [&](const std::string& feature) { return is_named(capture, feature); });
}

// The elements of a column, one behind the other.
void gather(const TensorView& tensor, std::size_t column, std::string& values) {
  const auto columns = static_cast<std::size_t>(tensor.shape.back());
  const std::size_t width = inference::element_bytes(tensor.type);
  const auto* const bytes = reinterpret_cast<const char*>(tensor.bytes.data());
  values.clear();
  if (width > 0) {
    for (std::size_t at = column * width; at < tensor.bytes.size(); at += columns * width) {
      values.append(bytes + at, width);
    }
    return;
  }
  std::size_t place = 0;
  inference::for_each_bytes_element(tensor.bytes, [&](std::string_view element) {
    if (place++ % columns != column) return;
    const auto length = static_cast<std::uint32_t>(element.size());
    values.append(reinterpret_cast<const char*>(&length), sizeof length).append(element);
  });
}

// A hashed element becomes a text, whatever its size was.
std::size_t bytes_on_disk(const Field& field) {
  if (field.treatment != Treatment::kHashed) return field.bytes.size();
  const auto elements = static_cast<std::size_t>(inference::element_count(field.shape).value_or(0));
  return elements * (sizeof(std::uint32_t) + journal::HashKey::kTextBytes);
}

journal::Reason reason_of(const serving::Ended& ended) {
  if (ended.plan_revision > 0) return journal::Reason::kPlan;
  return ended.by_alias ? journal::Reason::kAlias : journal::Reason::kVersion;
}

}  // namespace

bool is_captured(const Capture& capture, const serving::Ended& ended) {
  if (ended.failure && capture.errors) return true;
  if (capture.share >= 1) return true;
  if (capture.share <= 0) return false;
  const inference::InferRequest& request = ended.request;
  std::string own;
  std::string_view key = request.unit;
  for (const std::string_view other : {request.trace_id, request.request_id}) {
    if (key.empty()) key = other;
  }
  if (key.empty()) key = own = ended.prediction_id.text();
  std::uint64_t hash = 0;
  const auto digest = sha256(key).bytes();
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | digest[i];
  return static_cast<double>(hash) < std::ldexp(capture.share, 64);
}

void Capturer::add(const Capture& capture, Field field, Treatment treatment) {
  const bool wants_values = treatment == Treatment::kKept || treatment == Treatment::kHashed;
  field.treatment = treatment;
  const std::size_t bytes = wants_values ? bytes_on_disk(field) : 0;
  const bool fits = bytes <= capture.most_field_bytes && bytes_ + bytes <= kMostPayloadBytes;
  if (!fits || field.shape.size() > inference::kMaxRank) {
    field.treatment = Treatment::kTooLarge;
    field.shape = field.shape.first(std::min(field.shape.size(), inference::kMaxRank));
  } else {
    bytes_ += bytes;
  }
  if (!wants_values || field.treatment == Treatment::kTooLarge) field.bytes = {};
  fields_.push_back(field);
}

void Capturer::add_columns(const Capture& capture, Side side, const TensorSpec& spec, const TensorView& tensor) {
  if (columns_ + spec.features.size() > names_.size()) return;  // a request that was refused may name it twice
  std::int64_t rows = 1;
  for (const std::int64_t size : tensor.shape.first(tensor.shape.size() - 1)) rows *= size;
  for (std::size_t i = 0; i < spec.features.size(); ++i) {
    const auto treatment = treatment_of(capture, spec.features[i], spec.name);
    if (!treatment) continue;
    const std::size_t place = columns_++;
    names_[place] = spec.name + "." + spec.features[i];
    rows_[place] = rows;
    gather(tensor, i, values_[place]);
    add(capture,
        {side,
         Treatment::kKept,
         names_[place],
         tensor.type,
         {&rows_[place], 1},
         std::as_bytes(std::span(values_[place]))},
        *treatment);
  }
}

void Capturer::add_tensor(const Capture& capture, Side side, const TensorSpec* spec, const TensorView& tensor) {
  if (spec != nullptr && names_columns(capture, *spec, tensor)) return add_columns(capture, side, *spec, tensor);
  const auto treatment = treatment_of(capture, tensor.name, tensor.name);
  if (!treatment) return;
  add(capture, {side, Treatment::kKept, tensor.name, tensor.type, tensor.shape, tensor.bytes}, *treatment);
}

journal::Payload Capturer::payload_of(const Capture& capture, const serving::Ended& ended) {
  const inference::InferRequest& request = ended.request;
  const inference::Signature& signature = ended.servable.signature();
  std::size_t most = 0;
  for (const auto* specs : {&signature.inputs, &signature.outputs}) {
    for (const TensorSpec& spec : *specs) most += spec.features.size();
  }
  if (names_.size() < most) {  // before anything views them
    names_.resize(most);
    values_.resize(most);
    rows_.resize(most);
  }
  fields_.clear();
  columns_ = 0;
  bytes_ = 0;
  for (const TensorView& input : request.inputs) {
    // What was refused was not necessarily checked.
    if (ended.failure && !inference::check_tensor_bytes(input)) continue;
    add_tensor(capture, Side::kInput, spec_of(signature.inputs, input.name), input);
  }
  if (ended.outputs != nullptr) {
    for (const inference::Tensor& output : *ended.outputs) {
      add_tensor(capture, Side::kOutput, spec_of(signature.outputs, output.name), output.view());
    }
  }
  journal::Payload payload;
  payload.id = ended.prediction_id;
  payload.time = ended.time;
  payload.endpoint = request.endpoint;
  payload.request_id = request.request_id;
  payload.trace_id = request.trace_id;
  payload.unit = request.unit;
  if (request.unit.size() > journal::Payload::kMostTextBytes) {  // cut, two units could become one
    long_unit_ = "sha256:" + sha256(request.unit).hex();
    payload.unit = long_unit_;
  }
  payload.engine = ended.servable.engine();
  payload.cpu = cpu_;
  payload.reason = reason_of(ended);
  payload.batch_rows = ended.place.rows;
  payload.row_offset = ended.place.offset;
  payload.prepared = ended.durations.prepared;
  payload.queued = ended.durations.queued;
  payload.computed = ended.durations.computed;
  payload.fields = fields_;
  return payload;
}

}  // namespace modelyard::app
