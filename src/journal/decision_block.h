// Decision records as the columns of a block (docs/formats/journal.md, "Columns of a decision").
//
// Errors:  reading answers InvalidArgument for anything that DecisionEncoder does not write but columns of other
//          numbers, which it passes over.
// Threads: pure.
#pragma once

#include "journal/block.h"
#include "journal/decision.h"

namespace modelyard::journal {

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

class DecisionEncoder {
 public:
  // Pre: 1 to kMostRows rows. Valid until the next call.
  std::string_view encode(std::span<const DecisionRow> rows, const NameTable& names, Packing packing);

 private:
  BlockWriter writer_;
};

// `block` is one whole block; its records are appended.
Status decode_decisions(std::string_view block, NameTable& names, std::vector<DecisionRow>& rows);

}  // namespace modelyard::journal
