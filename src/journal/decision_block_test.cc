#include "journal/decision_block.h"

#include <gtest/gtest.h>

#include "journal/decision_log.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

struct Rows {
  NameTable names;
  std::vector<DecisionRow> rows;

  explicit Rows(std::span<const Decision> decisions) {
    for (const Decision& decision : decisions) rows.push_back(row_of(decision, names));
  }
};

std::string encode_block(const std::vector<DecisionRow>& rows, const NameTable& names, Packing packing) {
  return std::string(DecisionEncoder().encode(rows, names, packing));
}

void expect_same(const std::string& block, std::span<const Decision> decisions) {
  NameTable names;
  std::vector<DecisionRow> rows;
  const Status read = decode_decisions(block, names, rows);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(rows.size(), decisions.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(record_of(rows[i], names, decisions[i].endpoint) == decisions[i]) << i;
  }
}

TEST(Decision, GoesFromLoopToWriterUnchanged) {
  Decision decision = MadeUpDecisions(1).next();
  decision.arm = "candidate";
  std::vector<std::byte> packed(packed_bytes(decision));
  pack(decision, packed.data());

  const Decision unpacked = unpack(packed);

  NameTable names;
  EXPECT_TRUE(record_of(row_of(unpacked, names), names, unpacked.endpoint) == decision);
}

TEST(Decision, CutsATextThatIsTooLong) {
  const std::string name(1000, 'n');
  Decision decision = MadeUpDecisions(1).next();
  decision.principal = name;
  std::vector<std::byte> packed(packed_bytes(decision));
  pack(decision, packed.data());

  EXPECT_EQ(unpack(packed).principal, std::string(Decision::kMostTextBytes, 'n'));
}

TEST(Block, GivesBackWhatItWasMadeOf) {
  const auto decisions = MadeUpDecisions(2).several(1000);
  const Rows rows(decisions);
  for (const Packing packing : {Packing::kPlain, Packing::kCompressed}) {
    expect_same(encode_block(rows.rows, rows.names, packing), decisions);
  }
}

TEST(Block, HoldsExtremeNumbers) {
  auto decisions = MadeUpDecisions(3).several(3);
  decisions[0].version = std::numeric_limits<std::int64_t>::max();
  decisions[1].latency = std::chrono::microseconds(std::numeric_limits<std::int64_t>::max());
  decisions[2].version = 0;
  const Rows rows(decisions);
  expect_same(encode_block(rows.rows, rows.names, Packing::kCompressed), decisions);
}

TEST(Block, IsRefusedWhenAnyByteOfItHasChanged) {
  const auto decisions = MadeUpDecisions(4).several(20);
  const Rows made(decisions);
  const std::string block = encode_block(made.rows, made.names, Packing::kCompressed);
  for (std::size_t at = 0; at < block.size(); ++at) {
    std::string changed = block;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    NameTable names;
    std::vector<DecisionRow> rows;
    EXPECT_FALSE(decode_decisions(changed, names, rows)) << at;
    EXPECT_TRUE(rows.empty());
  }
}

TEST(Block, IsRefusedWhenItIsCutOff) {
  const auto decisions = MadeUpDecisions(5).several(5);
  const Rows made(decisions);
  const std::string block = encode_block(made.rows, made.names, Packing::kPlain);
  for (std::size_t size = 0; size < block.size(); ++size) {
    NameTable names;
    std::vector<DecisionRow> rows;
    EXPECT_FALSE(decode_decisions(std::string_view(block).substr(0, size), names, rows)) << size;
  }
}

TEST(Segment, TakesAtMost25BytesARecordOfSteadyTraffic) {
  const auto decisions = MadeUpDecisions(6).several(100'000);
  const Rows rows(decisions);

  const std::string file = seal_decisions(rows.rows, rows.names);

  const double bytes = static_cast<double>(file.size()) / 100'000;
  RecordProperty("bytes_a_record", std::to_string(bytes));
  EXPECT_LE(bytes, 25.0);
  EXPECT_GE(bytes, 10.0) << "an id alone has 74 random bits";
}

TEST(Segment, HasAnIndexThatLeadsToEveryBlock) {
  const auto decisions = MadeUpDecisions(7).several(20'000);
  const Rows rows(decisions);
  const std::string file = seal_decisions(rows.rows, rows.names);

  const auto index = read_index(file, file.size());

  ASSERT_TRUE(index) << index.error().message();
  std::size_t seen = 0;
  for (const BlockPlace& place : *index) {
    NameTable names;
    std::vector<DecisionRow> found;
    ASSERT_TRUE(decode_decisions(std::string_view(file).substr(place.offset, place.bytes), names, found));
    ASSERT_EQ(found.size(), place.rows);
    EXPECT_EQ(found.front().time, place.first_time);
    EXPECT_EQ(found.back().time, place.last_time);
    EXPECT_EQ(found.front().id, decisions[seen].id);
    seen += found.size();
  }
  EXPECT_EQ(seen, decisions.size());
}

TEST(Segment, FindsTheBlocksAroundADamagedOne) {
  std::string file = segment_head(kDecisions);
  std::vector<std::size_t> begins;
  MadeUpDecisions source(8);
  for (int i = 0; i < 3; ++i) {
    const auto decisions = source.several(10);
    const Rows rows(decisions);
    begins.push_back(file.size());
    file += encode_block(rows.rows, rows.names, Packing::kPlain);
  }
  file[begins[1] + 60] = static_cast<char>(file[begins[1] + 60] ^ 8);

  const auto scan = scan_segment(kDecisions, file);

  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->blocks.size(), 2u);
  EXPECT_EQ(scan->blocks[0].offset, begins[0]);
  EXPECT_EQ(scan->blocks[1].offset, begins[2]);
  EXPECT_EQ(scan->damaged_bytes, begins[2] - begins[1]);
  EXPECT_EQ(scan->end, file.size());
}

TEST(Segment, EndsAtItsLastWholeBlock) {
  MadeUpDecisions source(9);
  const auto decisions = source.several(10);
  const Rows rows(decisions);
  const std::string whole = segment_head(kDecisions) + encode_block(rows.rows, rows.names, Packing::kPlain);
  const std::string next = encode_block(rows.rows, rows.names, Packing::kPlain);
  for (std::size_t cut = 0; cut < next.size(); ++cut) {
    const auto scan = scan_segment(kDecisions, whole + next.substr(0, cut));
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->blocks.size(), 1u) << cut;
    EXPECT_EQ(scan->end, whole.size());
    EXPECT_EQ(scan->damaged_bytes, 0u);
  }
}

TEST(Segment, OfANewerVersionIsRefusedInItsWords) {
  std::string head = segment_head(kDecisions);
  head[8] = 9;
  const auto scan = scan_segment(kDecisions, head);
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().message(), "segment of version 9: this server reads version 1");
}

}  // namespace
}  // namespace modelyard::journal
