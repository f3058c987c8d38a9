#include "control/predictions/replayer.h"

#include <algorithm>
#include <cstring>

#include "control/models/golden_document.h"
#include "lifecycle/golden_check.h"
#include "lifecycle/made_up_inputs.h"

namespace modelyard::control {
namespace {

using inference::Buffer;
using inference::Shape;
using inference::Tensor;
using journal::FieldRecord;
using journal::PayloadRecord;
using journal::Side;
using journal::Treatment;

constexpr std::size_t kMostRowsOfARun = 65'536;

Tensor tensor_of(const FieldRecord& field) {
  Tensor tensor{field.name, field.type, field.shape, Buffer::allocate(field.bytes.size())};
  if (!field.bytes.empty()) std::memcpy(tensor.buffer.bytes().data(), field.bytes.data(), field.bytes.size());
  return tensor;
}

Result<std::vector<Tensor>> inputs_of(const PayloadRecord& payload, const inference::Signature& signature) {
  std::vector<Tensor> inputs;
  for (const FieldRecord& field : payload.fields) {
    if (field.side != Side::kInput) continue;
    if (field.treatment != Treatment::kKept || !signature.find_input(field.name)) {
      return error(Code::kFailedPrecondition, "input '{}' was not kept as it was sent ({}): it cannot be asked again",
                   field.name, journal::treatment_name(field.treatment));
    }
    inputs.push_back(tensor_of(field));
  }
  return inputs;
}

// Those that were kept as the model gave them.
std::vector<Tensor> outputs_of(const PayloadRecord& payload, const inference::Signature& signature) {
  std::vector<Tensor> outputs;
  for (const FieldRecord& field : payload.fields) {
    const bool is_one = field.side == Side::kOutput && field.treatment == Treatment::kKept;
    if (is_one && signature.find_output(field.name)) outputs.push_back(tensor_of(field));
  }
  return outputs;
}

// Where each row begins, and where the last one ends.
std::vector<std::size_t> row_offsets(const Tensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape.front());
  const auto bytes = tensor.buffer.bytes();
  std::vector<std::size_t> offsets;
  const std::size_t width = inference::element_bytes(tensor.type);
  if (width > 0 || rows == 0) {
    for (std::size_t row = 0; row <= rows; ++row) offsets.push_back(rows == 0 ? 0 : bytes.size() / rows * row);
    return offsets;
  }
  std::size_t elements = 0, at = 0, of_row = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) of_row *= static_cast<std::size_t>(tensor.shape[i]);
  inference::for_each_bytes_element(bytes, [&](std::string_view element) {
    if (elements++ % of_row == 0) offsets.push_back(at);
    at += sizeof(std::uint32_t) + element.size();
  });
  offsets.resize(rows, at);
  offsets.push_back(at);
  return offsets;
}

// The rows of `order`, one behind the other.
Tensor pick_rows(const Tensor& tensor, std::span<const std::size_t> order) {
  const auto offsets = row_offsets(tensor);
  std::size_t bytes = 0;
  for (const std::size_t row : order) bytes += offsets[row + 1] - offsets[row];
  Tensor picked{tensor.name, tensor.type, tensor.shape, Buffer::allocate(bytes)};
  picked.shape.front() = static_cast<std::int64_t>(order.size());
  std::byte* at = picked.buffer.bytes().data();
  for (const std::size_t row : order) {
    const auto from = tensor.buffer.bytes().subspan(offsets[row], offsets[row + 1] - offsets[row]);
    if (!from.empty()) std::memcpy(at, from.data(), from.size());
    at += from.size();
  }
  return picked;
}

// As many rows as the run had, with those of the prediction at their place.
struct Run {
  std::size_t rows = 0;  // of the prediction
  std::size_t whole = 0;
  std::size_t offset = 0;

  std::vector<Tensor> fill(const std::vector<Tensor>& inputs) const {
    std::vector<std::size_t> order(whole);
    for (std::size_t i = 0; i < whole; ++i) order[i] = (i + rows - offset % rows) % rows;
    return pick(inputs, order);
  }
  std::vector<Tensor> cut(const std::vector<Tensor>& outputs) const {
    std::vector<std::size_t> order(rows);
    for (std::size_t i = 0; i < rows; ++i) order[i] = offset + i;
    return pick(outputs, order);
  }

 private:
  static std::vector<Tensor> pick(const std::vector<Tensor>& tensors, std::span<const std::size_t> order) {
    std::vector<Tensor> picked;
    for (const Tensor& tensor : tensors) picked.push_back(pick_rows(tensor, order));
    return picked;
  }
};

bool has_rows(std::span<const Tensor> outputs, std::size_t rows) {
  return std::ranges::all_of(outputs, [&](const Tensor& output) {
    return !output.shape.empty() && output.shape.front() == static_cast<std::int64_t>(rows);
  });
}

Result<std::vector<Tensor>> run_again(lifecycle::Servable& servable, const std::vector<Tensor>& inputs,
                                      std::span<const Tensor> recorded, const Run& run) {
  std::vector<std::size_t> wanted;
  for (const Tensor& output : recorded) wanted.push_back(*servable.signature().find_output(output.name));
  std::ranges::sort(wanted);
  MODELYARD_ASSIGN(const auto context, servable.model().new_context());
  std::vector<Tensor> outputs;
  if (run.whole == run.rows) {
    MODELYARD_TRY(context->run(lifecycle::views_of(inputs), wanted, outputs));
    return outputs;
  }
  const std::vector<Tensor> filled = run.fill(inputs);
  MODELYARD_TRY(context->run(lifecycle::views_of(filled), wanted, outputs));
  if (!has_rows(outputs, run.whole)) return error(Code::kInternal, "an output has not the rows that went in");
  return run.cut(outputs);
}

bool is_same(std::span<const Tensor> got, std::span<const Tensor> recorded) {
  return std::ranges::all_of(recorded, [&](const Tensor& wanted) {
    const auto found = std::ranges::find(got, wanted.name, &Tensor::name);
    return found != got.end() && found->type == wanted.type && found->shape == wanted.shape &&
           std::ranges::equal(found->buffer.bytes(), wanted.buffer.bytes());
  });
}

void note_unlike(std::vector<std::string>& unlike, std::string_view what, std::string_view then, std::string_view now) {
  if (then != now) unlike.push_back(fmt::format("{}: {} then, {} now", what, then, now));
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame: return "same";
    case Verdict::kWithinTolerance: return "within_tolerance";
    case Verdict::kDifferent: return "different";
  }
  return "?";
}

Result<lifecycle::Golden> tolerances_of(registry::CatalogReader& reader, const VersionRef& version) {
  lifecycle::Golden tolerances;
  tolerances.tolerance = kUsualTolerance;
  MODELYARD_ASSIGN(const auto attachments, reader.attachments(version));
  for (const registry::AttachmentRecord& record : attachments) {
    if (record.attachment.kind != registry::AttachmentKind::kGolden) continue;
    MODELYARD_ASSIGN(const Json document, parse_json(record.attachment.content));
    MODELYARD_ASSIGN(tolerances, parse_golden(document));
    tolerances.samples.clear();
  }
  return tolerances;
}

Result<Replay> replay(lifecycle::Servable& servable, const PayloadRecord& payload, const lifecycle::Golden& tolerances,
                      std::string_view cpu) {
  const inference::Signature& signature = servable.signature();
  MODELYARD_ASSIGN(const auto inputs, inputs_of(payload, signature));
  const std::vector<Tensor> recorded = outputs_of(payload, signature);
  if (recorded.empty()) {
    return error(Code::kFailedPrecondition, "no output was kept as it was given: there is nothing to compare with");
  }
  MODELYARD_TRY(inference::check_inputs(signature, lifecycle::views_of(inputs), servable.ref().model));
  const auto rows = static_cast<std::size_t>(inference::row_count(signature, lifecycle::views_of(inputs)));
  Replay replay;
  note_unlike(replay.unlike, "engine", payload.engine, servable.engine());
  note_unlike(replay.unlike, "cpu", payload.cpu, cpu);
  Run run{rows, rows, 0};
  const auto whole = static_cast<std::size_t>(payload.batch_rows),
             offset = static_cast<std::size_t>(payload.row_offset);
  if (payload.batch_rows == 0) {
    replay.unlike.emplace_back("run: the answer came from the cache, its run is not known");
  } else if (signature.batched && rows > 0 && whole <= kMostRowsOfARun && offset + rows <= whole) {
    run = {rows, whole, offset};
  } else if (whole != std::max<std::size_t>(rows, 1)) {
    replay.unlike.push_back(fmt::format("run: of {} rows then, of {} now", whole, rows));
  }
  MODELYARD_ASSIGN(const auto got, run_again(servable, inputs, recorded, run));
  if (is_same(got, recorded)) return replay;
  const Status agrees = lifecycle::compare_outputs(tolerances, recorded, got, "the prediction");
  replay.verdict = agrees ? Verdict::kWithinTolerance : Verdict::kDifferent;
  if (!agrees) replay.difference = agrees.error().message();
  return replay;
}

Json to_json(const Replay& replay) {
  return {{"verdict", verdict_name(replay.verdict)},
          {"reproduced", replay.is_reproduced()},
          {"unlike", replay.unlike},
          {"difference", replay.difference.empty() ? Json(nullptr) : Json(replay.difference)}};
}

}  // namespace modelyard::control
