// Block is the form in which records lie on disk: some of them, column by column, under one checksum
// (docs/formats/journal.md). What its columns mean is the business of decision_block.h and payload_block.h.
//
// Errors:  reading answers InvalidArgument, saying what is wrong, for anything that BlockWriter does not write.
// Limits:  kMostRows records, kMostBodyBytes on disk, kMostColumns, kMostColumnBytes of an inflated column.
// Threads: pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "journal/name_table.h"
#include "journal/varint.h"

struct ZSTD_CCtx_s;

namespace modelyard::journal {

inline constexpr std::size_t kMostRows = 65'536;
inline constexpr std::size_t kMostBodyBytes = 16u << 20;
inline constexpr std::size_t kMostColumns = 4096;
inline constexpr std::size_t kMostColumnBytes = 16u << 20;
inline constexpr std::size_t kIdTailBytes = 10;  // of an id, behind its milliseconds

struct BlockHead {
  static constexpr std::size_t kBytes = 40;

  std::uint32_t body_bytes = 0;
  std::uint32_t rows = 0;
  std::int64_t first_time = 0;  // the least of its records
  std::int64_t last_time = 0;   // the greatest
  std::uint32_t columns = 0;
};
struct TimeRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

Error damaged_block(std::string_view why);

enum class Packing { kPlain, kCompressed };

// Writes blocks, and uses its memory again for the next one.
class BlockWriter {
 public:
  void begin(std::size_t columns, Packing packing);
  // Room for the next column, which never shrinks; then what stands in it up to `end` is one.
  char* reserve(std::size_t bytes) {
    if (raw_.size() < bytes) raw_.resize(bytes);
    return raw_.data();
  }
  void add_column(std::uint16_t column, const char* end) { add_bytes(column, {raw_.data(), end}); }
  void add_bytes(std::uint16_t column, std::string_view raw) { add_elements(column, raw, 1); }
  // Of numbers of 2, 4 or 8 bytes, or of single bytes: bytes of one place are alike, and are packed side by side.
  void add_elements(std::uint16_t column, std::string_view raw, std::size_t width);

  template <typename Row, typename Value>
  void add_numbers(std::uint16_t column, std::span<const Row> rows, Value value) {
    char* at = reserve(rows.size() * kMostVarintBytes);
    for (const Row& row : rows) at = put_varint(at, static_cast<std::uint64_t>(value(row)));
    add_column(column, at);
  }
  template <typename Row>
  void add_id_tails(std::uint16_t column, std::span<const Row> rows) {
    char* at = reserve(rows.size() * kIdTailBytes);
    for (const Row& row : rows) {
      std::memcpy(at, row.id.bytes().data() + 16 - kIdTailBytes, kIdTailBytes);
      at += kIdTailBytes;
    }
    add_column(column, at);
  }
  template <typename Row>
  void add_times(std::uint16_t column, std::span<const Row> rows) {
    std::int64_t before = 0;
    add_numbers(column, rows, [&](const Row& row) { return zigzag(minus(row.time, std::exchange(before, row.time))); });
  }
  // The names of the column in the order they come, then the number of each record's.
  template <typename Row>
  void add_names(std::uint16_t column, std::span<const Row> rows, const NameTable& names, std::uint32_t Row::* field) {
    begin_names(names);
    for (const Row& row : rows) use_name(row.*field);
    char* at = put_used_names(names, rows.size());
    for (const Row& row : rows) at = put_varint(at, places_[row.*field]);
    add_column(column, at);
  }
  // Valid until the next begin().
  std::string_view finish(std::size_t rows, TimeRange times);

 private:
  void begin_names(const NameTable& names);
  void use_name(std::uint32_t number) {
    if (places_[number] != kUnused) return;
    places_[number] = static_cast<std::uint32_t>(used_.size());
    used_.push_back(number);
  }
  char* put_used_names(const NameTable& names, std::size_t rows);

  static constexpr std::uint32_t kUnused = ~0u;

  Packing packing_ = Packing::kPlain;
  std::size_t columns_ = 0;
  std::size_t head_at_ = 0;  // of the next column
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;  // made when it is wanted first
  std::string block_, raw_, packed_, sorted_;
  std::vector<std::uint32_t> places_, used_;
};

// Of the bytes that begin with a block. The checksum covers the body, so it is read_columns() that tests it.
Result<BlockHead> read_block_head(std::string_view bytes);

// A column as it stands in its block.
struct StoredColumn {
  std::uint16_t number = 0;
  std::uint16_t packing = 0;
  std::uint32_t raw_bytes = 0;
  std::string_view bytes;
};
// Of one whole block, which they view.
Result<std::vector<StoredColumn>> read_columns(std::string_view block);
Result<std::string> unpack_column(const StoredColumn& column);

template <typename Row, typename Set>
Status read_varints(std::string_view raw, std::span<Row> rows, Set set) {
  VarintReader reader(raw);
  for (Row& row : rows) {
    MODELYARD_ASSIGN(const std::uint64_t value, reader.next());
    set(row, value);
  }
  return reader.finish();
}
template <typename Row>
Status read_numbers(std::string_view raw, std::span<Row> rows, std::int64_t Row::* field) {
  return read_varints(raw, rows, [&](Row& row, std::uint64_t value) { row.*field = static_cast<std::int64_t>(value); });
}
template <typename Row>
Status read_times(std::string_view raw, std::span<Row> rows) {
  std::int64_t time = 0;
  return read_varints(raw, rows, [&](Row& row, std::uint64_t value) {
    time = plus(time, unzigzag(value));
    row.time = time;
  });
}
// The numbers, in `names`, of what a column's dictionary holds.
Result<std::vector<std::uint32_t>> read_dictionary(VarintReader& reader, std::size_t most, NameTable& names);
template <typename Row>
Status read_names(std::string_view raw, std::span<Row> rows, NameTable& names, std::uint32_t Row::* field) {
  VarintReader reader(raw);
  MODELYARD_ASSIGN(const auto numbers, read_dictionary(reader, rows.size(), names));
  for (Row& row : rows) {
    MODELYARD_ASSIGN(const std::uint64_t number, reader.next());
    if (number >= numbers.size()) return damaged_block("a record names what is not in its dictionary");
    row.*field = numbers[number];
  }
  return reader.finish();
}
// The id is its time in milliseconds and its tail.
Uuid id_of(std::int64_t time, std::string_view tail);
template <typename Row>
Status put_ids_together(std::string_view tails, std::span<Row> rows) {
  if (tails.size() != rows.size() * kIdTailBytes) return damaged_block("it has no ids");
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = id_of(rows[i].time, tails.substr(i * kIdTailBytes));
  return ok();
}

template <typename Row>
TimeRange time_range(std::span<const Row> rows) {
  const auto [least, most] = std::ranges::minmax(rows, {}, &Row::time);
  return {least.time, most.time};
}

}  // namespace modelyard::journal
