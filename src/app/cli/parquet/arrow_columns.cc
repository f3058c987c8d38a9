#include "app/cli/parquet/arrow_columns.h"

#include <bit>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace modelyard::app {
namespace {

static_assert(std::endian::native == std::endian::little);

const char* format_of(ColumnType type) {
  switch (type) {
    case ColumnType::kBool: return "b";
    case ColumnType::kInt8: return "c";
    case ColumnType::kInt16: return "s";
    case ColumnType::kInt32: return "i";
    case ColumnType::kInt64: return "l";
    case ColumnType::kUint8: return "C";
    case ColumnType::kUint16: return "S";
    case ColumnType::kUint32: return "I";
    case ColumnType::kUint64: return "L";
    case ColumnType::kFloat: return "f";
    case ColumnType::kDouble: return "g";
    case ColumnType::kText: return "u";
    case ColumnType::kBytes: return "z";
    case ColumnType::kTime: return "tsu:UTC";
  }
  return "n";
}

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInt8:
    case ColumnType::kUint8: return 1;
    case ColumnType::kInt16:
    case ColumnType::kUint16: return 2;
    case ColumnType::kInt32:
    case ColumnType::kUint32:
    case ColumnType::kFloat: return 4;
    case ColumnType::kInt64:
    case ColumnType::kUint64:
    case ColumnType::kDouble:
    case ColumnType::kTime: return 8;
    default: return 0;
  }
}

// What an exported struct points into.
struct HeldSchema {
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

struct HeldArray {
  std::vector<std::vector<std::byte>> buffers;
  std::vector<const void*> buffer_pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

// Children that were moved away have no release any more.
template <typename Held, typename Exported>
void release(Exported* exported) {
  auto* const held = static_cast<Held*>(exported->private_data);
  for (Exported& child : held->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete held;
  exported->release = nullptr;
}

ArrowSchema schema_of(std::string name, const char* format, std::vector<ArrowSchema> children) {
  auto held = std::make_unique<HeldSchema>(HeldSchema{std::move(name), std::move(children), {}});
  for (ArrowSchema& child : held->children) held->pointers.push_back(&child);
  ArrowSchema schema{};
  schema.format = format;
  schema.name = held->name.c_str();
  schema.flags = ARROW_FLAG_NULLABLE;
  schema.n_children = static_cast<std::int64_t>(held->children.size());
  schema.children = held->pointers.data();
  schema.release = release<HeldSchema, ArrowSchema>;
  schema.private_data = held.release();
  return schema;
}

// An empty buffer is null.
ArrowArray array_of(std::int64_t length, std::int64_t nulls, std::vector<std::vector<std::byte>> buffers,
                    std::vector<ArrowArray> children) {
  auto held = std::make_unique<HeldArray>(HeldArray{std::move(buffers), {}, std::move(children), {}});
  for (const auto& buffer : held->buffers) held->buffer_pointers.push_back(buffer.empty() ? nullptr : buffer.data());
  for (ArrowArray& child : held->children) held->pointers.push_back(&child);
  ArrowArray array{};
  array.length = length;
  array.null_count = nulls;
  array.n_buffers = static_cast<std::int64_t>(held->buffers.size());
  array.n_children = static_cast<std::int64_t>(held->children.size());
  array.buffers = held->buffer_pointers.data();
  array.children = held->pointers.data();
  array.release = release<HeldArray, ArrowArray>;
  array.private_data = held.release();
  return array;
}

void add_bit(std::vector<std::byte>& bits, std::int64_t place, bool is_set) {
  if (place % 8 == 0) bits.push_back(std::byte{0});
  if (is_set) bits.back() |= std::byte{1} << (place % 8);
}

}  // namespace

Column::Column(std::string name, ColumnType type, Shape shape) : name_(std::move(name)), type_(type) {
  if (shape == Shape::kLists) items_ = std::make_unique<Column>("element", type);
  if (has_offsets()) add_offset(0);
}

bool Column::has_offsets() const {
  return items_ || type_ == ColumnType::kText || type_ == ColumnType::kBytes;
}

void Column::add_validity(bool is_there) {
  add_bit(validity_, length_++, is_there);
  if (!is_there) ++nulls_;
}

void Column::add_offset(std::int64_t end) {
  MODELYARD_CHECK(end <= std::numeric_limits<std::int32_t>::max(), "a batch of rows holds more than 2 GiB of texts");
  const auto offset = static_cast<std::int32_t>(end);
  const auto* const bytes = reinterpret_cast<const std::byte*>(&offset);
  offsets_.insert(offsets_.end(), bytes, bytes + sizeof offset);
}

template <typename T>
void Column::append(T value) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  values_.insert(values_.end(), bytes, bytes + sizeof value);
}

// The lower bytes of an integer, as wide as the type is.
void Column::add_fixed(std::uint64_t bits) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&bits);
  values_.insert(values_.end(), bytes, bytes + width_of(type_));
  add_validity(true);
}

void Column::add_null() {
  if (items_) {
    add_offset(items_->length());
  } else if (has_offsets()) {
    add_offset(static_cast<std::int64_t>(values_.size()));
  } else if (type_ == ColumnType::kBool) {
    add_bit(values_, length_, false);
  } else {
    values_.resize(values_.size() + width_of(type_));
  }
  add_validity(false);
}

void Column::add_bool(bool value) {
  add_bit(values_, length_, value);
  add_validity(true);
}

void Column::add_integer(std::int64_t value) {
  add_fixed(static_cast<std::uint64_t>(value));
}

void Column::add_unsigned(std::uint64_t value) {
  add_fixed(value);
}

void Column::add_number(double value) {
  if (type_ == ColumnType::kFloat) {
    append(static_cast<float>(value));
  } else {
    append(value);
  }
  add_validity(true);
}

void Column::add_text(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  values_.insert(values_.end(), bytes, bytes + text.size());
  add_offset(static_cast<std::int64_t>(values_.size()));
  add_validity(true);
}

void Column::end_list() {
  add_offset(items_->length());
  add_validity(true);
}

ArrowSchema Column::export_schema() const {
  if (!items_) return schema_of(name_, format_of(type_), {});
  return schema_of(name_, "+l", {items_->export_schema()});
}

ArrowArray Column::export_array() {
  std::vector<std::vector<std::byte>> buffers;
  buffers.push_back(std::move(validity_));
  if (has_offsets()) buffers.push_back(std::move(offsets_));
  if (!items_) buffers.push_back(std::move(values_));
  std::vector<ArrowArray> children;
  if (items_) children.push_back(items_->export_array());
  const ArrowArray array = array_of(length_, nulls_, std::move(buffers), std::move(children));
  validity_ = offsets_ = values_ = {};
  length_ = nulls_ = 0;
  if (has_offsets()) add_offset(0);
  return array;
}

ArrowSchema ColumnBatch::export_schema() const {
  std::vector<ArrowSchema> children;
  for (const Column& column : columns_) children.push_back(column.export_schema());
  ArrowSchema schema = schema_of("", "+s", std::move(children));
  schema.flags = 0;
  return schema;
}

ArrowArray ColumnBatch::export_batch() {
  const std::int64_t length = rows();
  std::vector<ArrowArray> children;
  for (Column& column : columns_) {
    MODELYARD_CHECK(column.length() == length, "a column is longer or shorter than the others");
    children.push_back(column.export_array());
  }
  return array_of(length, 0, {{}}, std::move(children));
}

}  // namespace modelyard::app
