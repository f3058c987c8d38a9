// Block is the form in which decision records lie on disk: some records, column by column, under one checksum
// (docs/formats/journal.md).
//
// Errors:  decoding answers InvalidArgument, saying what is wrong, for anything that encode_block() does not write but
//          columns of other numbers, which it passes over.
// Limits:  kMostRows records, kMostBodyBytes on disk, kMostColumnBytes of an inflated column.
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal/decision.h"

namespace modelyard::journal {

inline constexpr std::size_t kMostRows = 65'536;
inline constexpr std::size_t kMostBodyBytes = 16u << 20;
inline constexpr std::size_t kMostColumnBytes = 16u << 20;

// Texts that repeat, by number.
class NameTable {
 public:
  std::uint32_t number_of(std::string_view name);
  std::string_view name(std::uint32_t number) const { return *names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::uint32_t look_up(std::string_view name);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  static constexpr std::size_t kRecent = 16;

  std::array<std::uint32_t, kRecent> recent_{};  // by length and last letter; names come again and again
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> names_;  // the map's own keys, which stay where they are
};

// A record of a known endpoint, its texts by their numbers.
struct DecisionRow {
  Uuid id;
  std::int64_t time = 0;
  std::int64_t version = 0;
  std::int64_t plan_revision = 0;
  std::int64_t latency = 0;
  std::int64_t rows = 0;
  std::uint8_t outcome = 0;  // 0: answered, else 1 + the code
  std::uint32_t model = 0, arm = 0, principal = 0, protocol = 0;
};
DecisionRow row_of(const Decision& decision, NameTable& names);
DecisionRecord record_of(const DecisionRow& row, const NameTable& names, std::string_view endpoint);

struct BlockHead {
  static constexpr std::size_t kBytes = 40;

  std::uint32_t body_bytes = 0;
  std::uint32_t rows = 0;
  std::int64_t first_time = 0;  // the least of its records
  std::int64_t last_time = 0;   // the greatest
  std::uint32_t columns = 0;
};

enum class Packing { kPlain, kCompressed };

// Writes blocks, and uses its memory again for the next one.
class BlockEncoder {
 public:
  // Pre: 1 to kMostRows rows. Valid until the next call.
  std::string_view encode(std::span<const DecisionRow> rows, const NameTable& names, Packing packing);

 private:
  template <typename Value>
  void add_numbers(std::uint16_t column, Value value);
  void add_names(std::uint16_t column, const NameTable& names, std::uint32_t DecisionRow::* field);
  // What stands in raw_, up to `end`.
  void add_column(std::uint16_t column, const char* end);

  std::span<const DecisionRow> rows_;
  Packing packing_ = Packing::kPlain;
  std::size_t head_at_ = 0;  // of the next column
  char* reserve_raw(std::size_t bytes);

  std::string block_, raw_, packed_;
  std::vector<std::uint32_t> places_, used_;
};

// Of the bytes that begin with a block. The checksum covers the body, so it is decode_block() that tests it.
Result<BlockHead> read_block_head(std::string_view bytes);
// `block` is one whole block; its records are appended.
Status decode_block(std::string_view block, NameTable& names, std::vector<DecisionRow>& rows);

}  // namespace modelyard::journal
