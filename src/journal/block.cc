#include "journal/block.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/crc32c.h"
#include "journal/bytes.h"

namespace modelyard::journal {
namespace {

constexpr std::uint32_t kMagic = 0x314b424d;  // "MBK1"
constexpr std::size_t kChecked = 8;           // the checksum covers what stands behind it
constexpr std::size_t kIdTail = 10;           // bytes of an id behind its milliseconds
constexpr std::size_t kColumnHeadBytes = 12;
constexpr std::size_t kLeastCompressed = 64;  // bytes; less does not shrink
constexpr int kLevel = 1;

enum Column : std::uint16_t {
  kIdTails = 1,
  kTimes = 2,
  kVersions = 3,
  kPlanRevisions = 4,
  kOutcomes = 5,
  kLatencies = 6,
  kRowCounts = 7,
  kModels = 8,
  kArms = 9,
  kPrincipals = 10,
  kProtocols = 11,
};
constexpr std::uint32_t kColumns = 11;
constexpr std::uint32_t kMostColumns = 64;

Error damaged(std::string_view why) {
  return error(Code::kInvalidArgument, "damaged block: {}", why);
}

constexpr std::size_t kMostVarintBytes = 10;

char* put_varint(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}
std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}
// Wrapping, so that hostile numbers are only wrong.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Takes numbers off a column's front.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint64_t> next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return damaged("a number is cut off");
  }
  Result<std::string_view> text(std::uint64_t size) {
    if (size > bytes_.size()) return damaged("a name is cut off");
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  Status finish() const { return bytes_.empty() ? ok() : Status(damaged("a column has more than its records")); }

 private:
  std::string_view bytes_;
};

// One column as it was before it was packed.
Result<std::string> unpack_column(std::string_view stored, std::uint16_t packing, std::uint32_t raw_bytes) {
  if (raw_bytes > kMostColumnBytes) return damaged("a column is too large");
  if (packing == 0) {
    if (stored.size() != raw_bytes) return damaged("a column's sizes do not agree");
    return std::string(stored);
  }
  if (packing != 1) return damaged("a column is packed in an unknown way");
  // Only as much memory as the compressed bytes can fill: what a header merely claims is not allocated.
  if (raw_bytes / 32'768 > stored.size()) return damaged("a column claims to be much larger than it is");
  std::string raw(raw_bytes, '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) || size != raw_bytes) return damaged("a column cannot be inflated");
  return raw;
}

template <typename Set>
Status read_varints(std::string_view raw, std::span<DecisionRow> rows, Set set) {
  VarintReader reader(raw);
  for (DecisionRow& row : rows) {
    MODELYARD_ASSIGN(const std::uint64_t value, reader.next());
    set(row, value);
  }
  return reader.finish();
}

Status read_times(std::string_view raw, std::span<DecisionRow> rows) {
  std::int64_t time = 0;
  return read_varints(raw, rows, [&](DecisionRow& row, std::uint64_t value) {
    time = plus(time, unzigzag(value));
    row.time = time;
  });
}

Status read_names(std::string_view raw, std::span<DecisionRow> rows, NameTable& names,
                  std::uint32_t DecisionRow::* field) {
  VarintReader reader(raw);
  MODELYARD_ASSIGN(const std::uint64_t count, reader.next());
  if (count > rows.size()) return damaged("there are more names than records");
  std::vector<std::uint32_t> numbers;
  for (std::uint64_t i = 0; i < count; ++i) {
    MODELYARD_ASSIGN(const std::uint64_t size, reader.next());
    MODELYARD_ASSIGN(const std::string_view name, reader.text(size));
    numbers.push_back(names.number_of(name));
  }
  for (DecisionRow& row : rows) {
    MODELYARD_ASSIGN(const std::uint64_t number, reader.next());
    if (number >= numbers.size()) return damaged("a record names what is not in its dictionary");
    row.*field = numbers[number];
  }
  return reader.finish();
}

std::int64_t floor_millis(std::int64_t micros) {
  return micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
}

Status put_ids_together(std::string_view tails, std::span<DecisionRow> rows) {
  if (tails.size() != rows.size() * kIdTail) return damaged("it has no ids");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::array<std::uint8_t, 16> bytes;
    const auto millis = static_cast<std::uint64_t>(floor_millis(rows[i].time));
    for (std::size_t at = 0; at < 6; ++at) bytes[at] = static_cast<std::uint8_t>(millis >> (40 - 8 * at));
    std::memcpy(bytes.data() + 6, tails.data() + i * kIdTail, kIdTail);
    rows[i].id = Uuid::of(bytes);
  }
  return ok();
}

Status read_column(std::uint16_t column, std::string_view raw, std::span<DecisionRow> rows, NameTable& names,
                   std::string& id_tails) {
  const auto numbers = [&](std::int64_t DecisionRow::* field) {
    return read_varints(raw, rows,
                        [&](DecisionRow& row, std::uint64_t value) { row.*field = static_cast<std::int64_t>(value); });
  };
  switch (column) {
    case kIdTails: id_tails = raw; return ok();
    case kTimes: return read_times(raw, rows);
    case kVersions: return numbers(&DecisionRow::version);
    case kPlanRevisions: return numbers(&DecisionRow::plan_revision);
    case kOutcomes:
      return read_varints(raw, rows, [](DecisionRow& row, std::uint64_t value) {
        row.outcome = static_cast<std::uint8_t>(std::min<std::uint64_t>(value, 1 + static_cast<int>(Code::kInternal)));
      });
    case kLatencies: return numbers(&DecisionRow::latency);
    case kRowCounts: return numbers(&DecisionRow::rows);
    case kModels: return read_names(raw, rows, names, &DecisionRow::model);
    case kArms: return read_names(raw, rows, names, &DecisionRow::arm);
    case kPrincipals: return read_names(raw, rows, names, &DecisionRow::principal);
    case kProtocols: return read_names(raw, rows, names, &DecisionRow::protocol);
    default: return ok();
  }
}

Status read_body(std::string_view body, std::uint32_t columns, std::span<DecisionRow> rows, NameTable& names) {
  if (columns > kMostColumns || columns > body.size() / kColumnHeadBytes) {
    return damaged("it has fewer columns than it says, or too many");
  }
  std::uint64_t at = std::uint64_t{columns} * kColumnHeadBytes;
  std::uint32_t seen = 0;
  std::string id_tails;
  for (std::uint32_t i = 0; i < columns; ++i) {
    const std::size_t head = i * kColumnHeadBytes;
    const auto column = get<std::uint16_t>(body, head);
    const auto stored_bytes = get<std::uint32_t>(body, head + 8);
    if (stored_bytes > body.size() - at) return damaged("a column is cut off");
    if (column >= 1 && column <= kColumns) {  // others are of a newer writer
      if ((seen >> column & 1) != 0) return damaged("a column comes twice");
      seen |= 1u << column;
      MODELYARD_ASSIGN(const std::string raw,
                       unpack_column(body.substr(at, stored_bytes), get<std::uint16_t>(body, head + 2),
                                     get<std::uint32_t>(body, head + 4)));
      MODELYARD_TRY(read_column(column, raw, rows, names, id_tails));
    }
    at += stored_bytes;
  }
  if (at != body.size()) return damaged("something follows its columns");
  if (seen != ((1u << (kColumns + 1)) - 2)) return damaged("a column is missing");
  return put_ids_together(id_tails, rows);
}

}  // namespace

std::uint32_t NameTable::number_of(std::string_view name) {
  std::uint32_t& guess =
      recent_[(name.size() * 5 + (name.empty() ? 0 : static_cast<unsigned char>(name.back()))) % kRecent];
  if (guess < names_.size() && *names_[guess] == name) return guess;
  return guess = look_up(name);
}

std::uint32_t NameTable::look_up(std::string_view name) {
  if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(names_.size());
  names_.push_back(&numbers_.emplace(name, number).first->first);
  return number;
}

DecisionRow row_of(const Decision& decision, NameTable& names) {
  DecisionRow row;
  row.id = decision.id;
  row.time = utc_micros(decision.time);
  row.version = decision.version;
  row.plan_revision = decision.plan_revision;
  row.latency = decision.latency.count();
  row.rows = decision.rows;
  row.outcome = decision.failure ? static_cast<std::uint8_t>(1 + static_cast<int>(*decision.failure)) : std::uint8_t{0};
  row.model = names.number_of(decision.model);
  row.arm = names.number_of(decision.arm);
  row.principal = names.number_of(decision.principal);
  row.protocol = names.number_of(decision.protocol);
  return row;
}

DecisionRecord record_of(const DecisionRow& row, const NameTable& names, std::string_view endpoint) {
  DecisionRecord record;
  record.id = row.id;
  record.time = utc_from_micros(row.time);
  record.endpoint = endpoint;
  record.model = names.name(row.model);
  record.version = row.version;
  record.plan_revision = row.plan_revision;
  record.arm = names.name(row.arm);
  record.principal = names.name(row.principal);
  record.protocol = names.name(row.protocol);
  if (row.outcome != 0) record.failure = static_cast<Code>(row.outcome - 1);
  record.latency = std::chrono::microseconds(row.latency);
  record.rows = row.rows;
  return record;
}

template <typename Value>
void BlockEncoder::add_numbers(std::uint16_t column, Value value) {
  char* at = reserve_raw(rows_.size() * kMostVarintBytes);
  for (const DecisionRow& row : rows_) at = put_varint(at, static_cast<std::uint64_t>(value(row)));
  add_column(column, at);
}

// The names of the column in the order they come, then the number of each record's.
void BlockEncoder::add_names(std::uint16_t column, const NameTable& names, std::uint32_t DecisionRow::* field) {
  constexpr std::uint32_t kUnused = ~0u;
  places_.assign(names.size(), kUnused);
  used_.clear();
  for (const DecisionRow& row : rows_) {
    if (places_[row.*field] != kUnused) continue;
    places_[row.*field] = static_cast<std::uint32_t>(used_.size());
    used_.push_back(row.*field);
  }
  std::size_t name_bytes = 0;
  for (const std::uint32_t number : used_) name_bytes += kMostVarintBytes + names.name(number).size();
  char* at = put_varint(reserve_raw(kMostVarintBytes + name_bytes + rows_.size() * kMostVarintBytes), used_.size());
  for (const std::uint32_t number : used_) {
    const std::string_view name = names.name(number);
    at = std::copy(name.begin(), name.end(), put_varint(at, name.size()));
  }
  for (const DecisionRow& row : rows_) at = put_varint(at, places_[row.*field]);
  add_column(column, at);
}

// Room at the beginning of raw_, which never shrinks.
char* BlockEncoder::reserve_raw(std::size_t bytes) {
  if (raw_.size() < bytes) raw_.resize(bytes);
  return raw_.data();
}

void BlockEncoder::add_column(std::uint16_t column, const char* end) {
  const std::string_view raw(raw_.data(), end);
  std::string_view stored = raw;
  std::uint16_t packed = 0;
  if (packing_ == Packing::kCompressed && raw.size() >= kLeastCompressed) {
    packed_.resize(std::max(packed_.size(), ZSTD_compressBound(raw.size())));
    const std::size_t size = ZSTD_compress(packed_.data(), packed_.size(), raw.data(), raw.size(), kLevel);
    if (!ZSTD_isError(size) && size < raw.size()) {
      stored = std::string_view(packed_).substr(0, size);
      packed = 1;
    }
  }
  put_at<std::uint16_t>(block_, head_at_, column);
  put_at<std::uint16_t>(block_, head_at_ + 2, packed);
  put_at<std::uint32_t>(block_, head_at_ + 4, static_cast<std::uint32_t>(raw.size()));
  put_at<std::uint32_t>(block_, head_at_ + 8, static_cast<std::uint32_t>(stored.size()));
  head_at_ += kColumnHeadBytes;
  block_ += stored;
}

std::string_view BlockEncoder::encode(std::span<const DecisionRow> rows, const NameTable& names, Packing packing) {
  MODELYARD_CHECK(!rows.empty() && rows.size() <= kMostRows, "a block has 1 to kMostRows records");
  rows_ = rows;
  packing_ = packing;
  head_at_ = BlockHead::kBytes;
  block_.assign(BlockHead::kBytes + kColumns * kColumnHeadBytes, '\0');
  char* tail = reserve_raw(rows.size() * kIdTail);
  for (const DecisionRow& row : rows) {
    std::memcpy(std::exchange(tail, tail + kIdTail), row.id.bytes().data() + 16 - kIdTail, kIdTail);
  }
  add_column(kIdTails, tail);
  std::int64_t before = 0;
  add_numbers(kTimes, [&](const DecisionRow& row) { return zigzag(minus(row.time, std::exchange(before, row.time))); });
  add_numbers(kVersions, [](const DecisionRow& row) { return row.version; });
  add_numbers(kPlanRevisions, [](const DecisionRow& row) { return row.plan_revision; });
  add_numbers(kOutcomes, [](const DecisionRow& row) { return row.outcome; });
  add_numbers(kLatencies, [](const DecisionRow& row) { return row.latency; });
  add_numbers(kRowCounts, [](const DecisionRow& row) { return row.rows; });
  add_names(kModels, names, &DecisionRow::model);
  add_names(kArms, names, &DecisionRow::arm);
  add_names(kPrincipals, names, &DecisionRow::principal);
  add_names(kProtocols, names, &DecisionRow::protocol);

  const auto [least, most] = std::ranges::minmax(rows, {}, &DecisionRow::time);
  put_at<std::uint32_t>(block_, 0, kMagic);
  put_at<std::uint32_t>(block_, 8, static_cast<std::uint32_t>(block_.size() - BlockHead::kBytes));
  put_at<std::uint32_t>(block_, 12, static_cast<std::uint32_t>(rows.size()));
  put_at<std::int64_t>(block_, 16, least.time);
  put_at<std::int64_t>(block_, 24, most.time);
  put_at<std::uint32_t>(block_, 32, kColumns);
  put_at<std::uint32_t>(block_, 4, crc32c(std::string_view(block_).substr(kChecked)));
  return block_;
}

Result<BlockHead> read_block_head(std::string_view bytes) {
  if (bytes.size() < BlockHead::kBytes) return damaged("it is cut off");
  if (get<std::uint32_t>(bytes, 0) != kMagic) return damaged("it does not begin as one");
  const BlockHead head{get<std::uint32_t>(bytes, 8), get<std::uint32_t>(bytes, 12), get<std::int64_t>(bytes, 16),
                       get<std::int64_t>(bytes, 24), get<std::uint32_t>(bytes, 32)};
  if (head.rows == 0 || head.rows > kMostRows) return damaged("it has too many records, or none");
  if (head.body_bytes > kMostBodyBytes) return damaged("it is too large");
  return head;
}

Status decode_block(std::string_view block, NameTable& names, std::vector<DecisionRow>& rows) {
  MODELYARD_ASSIGN(const BlockHead head, read_block_head(block));
  if (block.size() != BlockHead::kBytes + head.body_bytes) return damaged("its size is not what it says");
  if (crc32c(block.substr(kChecked)) != get<std::uint32_t>(block, 4)) return damaged("its checksum does not fit");
  const std::size_t before = rows.size();
  rows.resize(before + head.rows);
  const Status read = read_body(block.substr(BlockHead::kBytes), head.columns, std::span(rows).subspan(before), names);
  if (!read) rows.resize(before);
  return read;
}

}  // namespace modelyard::journal
