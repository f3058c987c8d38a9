#include "monitoring/accuracy/judged_outputs.h"

#include <algorithm>

namespace modelyard::monitoring {
namespace {

using inference::TensorSpec;
using inference::TensorView;

const TensorView* find(std::span<const TensorView> kept, std::string_view name) {
  const auto found = std::ranges::find(kept, name, &TensorView::name);
  return found == kept.end() ? nullptr : &*found;
}

std::string column_name(const TensorSpec& spec, std::size_t column) {
  return spec.name + "." + spec.features[column];
}

// Every `step`-th element of `from` goes to every `to_step`-th place of `to`, both from the first on.
void copy_elements(std::span<const std::byte> from, std::size_t step, std::span<std::byte> to, std::size_t to_step,
                   std::size_t width) {
  for (std::size_t at = 0, to_at = 0; at < from.size(); at += width * step, to_at += width * to_step) {
    std::ranges::copy(from.subspan(at, width), to.subspan(to_at).begin());
  }
}

}  // namespace

std::optional<OutputColumn> find_column(const inference::Signature& signature, const std::string& name) {
  if (signature.find_output(name)) return std::nullopt;
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    const TensorSpec& spec = signature.outputs[i];
    for (std::size_t column = 0; column < spec.features.size(); ++column) {
      if (name == column_name(spec, column)) return OutputColumn{i, column};
    }
  }
  return std::nullopt;
}

JudgedOutputs::JudgedOutputs(const Evaluation& evaluation, const inference::Signature& signature,
                             std::span<const TensorView> kept) {
  add(evaluation.score, signature, kept);
  if (evaluation.prediction != evaluation.score) add(evaluation.prediction, signature, kept);
}

void JudgedOutputs::add(const std::string& name, const inference::Signature& signature,
                        std::span<const TensorView> kept) {
  if (name.empty()) return;
  if (const TensorView* const whole = find(kept, name)) {
    views_.push_back(*whole);
  } else if (const auto place = signature.find_output(name)) {
    join_columns(name, signature.outputs[*place], kept);
  } else if (const auto column = find_column(signature, name)) {
    cut_column(name, signature.outputs[column->output], column->column, kept);
  }
}

void JudgedOutputs::join_columns(const std::string& name, const TensorSpec& spec, std::span<const TensorView> kept) {
  const std::size_t columns = spec.features.size(), width = inference::element_bytes(spec.type);
  std::vector<const TensorView*> parts;
  for (std::size_t i = 0; i < columns; ++i) {
    const TensorView* const part = find(kept, column_name(spec, i));
    if (part == nullptr || part->type != spec.type) return;
    parts.push_back(part);
    if (part->bytes.size() != parts.front()->bytes.size()) return;
  }
  if (parts.empty() || width == 0 || parts.front()->bytes.empty() || parts.front()->bytes.size() % width != 0) return;
  const std::size_t rows = parts.front()->bytes.size() / width;
  Made made{name, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}, {}};
  made.bytes.resize(rows * columns * width);
  for (std::size_t i = 0; i < columns; ++i) {
    copy_elements(parts[i]->bytes, 1, std::span(made.bytes).subspan(i * width), columns, width);
  }
  view(spec.type, std::move(made));
}

void JudgedOutputs::cut_column(const std::string& name, const TensorSpec& spec, std::size_t column,
                               std::span<const TensorView> kept) {
  const std::size_t columns = spec.features.size(), width = inference::element_bytes(spec.type);
  const TensorView* const whole = find(kept, spec.name);
  if (whole == nullptr || whole->type != spec.type || width == 0 || whole->bytes.size() % (columns * width) != 0)
    return;
  const std::size_t rows = whole->bytes.size() / (columns * width);
  Made made{name, {static_cast<std::int64_t>(rows)}, {}};
  made.bytes.resize(rows * width);
  if (rows > 0) copy_elements(whole->bytes.subspan(column * width), columns, made.bytes, 1, width);
  view(spec.type, std::move(made));
}

void JudgedOutputs::view(inference::DataType type, Made made) {
  const Made& kept = made_.emplace_back(std::move(made));
  views_.push_back({kept.name, type, kept.shape, kept.bytes});
}

}  // namespace modelyard::monitoring
