#include "journal/payload_block.h"

#include "base/check.h"
#include "inference/tensor.h"

namespace modelyard::journal {
namespace {

using inference::DataType;

// 1 and 2 are those of a decision.
enum Column : std::uint16_t {
  kIdTails = 1,
  kTimes = 2,
  kRequestIds = 32,
  kTraceIds = 33,
  kUnits = 34,
  kReasons = 35,
  kBatchRows = 36,
  kRowOffsets = 37,
  kPrepared = 38,
  kQueued = 39,
  kComputed = 40,
  kEngines = 41,
  kCpus = 42,
  kFields = 43,
  kFirstField = 64,  // its shapes; behind it its values; then those of the next one
};
constexpr std::size_t kCommonColumns = 14;
constexpr std::uint64_t kAbsent = 0;

void append_varint(std::string& out, std::uint64_t value) {
  char bytes[kMostVarintBytes];
  out.append(bytes, put_varint(bytes, value));
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

// A field of a block that is read.
struct FieldOfBlock {
  Side side{};
  std::string_view name;
  DataType type{};
};

Result<std::vector<FieldOfBlock>> read_fields(std::string_view raw) {
  VarintReader reader(raw);
  MODELYARD_ASSIGN(const std::uint64_t count, reader.next());
  if (count > kMostFields) return damaged_block("it has too many fields");
  std::vector<FieldOfBlock> fields;
  for (std::uint64_t i = 0; i < count; ++i) {
    MODELYARD_ASSIGN(const std::uint64_t side, reader.next());
    MODELYARD_ASSIGN(const std::uint64_t type, reader.next());
    MODELYARD_ASSIGN(const std::uint64_t bytes, reader.next());
    MODELYARD_ASSIGN(const std::string_view name, reader.text(bytes));
    if (side > 1 || type >= static_cast<std::uint64_t>(inference::kDataTypes)) {
      return damaged_block("a field is of an unknown kind");
    }
    fields.push_back({static_cast<Side>(side), name, static_cast<DataType>(type)});
  }
  MODELYARD_TRY(reader.finish());
  return fields;
}

Result<inference::Shape> read_shape(VarintReader& reader) {
  MODELYARD_ASSIGN(const std::uint64_t rank, reader.next());
  if (rank > inference::kMaxRank) return damaged_block("a shape has too many dimensions");
  inference::Shape shape;
  for (std::uint64_t i = 0; i < rank; ++i) {
    MODELYARD_ASSIGN(const std::uint64_t size, reader.next());
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

// The field's values in all payloads; those that are `wanted` are taken.
template <typename Wanted>
Status read_field(const FieldOfBlock& field, std::string_view shapes, std::string_view values,
                  std::span<PayloadRecord> payloads, Wanted wanted) {
  VarintReader shape_reader(shapes), value_reader(values);
  for (PayloadRecord& payload : payloads) {
    MODELYARD_ASSIGN(const std::uint64_t treatment, shape_reader.next());
    if (treatment == kAbsent) continue;
    if (treatment > static_cast<std::uint64_t>(Treatment::kTooLarge)) return damaged_block("a treatment is unknown");
    FieldRecord record;
    record.side = field.side;
    record.treatment = static_cast<Treatment>(treatment);
    record.name = field.name;
    record.type = record.treatment == Treatment::kHashed ? DataType::kBytes : field.type;
    MODELYARD_ASSIGN(record.shape, read_shape(shape_reader));
    MODELYARD_ASSIGN(const std::uint64_t bytes, shape_reader.next());
    MODELYARD_ASSIGN(const std::string_view value, value_reader.text(bytes));
    const bool has_values = record.treatment == Treatment::kKept || record.treatment == Treatment::kHashed;
    if (has_values) {
      MODELYARD_TRY(
          inference::check_tensor_bytes({record.name, record.type, record.shape, std::as_bytes(std::span(value))}));
    } else if (bytes > 0) {
      return damaged_block("a field without values has some");
    }
    if (!wanted(payload)) continue;
    record.bytes = value;
    payload.fields.push_back(std::move(record));
  }
  MODELYARD_TRY(shape_reader.finish());
  return value_reader.finish();
}

struct ReadRow {
  Uuid id;
  std::int64_t time = 0, reason = 0;
  std::int64_t batch_rows = 0, row_offset = 0, prepared = 0, queued = 0, computed = 0;
  std::string request_id, trace_id, unit;
  std::uint32_t engine = 0, cpu = 0;
};

Status read_texts(std::string_view raw, std::span<ReadRow> rows, std::string ReadRow::* field) {
  VarintReader reader(raw);
  for (ReadRow& row : rows) {
    MODELYARD_ASSIGN(const std::uint64_t bytes, reader.next());
    MODELYARD_ASSIGN(row.*field, reader.text(bytes));
  }
  return reader.finish();
}

class PayloadReader {
 public:
  explicit PayloadReader(std::span<const StoredColumn> columns) : columns_(columns) {}

  Status read_rows(std::span<ReadRow> rows) {
    MODELYARD_TRY(read(kTimes, [&](std::string_view raw) { return read_times(raw, rows); }));
    MODELYARD_TRY(read(kIdTails, [&](std::string_view raw) { return put_ids_together(raw, rows); }));
    for (const auto& [column, field] : kNumbers) {
      MODELYARD_TRY(read(column, [&](std::string_view raw) { return read_numbers(raw, rows, field); }));
    }
    for (const auto& [column, field] : kTexts) {
      MODELYARD_TRY(read(column, [&](std::string_view raw) { return read_texts(raw, rows, field); }));
    }
    for (const auto& [column, field] : kNames) {
      MODELYARD_TRY(read(column, [&](std::string_view raw) { return read_names(raw, rows, names_, field); }));
    }
    for (const ReadRow& row : rows) {
      if (row.reason < 0 || row.reason > static_cast<std::int64_t>(Reason::kAlias)) {
        return damaged_block("a reason is unknown");
      }
    }
    return ok();
  }

  template <typename Wanted>
  Status read_values(std::span<PayloadRecord> payloads, Wanted wanted) {
    MODELYARD_ASSIGN(const StoredColumn* const column, find(kFields));
    MODELYARD_ASSIGN(const std::string table, unpack_column(*column));
    MODELYARD_ASSIGN(const auto fields, read_fields(table));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto number = static_cast<std::uint16_t>(kFirstField + 2 * i);
      MODELYARD_ASSIGN(const StoredColumn* const shapes, find(number));
      MODELYARD_ASSIGN(const StoredColumn* const values, find(static_cast<std::uint16_t>(number + 1)));
      MODELYARD_ASSIGN(const std::string shape_bytes, unpack_column(*shapes));
      MODELYARD_ASSIGN(const std::string value_bytes, unpack_column(*values));
      MODELYARD_TRY(read_field(fields[i], shape_bytes, value_bytes, payloads, wanted));
    }
    return ok();
  }

  PayloadRecord record_of(const ReadRow& row) const {
    PayloadRecord record;
    record.id = row.id;
    record.time = utc_from_micros(row.time);
    record.request_id = row.request_id;
    record.trace_id = row.trace_id;
    record.unit = row.unit;
    record.engine = names_.name(row.engine);
    record.cpu = names_.name(row.cpu);
    record.reason = static_cast<Reason>(row.reason);
    record.batch_rows = row.batch_rows;
    record.row_offset = row.row_offset;
    record.prepared = std::chrono::nanoseconds(row.prepared);
    record.queued = std::chrono::nanoseconds(row.queued);
    record.computed = std::chrono::nanoseconds(row.computed);
    return record;
  }

 private:
  static constexpr std::pair<Column, std::int64_t ReadRow::*> kNumbers[] = {
      {kReasons, &ReadRow::reason},    {kBatchRows, &ReadRow::batch_rows}, {kRowOffsets, &ReadRow::row_offset},
      {kPrepared, &ReadRow::prepared}, {kQueued, &ReadRow::queued},        {kComputed, &ReadRow::computed}};
  static constexpr std::pair<Column, std::string ReadRow::*> kTexts[] = {
      {kRequestIds, &ReadRow::request_id}, {kTraceIds, &ReadRow::trace_id}, {kUnits, &ReadRow::unit}};
  static constexpr std::pair<Column, std::uint32_t ReadRow::*> kNames[] = {{kEngines, &ReadRow::engine},
                                                                           {kCpus, &ReadRow::cpu}};

  Result<const StoredColumn*> find(std::uint16_t number) const {
    const auto found = std::ranges::find(columns_, number, &StoredColumn::number);
    if (found == columns_.end()) return damaged_block("a column is missing");
    return &*found;
  }
  template <typename Take>
  Status read(std::uint16_t number, Take take) {
    MODELYARD_ASSIGN(const StoredColumn* const column, find(number));
    MODELYARD_ASSIGN(const std::string raw, unpack_column(*column));
    return take(raw);
  }

  const std::span<const StoredColumn> columns_;
  NameTable names_;
};

}  // namespace

bool PayloadEncoder::has_room(const Payload& payload) const {
  return rows_.size() < kMostRows && used_columns_ + payload.fields.size() <= kMostFields;
}

// Mostly the fields come in the same order.
PayloadEncoder::FieldColumn& PayloadEncoder::column_of(const Field& field, std::size_t place) {
  const auto is_it = [&](const FieldColumn& column) {
    return column.side == field.side && column.type == field.type && column.name == field.name;
  };
  if (place < used_columns_ && is_it(columns_[place])) return columns_[place];
  for (std::size_t i = 0; i < used_columns_; ++i) {
    if (is_it(columns_[i])) return columns_[i];
  }
  if (used_columns_ == columns_.size()) columns_.emplace_back();
  FieldColumn& column = columns_[used_columns_++];
  column.side = field.side;
  column.name = field.name;
  column.type = field.type;
  return column;
}

void PayloadEncoder::put_values(FieldColumn& column, const Field& field) {
  append_varint(column.shapes, static_cast<std::uint64_t>(field.treatment));
  append_varint(column.shapes, field.shape.size());
  for (const std::int64_t size : field.shape) append_varint(column.shapes, static_cast<std::uint64_t>(size));
  const std::size_t before = column.values.size();
  const std::string_view bytes(reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size());
  if (field.treatment == Treatment::kHashed) {
    const auto put_element = [&](std::string_view element) {
      const std::string hashed = hash_(field.name, element);
      const auto length = static_cast<std::uint32_t>(hashed.size());
      column.values.append(reinterpret_cast<const char*>(&length), sizeof length).append(hashed);
    };
    const std::size_t width = inference::element_bytes(field.type);
    if (width == 0) inference::for_each_bytes_element(field.bytes, put_element);
    for (std::size_t at = 0; width > 0 && at < bytes.size(); at += width) put_element(bytes.substr(at, width));
  } else {
    column.values += bytes;
  }
  append_varint(column.shapes, column.values.size() - before);
  bytes_ += column.values.size() - before;
}

void PayloadEncoder::add(const Payload& payload) {
  Row row;
  row.id = payload.id;
  row.time = utc_micros(payload.time);
  row.batch_rows = payload.batch_rows;
  row.row_offset = payload.row_offset;
  row.prepared = payload.prepared.count();
  row.queued = payload.queued.count();
  row.computed = payload.computed.count();
  row.reason = static_cast<std::uint8_t>(payload.reason);
  append_text(request_ids_, payload.request_id);
  append_text(trace_ids_, payload.trace_id);
  append_text(units_, payload.unit);
  row.engine = names_.number_of(payload.engine);
  row.cpu = names_.number_of(payload.cpu);
  for (std::size_t i = 0; i < payload.fields.size(); ++i) {
    FieldColumn& column = column_of(payload.fields[i], i);
    if (column.rows > rows_.size()) continue;                // a request that was refused may name a field twice
    column.shapes.append(rows_.size() - column.rows, '\0');  // it is absent in those before
    column.rows = rows_.size() + 1;
    put_values(column, payload.fields[i]);
  }
  rows_.push_back(row);
  bytes_ += sizeof row + payload.request_id.size() + payload.trace_id.size() + payload.unit.size();
}

std::string_view PayloadEncoder::encode() {
  const std::span<const Row> rows(rows_);
  const auto add_numbers = [&](std::uint16_t column, auto value) { writer_.add_numbers(column, rows, value); };
  writer_.begin(kCommonColumns + 2 * used_columns_, Packing::kCompressed);
  writer_.add_id_tails(kIdTails, rows);
  writer_.add_times(kTimes, rows);
  add_numbers(kReasons, [](const Row& row) { return row.reason; });
  add_numbers(kBatchRows, [](const Row& row) { return row.batch_rows; });
  add_numbers(kRowOffsets, [](const Row& row) { return row.row_offset; });
  add_numbers(kPrepared, [](const Row& row) { return row.prepared; });
  add_numbers(kQueued, [](const Row& row) { return row.queued; });
  add_numbers(kComputed, [](const Row& row) { return row.computed; });
  writer_.add_bytes(kRequestIds, request_ids_);
  writer_.add_bytes(kTraceIds, trace_ids_);
  writer_.add_bytes(kUnits, units_);
  writer_.add_names(kEngines, rows, names_, &Row::engine);
  writer_.add_names(kCpus, rows, names_, &Row::cpu);
  add_field_table();
  for (std::size_t i = 0; i < used_columns_; ++i) {
    FieldColumn& column = columns_[i];
    column.shapes.append(rows_.size() - column.rows, '\0');
    const auto number = static_cast<std::uint16_t>(kFirstField + 2 * i);
    writer_.add_bytes(number, column.shapes);
    const std::size_t width = inference::element_bytes(column.type);
    writer_.add_elements(static_cast<std::uint16_t>(number + 1), column.values, width == 0 ? 1 : width);
  }
  return writer_.finish(rows_.size(), times());
}

void PayloadEncoder::add_field_table() {
  std::string table;
  append_varint(table, used_columns_);
  for (std::size_t i = 0; i < used_columns_; ++i) {
    append_varint(table, static_cast<std::uint64_t>(columns_[i].side));
    append_varint(table, static_cast<std::uint64_t>(columns_[i].type));
    append_varint(table, columns_[i].name.size());
    table += columns_[i].name;
  }
  writer_.add_bytes(kFields, table);
}

void PayloadEncoder::clear() {
  for (std::size_t i = 0; i < used_columns_; ++i) {
    columns_[i].rows = 0;
    columns_[i].shapes.clear();
    columns_[i].values.clear();
  }
  used_columns_ = 0;
  rows_.clear();
  for (std::string* const column : {&request_ids_, &trace_ids_, &units_}) column->clear();
  names_ = NameTable();
  bytes_ = 0;
}

Status decode_payloads(std::string_view block, std::vector<PayloadRecord>& payloads, const std::optional<Uuid>& only) {
  MODELYARD_ASSIGN(const auto columns, read_columns(block));
  MODELYARD_ASSIGN(const BlockHead head, read_block_head(block));
  std::vector<ReadRow> rows(head.rows);
  PayloadReader reader(columns);
  MODELYARD_TRY(reader.read_rows(rows));
  std::vector<PayloadRecord> read;
  for (const ReadRow& row : rows) read.push_back(reader.record_of(row));
  const auto wanted = [&](const PayloadRecord& payload) { return !only || payload.id == *only; };
  MODELYARD_TRY(reader.read_values(read, wanted));
  for (PayloadRecord& payload : read) {
    if (wanted(payload)) payloads.push_back(std::move(payload));
  }
  return ok();
}

}  // namespace modelyard::journal
