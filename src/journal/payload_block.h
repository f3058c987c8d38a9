// Payloads as the columns of a block: what every one has, and two columns for each field that occurs in it
// (docs/formats/journal.md, "Columns of a payload").
//
// Errors:  reading answers InvalidArgument for anything that PayloadEncoder does not write but columns of other
//          numbers, which it passes over.
// Limits:  kMostFields in a block.
// Threads: pure.
#pragma once

#include <functional>
#include <optional>

#include "journal/block.h"
#include "journal/payload.h"

namespace modelyard::journal {

inline constexpr std::size_t kMostFields = 2000;

// Gathers payloads until a block is made of them.
class PayloadEncoder {
 public:
  // `hash` gives the text that stands for an element of a field.
  using Hash = std::function<std::string(std::string_view field, std::string_view element)>;
  explicit PayloadEncoder(Hash hash) : hash_(std::move(hash)) {}

  // Whether it fits with those that are there.
  bool has_room(const Payload& payload) const;
  // Pre: it has.
  void add(const Payload& payload);
  std::size_t rows() const { return rows_.size(); }
  std::size_t bytes() const { return bytes_; }  // of what was added, more or less
  TimeRange times() const { return time_range(std::span<const Row>(rows_)); }
  // Pre: something was added, and it begins anew with the next add(). Valid until then.
  std::string_view encode();
  void clear();

 private:
  struct Row {
    Uuid id;
    std::int64_t time = 0;
    std::int64_t batch_rows = 0, row_offset = 0;
    std::int64_t prepared = 0, queued = 0, computed = 0;
    std::uint32_t engine = 0, cpu = 0;
    std::uint8_t reason = 0;
  };
  struct FieldColumn {
    Side side{};
    std::string name;
    inference::DataType type{};
    std::size_t rows = 0;  // that stand in it
    std::string shapes, values;
  };
  FieldColumn& column_of(const Field& field, std::size_t place);
  void add_field_table();
  void put_values(FieldColumn& column, const Field& field);

  const Hash hash_;
  std::vector<Row> rows_;
  std::string request_ids_, trace_ids_, units_;  // columns, as they will stand in the block
  NameTable names_;
  std::vector<FieldColumn> columns_;
  std::size_t used_columns_ = 0;  // the others lend their memory
  std::size_t bytes_ = 0;
  BlockWriter writer_;
};

// `block` is one whole block; its payloads are appended. With `only`, no other one.
Status decode_payloads(std::string_view block, std::vector<PayloadRecord>& payloads,
                       const std::optional<Uuid>& only = std::nullopt);

}  // namespace modelyard::journal
