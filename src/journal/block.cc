#include "journal/block.h"

#include <zstd.h>

#include <array>

#include "base/check.h"
#include "base/crc32c.h"
#include "journal/bytes.h"

namespace modelyard::journal {
namespace {

constexpr std::uint32_t kMagic = 0x314b424d;  // "MBK1"
constexpr std::size_t kChecked = 8;           // the checksum covers what stands behind it
constexpr std::size_t kColumnHeadBytes = 12;
constexpr std::size_t kLeastCompressed = 64;  // bytes; less does not shrink
constexpr int kLevel = 1;
constexpr int kLevelOfNumbers = -1;  // matches are rare among numbers; what their bytes share is found all the same

std::int64_t floor_millis(std::int64_t micros) {
  return micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
}

// All first bytes of elements of `width`, then all second ones.
template <std::size_t kWidth>
void sort_by_place(std::string_view raw, char* to) {
  const std::size_t count = raw.size() / kWidth;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t place = 0; place < kWidth; ++place) to[place * count + i] = raw[i * kWidth + place];
  }
}
std::string_view sorted_by_place(std::string_view raw, std::size_t width, std::string& room) {
  if (room.size() < raw.size()) room.resize(raw.size());
  switch (width) {
    case 2: sort_by_place<2>(raw, room.data()); break;
    case 4: sort_by_place<4>(raw, room.data()); break;
    default: sort_by_place<8>(raw, room.data()); break;
  }
  return std::string_view(room).substr(0, raw.size());
}
std::string sorted_back(std::string_view sorted, std::size_t width) {
  std::string raw(sorted.size(), '\0');
  const std::size_t count = sorted.size() / width;
  for (std::size_t place = 0; place < width; ++place) {
    for (std::size_t i = 0; i < count; ++i) raw[i * width + place] = sorted[place * count + i];
  }
  return raw;
}

}  // namespace

Error damaged_block(std::string_view why) {
  return error(Code::kInvalidArgument, "damaged block: {}", why);
}

void BlockWriter::begin(std::size_t columns, Packing packing) {
  MODELYARD_CHECK(columns <= kMostColumns, "a block has at most kMostColumns");
  packing_ = packing;
  columns_ = columns;
  head_at_ = BlockHead::kBytes;
  block_.assign(BlockHead::kBytes + columns * kColumnHeadBytes, '\0');
}

void BlockWriter::FreeContext::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

void BlockWriter::add_elements(std::uint16_t column, std::string_view raw, std::size_t width) {
  std::string_view stored = raw;
  std::size_t packed = 0;
  if (packing_ == Packing::kCompressed && raw.size() >= kLeastCompressed) {
    if (!context_) context_.reset(ZSTD_createCCtx());
    const std::size_t by = raw.size() % width == 0 ? width : 1;
    packed_.resize(std::max(packed_.size(), ZSTD_compressBound(raw.size())));
    const std::string_view from = by == 1 ? raw : sorted_by_place(raw, by, sorted_);
    const std::size_t size = ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(), from.data(), from.size(),
                                               by == 1 ? kLevel : kLevelOfNumbers);
    if (!ZSTD_isError(size) && size < raw.size()) {
      stored = std::string_view(packed_).substr(0, size);
      packed = by;
    }
  }
  put_at<std::uint16_t>(block_, head_at_, column);
  put_at<std::uint16_t>(block_, head_at_ + 2, static_cast<std::uint16_t>(packed));
  put_at<std::uint32_t>(block_, head_at_ + 4, static_cast<std::uint32_t>(raw.size()));
  put_at<std::uint32_t>(block_, head_at_ + 8, static_cast<std::uint32_t>(stored.size()));
  head_at_ += kColumnHeadBytes;
  block_ += stored;
}

void BlockWriter::begin_names(const NameTable& names) {
  places_.assign(names.size(), kUnused);
  used_.clear();
}

char* BlockWriter::put_used_names(const NameTable& names, std::size_t rows) {
  std::size_t name_bytes = 0;
  for (const std::uint32_t number : used_) name_bytes += kMostVarintBytes + names.name(number).size();
  char* at = put_varint(reserve(kMostVarintBytes + name_bytes + rows * kMostVarintBytes), used_.size());
  for (const std::uint32_t number : used_) {
    const std::string_view name = names.name(number);
    at = std::copy(name.begin(), name.end(), put_varint(at, name.size()));
  }
  return at;
}

std::string_view BlockWriter::finish(std::size_t rows, TimeRange times) {
  MODELYARD_CHECK(rows > 0 && rows <= kMostRows, "a block has 1 to kMostRows records");
  MODELYARD_CHECK(head_at_ == BlockHead::kBytes + columns_ * kColumnHeadBytes, "a block has the columns it says");
  put_at<std::uint32_t>(block_, 0, kMagic);
  put_at<std::uint32_t>(block_, 8, static_cast<std::uint32_t>(block_.size() - BlockHead::kBytes));
  put_at<std::uint32_t>(block_, 12, static_cast<std::uint32_t>(rows));
  put_at<std::int64_t>(block_, 16, times.first);
  put_at<std::int64_t>(block_, 24, times.last);
  put_at<std::uint32_t>(block_, 32, static_cast<std::uint32_t>(columns_));
  put_at<std::uint32_t>(block_, 4, crc32c(std::string_view(block_).substr(kChecked)));
  return block_;
}

Result<BlockHead> read_block_head(std::string_view bytes) {
  if (bytes.size() < BlockHead::kBytes) return damaged_block("it is cut off");
  if (get<std::uint32_t>(bytes, 0) != kMagic) return damaged_block("it does not begin as one");
  const BlockHead head{get<std::uint32_t>(bytes, 8), get<std::uint32_t>(bytes, 12), get<std::int64_t>(bytes, 16),
                       get<std::int64_t>(bytes, 24), get<std::uint32_t>(bytes, 32)};
  if (head.rows == 0 || head.rows > kMostRows) return damaged_block("it has too many records, or none");
  if (head.body_bytes > kMostBodyBytes) return damaged_block("it is too large");
  return head;
}

Result<std::vector<StoredColumn>> read_columns(std::string_view block) {
  MODELYARD_ASSIGN(const BlockHead head, read_block_head(block));
  if (block.size() != BlockHead::kBytes + head.body_bytes) return damaged_block("its size is not what it says");
  if (crc32c(block.substr(kChecked)) != get<std::uint32_t>(block, 4)) return damaged_block("its checksum does not fit");
  const std::string_view body = block.substr(BlockHead::kBytes);
  if (head.columns > kMostColumns || head.columns > body.size() / kColumnHeadBytes) {
    return damaged_block("it has fewer columns than it says, or too many");
  }
  std::vector<StoredColumn> columns;
  columns.reserve(head.columns);
  std::size_t at = head.columns * kColumnHeadBytes;
  for (std::size_t place = 0; place < head.columns * kColumnHeadBytes; place += kColumnHeadBytes) {
    const auto stored_bytes = get<std::uint32_t>(body, place + 8);
    if (stored_bytes > body.size() - at) return damaged_block("a column is cut off");
    columns.push_back({get<std::uint16_t>(body, place), get<std::uint16_t>(body, place + 2),
                       get<std::uint32_t>(body, place + 4), body.substr(at, stored_bytes)});
    at += stored_bytes;
  }
  if (at != body.size()) return damaged_block("something follows its columns");
  return columns;
}

Result<std::string> unpack_column(const StoredColumn& column) {
  if (column.raw_bytes > kMostColumnBytes) return damaged_block("a column is too large");
  if (column.packing == 0) {
    if (column.bytes.size() != column.raw_bytes) return damaged_block("a column's sizes do not agree");
    return std::string(column.bytes);
  }
  const std::size_t width = column.packing;
  if ((width != 1 && width != 2 && width != 4 && width != 8) || column.raw_bytes % width != 0) {
    return damaged_block("a column is packed in an unknown way");
  }
  // Only as much memory as the compressed bytes can fill: what a header merely claims is not allocated.
  if (column.raw_bytes / 32'768 > column.bytes.size()) {
    return damaged_block("a column claims to be much larger than it is");
  }
  std::string raw(column.raw_bytes, '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), column.bytes.data(), column.bytes.size());
  if (ZSTD_isError(size) || size != column.raw_bytes) return damaged_block("a column cannot be inflated");
  return width == 1 ? raw : sorted_back(raw, width);
}

Result<std::vector<std::uint32_t>> read_dictionary(VarintReader& reader, std::size_t most, NameTable& names) {
  MODELYARD_ASSIGN(const std::uint64_t count, reader.next());
  if (count > most) return damaged_block("there are more names than records");
  std::vector<std::uint32_t> numbers;
  for (std::uint64_t i = 0; i < count; ++i) {
    MODELYARD_ASSIGN(const std::uint64_t size, reader.next());
    MODELYARD_ASSIGN(const std::string_view name, reader.text(size));
    numbers.push_back(names.number_of(name));
  }
  return numbers;
}

Uuid id_of(std::int64_t time, std::string_view tail) {
  std::array<std::uint8_t, 16> bytes;
  const auto millis = static_cast<std::uint64_t>(floor_millis(time));
  for (std::size_t at = 0; at < 6; ++at) bytes[at] = static_cast<std::uint8_t>(millis >> (40 - 8 * at));
  std::memcpy(bytes.data() + 6, tail.data(), kIdTailBytes);
  return Uuid::of(bytes);
}

}  // namespace modelyard::journal
