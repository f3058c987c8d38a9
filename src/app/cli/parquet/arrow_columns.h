// Column and ColumnBatch gather values in memory as Arrow's columnar format lays them out, and give them away by the
// Arrow C data interface, without a library of Arrow.
//
// Layout:    little-endian; validity bit by bit, least significant first; texts and lists by 32-bit offsets.
// Ownership: what export_batch() gives belongs to whoever takes it, and outlives the batch.
// Pre:       a column is given values of its type only; all columns of a batch are equally long when it is taken.
// Source:    Arrow Columnar Format 1.5; Arrow C data interface (plugins/parquet/parquet_interface.h).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/parquet/parquet_interface.h"

namespace modelyard::app {

// The names are those of the C data interface's format strings, in words.
enum class ColumnType {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kText,
  kBytes,
  kTime,  // microseconds since 1970 in UTC
};

class Column {
 public:
  // A column of values, or of lists of them.
  enum class Shape { kValues, kLists };
  Column(std::string name, ColumnType type, Shape shape = Shape::kValues);

  void add_null();
  void add_bool(bool value);
  // Of every type of integers and of times, as far as it has room for the number.
  void add_integer(std::int64_t value);
  void add_unsigned(std::uint64_t value);
  // Of floats and doubles.
  void add_number(double value);
  void add_text(std::string_view text);
  // Of lists: what was added to items() since the last list is one.
  Column& items() { return *items_; }
  void end_list();

  std::int64_t length() const { return length_; }
  const std::string& name() const { return name_; }

  ArrowSchema export_schema() const;
  // The column is empty then.
  ArrowArray export_array();

 private:
  void add_validity(bool is_there);
  void add_offset(std::int64_t end);
  template <typename T>
  void append(T value);
  void add_fixed(std::uint64_t bits);
  bool has_offsets() const;

  std::string name_;
  ColumnType type_;
  std::unique_ptr<Column> items_;  // of lists
  std::vector<std::byte> validity_, offsets_, values_;
  std::int64_t length_ = 0;
  std::int64_t nulls_ = 0;
};

class ColumnBatch {
 public:
  // The column stays where it is.
  Column& add(std::string name, ColumnType type, Column::Shape shape = Column::Shape::kValues) {
    return columns_.emplace_back(std::move(name), type, shape);
  }
  std::int64_t rows() const { return columns_.empty() ? 0 : columns_.front().length(); }
  std::deque<Column>& columns() { return columns_; }

  // A struct of the columns.
  ArrowSchema export_schema() const;
  ArrowArray export_batch();

 private:
  std::deque<Column> columns_;
};

}  // namespace modelyard::app
