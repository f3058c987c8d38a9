#include "journal/payload_block.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/crc32c.h"
#include "inference/tensor.h"
#include "journal/bytes.h"
#include "journal/hash_key.h"
#include "journal/made_up_payload.h"

namespace modelyard::journal {
namespace {

using inference::DataType;

const HashKey kKey({1, 2, 3});

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string encode(std::span<const Payload> payloads) {
  PayloadEncoder encoder([](std::string_view field, std::string_view element) { return kKey.text_of(field, element); });
  for (const Payload& payload : payloads) {
    EXPECT_TRUE(encoder.has_room(payload));
    encoder.add(payload);
  }
  return std::string(encoder.encode());
}

std::vector<PayloadRecord> decode(std::string_view block) {
  std::vector<PayloadRecord> records;
  const Status read = decode_payloads(block, records);
  EXPECT_TRUE(read) << read.error().message();
  return records;
}

void expect_same(const PayloadRecord& record, const Payload& payload) {
  EXPECT_EQ(record.id, payload.id);
  EXPECT_EQ(record.time, payload.time);
  EXPECT_EQ(record.request_id, payload.request_id);
  EXPECT_EQ(record.trace_id, payload.trace_id);
  EXPECT_EQ(record.unit, payload.unit);
  EXPECT_EQ(record.engine, payload.engine);
  EXPECT_EQ(record.cpu, payload.cpu);
  EXPECT_EQ(record.reason, payload.reason);
  EXPECT_EQ(record.batch_rows, payload.batch_rows);
  EXPECT_EQ(record.row_offset, payload.row_offset);
  EXPECT_EQ(record.prepared, payload.prepared);
  EXPECT_EQ(record.queued, payload.queued);
  EXPECT_EQ(record.computed, payload.computed);
  ASSERT_EQ(record.fields.size(), payload.fields.size());
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const FieldRecord& field = record.fields[i];
    EXPECT_EQ(field.name, payload.fields[i].name);
    EXPECT_EQ(field.side, payload.fields[i].side);
    EXPECT_TRUE(std::ranges::equal(field.shape, payload.fields[i].shape));
    EXPECT_TRUE(std::ranges::equal(bytes_of(field.bytes), payload.fields[i].bytes));
  }
}

TEST(Payload, GoesFromLoopToWriterUnchanged) {
  MadeUpPayload made(1);
  std::vector<std::byte> packed(packed_bytes(made.payload()));
  pack(made.payload(), packed.data());

  FieldRoom room;
  const Payload unpacked = unpack_payload(packed, room);

  EXPECT_EQ(unpacked.endpoint, "fraud");
  expect_same(decode(encode({{unpacked}})).front(), made.payload());
}

TEST(PayloadBlock, GivesBackWhatItWasMadeOf) {
  std::deque<MadeUpPayload> made;
  for (std::uint64_t seed = 0; seed < 100; ++seed) made.emplace_back(seed);
  std::vector<Payload> payloads;
  for (MadeUpPayload& one : made) payloads.push_back(one.payload());

  const auto records = decode(encode(payloads));

  ASSERT_EQ(records.size(), payloads.size());
  for (std::size_t i = 0; i < records.size(); ++i) expect_same(records[i], payloads[i]);
}

TEST(PayloadBlock, HoldsPredictionsOfOtherFields) {
  MadeUpPayload first(1), second(2), third(3);
  second.fields().erase(second.fields().begin());
  third.fields().front().name = "y";

  const auto records = decode(encode({{first.payload(), second.payload(), third.payload(), first.payload()}}));

  ASSERT_EQ(records.size(), 4u);
  expect_same(records[1], second.payload());
  ASSERT_EQ(records[2].fields.size(), 2u);
  EXPECT_EQ(records[2].fields[0].name, "class");  // in the order in which the block has met them
  EXPECT_EQ(records[2].fields[1].name, "y");
  expect_same(records[3], first.payload());
}

TEST(PayloadBlock, HoldsNumbersOfEveryWidth) {
  std::vector<std::byte> bytes(8 * 1001);
  SeededRandom random(1);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next() % 3);  // so that it is worth packing
  for (const DataType type : {DataType::kUint8, DataType::kFp16, DataType::kFp32, DataType::kInt64}) {
    MadeUpPayload made(1);
    const std::size_t width = inference::element_bytes(type);
    const std::array<std::int64_t, 1> shape{1001};
    made.fields().front() = {Side::kInput, Treatment::kKept, "x", type, shape, std::span(bytes).first(1001 * width)};

    const std::string block = encode({{made.payload()}});

    EXPECT_LT(block.size(), 1001 * width) << width;
    expect_same(decode(block).front(), made.payload());
  }
}

TEST(PayloadBlock, TakesAFieldThatComesTwiceOnce) {
  MadeUpPayload made(1);
  made.fields().push_back(made.fields().front());

  const auto records = decode(encode({{made.payload(), made.payload()}}));

  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].fields.size(), 2u);
}

TEST(PayloadBlock, KeepsNothingOfAMaskedField) {
  MadeUpPayload made(1);
  made.fields().front().treatment = Treatment::kMasked;
  made.fields().front().bytes = {};

  const auto record = decode(encode({{made.payload()}})).front();

  EXPECT_EQ(record.fields.front().treatment, Treatment::kMasked);
  EXPECT_EQ(record.fields.front().shape, (inference::Shape{2, 3}));
  EXPECT_TRUE(record.fields.front().bytes.empty());
}

TEST(PayloadBlock, HashesEachElementByItsFieldAndTheKey) {
  MadeUpPayload made(1);
  const std::array<std::int64_t, 1> shape{3};
  const std::array<std::int32_t, 3> values{5, 6, 5};
  made.fields().front() = {
      Side::kInput, Treatment::kHashed, "card", DataType::kInt32, shape, std::as_bytes(std::span(values))};

  const auto record = decode(encode({{made.payload()}})).front();

  EXPECT_EQ(record.fields.front().type, DataType::kBytes);
  std::vector<std::string> texts;
  inference::for_each_bytes_element(bytes_of(record.fields.front().bytes),
                                    [&](std::string_view element) { texts.emplace_back(element); });
  ASSERT_EQ(texts.size(), 3u);
  const std::string five = kKey.text_of("card", std::string_view("\5\0\0\0", 4));
  EXPECT_EQ(texts[0], five);
  EXPECT_NE(texts[1], five);
  EXPECT_EQ(texts[2], five);
}

TEST(PayloadBlock, GivesBackOneByItsId) {
  MadeUpPayload first(1), second(2);
  const std::string block = encode({{first.payload(), second.payload()}});
  std::vector<PayloadRecord> found;
  ASSERT_TRUE(decode_payloads(block, found, second.payload().id));
  ASSERT_EQ(found.size(), 1u);
  expect_same(found.front(), second.payload());
}

TEST(PayloadBlock, IsRefusedWhenAnyByteOfItHasChanged) {
  MadeUpPayload made(4);
  const std::string block = encode({{made.payload()}});
  for (std::size_t at = 0; at < block.size(); ++at) {
    std::string changed = block;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::vector<PayloadRecord> records;
    EXPECT_FALSE(decode_payloads(changed, records)) << at;
    EXPECT_TRUE(records.empty());
  }
}

// Behind a checksum that fits there may be anything.
TEST(PayloadBlock, IsReadToAnEndWhateverItHolds) {
  MadeUpPayload made(5);
  const std::string block = encode({{made.payload()}});
  for (std::size_t at = BlockHead::kBytes; at < block.size(); ++at) {
    for (const int with : {1, 0x7f, 0x80, 0xff}) {
      std::string changed = block;
      changed[at] = static_cast<char>(changed[at] ^ with);
      put_at<std::uint32_t>(changed, 4, crc32c(std::string_view(changed).substr(8)));
      std::vector<PayloadRecord> records;
      (void)decode_payloads(changed, records);
      EXPECT_LE(records.size(), 1u);
    }
  }
}

// RFC 2104 with SHA-256, computed by Python's hmac.
TEST(HashKey, GivesTheFirstHalfOfTheMac) {
  std::array<std::uint8_t, 32> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(HashKey(key).text_of("card", "4111"), "d62eca89c5361b721ab13310b835ab99");
}

}  // namespace
}  // namespace modelyard::journal
