// Whatever bytes a journal has on disk, reading them ends; and what can be read can be written and read again.
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/crc32c.h"
#include "journal/decision_log.h"
#include "journal/payload_block.h"

namespace {

using namespace modelyard::journal;

// A fuzzer does not guess checksums: it is given the one that fits.
std::string with_checksum(std::string block) {
  if (block.size() < BlockHead::kBytes) return block;
  const std::uint32_t checksum = modelyard::crc32c(std::string_view(block).substr(8));
  std::memcpy(block.data() + 4, &checksum, sizeof checksum);
  return block;
}

void read_payloads(const std::string& block) {
  std::vector<PayloadRecord> payloads;
  if (!decode_payloads(block, payloads)) return;
  for (const PayloadRecord& payload : payloads) {
    for (const FieldRecord& field : payload.fields) {
      MODELYARD_CHECK(field.shape.size() <= modelyard::inference::kMaxRank, "a shape that was read is a shape");
    }
  }
}

void read_block(const std::string& block) {
  read_payloads(block);
  NameTable names;
  std::vector<DecisionRow> rows;
  if (!decode_decisions(block, names, rows)) return;
  for (const DecisionRow& row : rows) (void)record_of(row, names, "fuzz");
  NameTable again_names;
  std::vector<DecisionRow> again;
  const std::string written(DecisionEncoder().encode(rows, names, Packing::kCompressed));
  MODELYARD_CHECK(decode_decisions(written, again_names, again).has_value(), "a written block can be read");
  MODELYARD_CHECK(again.size() == rows.size() && again.back().id == rows.back().id &&
                      again.back().time == rows.back().time && again.back().latency == rows.back().latency,
                  "a block is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read_block(with_checksum(bytes));
  (void)read_trailer(bytes);
  if (const auto places = read_index(bytes, bytes.size())) {
    for (const BlockPlace& place : *places) {
      MODELYARD_CHECK(place.offset + place.bytes <= bytes.size(), "an index points into its file");
    }
  }
  for (const SegmentKind kind : {kDecisions, kPayloads}) {
    const auto scan = scan_segment(kind, bytes);
    if (!scan) continue;
    for (const BlockPlace& place : scan->blocks) read_block(bytes.substr(place.offset, place.bytes));
  }
  return 0;
}
