#include "journal/segment.h"

#include <algorithm>

#include "base/crc32c.h"
#include "journal/bytes.h"

namespace modelyard::journal {
namespace {

constexpr std::string_view kSealMagic = "MYSEALED";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPlaceBytes = 40;
constexpr std::string_view kBlockMagic = "MBK1";
constexpr std::uint64_t kMostTries = 8;  // times the file

Error damaged(std::string_view why) {
  return error(Code::kInvalidArgument, "damaged segment: {}", why);
}

std::string index_of(std::span<const BlockPlace> places) {
  std::string index;
  for (const BlockPlace& place : places) {
    put<std::uint64_t>(index, place.offset);
    put<std::uint64_t>(index, place.bytes);
    put<std::int64_t>(index, place.first_time);
    put<std::int64_t>(index, place.last_time);
    put<std::uint64_t>(index, place.rows);
  }
  return index;
}

std::string trailer_of(std::span<const BlockPlace> places, std::string_view index) {
  std::uint64_t rows = 0;
  for (const BlockPlace& place : places) rows += place.rows;
  std::string trailer;
  put<std::uint32_t>(trailer, static_cast<std::uint32_t>(places.size()));
  put<std::int64_t>(trailer, std::ranges::min(places, {}, &BlockPlace::first_time).first_time);
  put<std::int64_t>(trailer, std::ranges::max(places, {}, &BlockPlace::last_time).last_time);
  put<std::uint64_t>(trailer, rows);
  std::string whole;
  put<std::uint32_t>(whole, crc32c(std::string(index) + trailer));
  return whole.append(trailer).append(kSealMagic);
}

// The block at the front of `bytes`, if there is a whole one.
Result<BlockPlace> block_at(std::string_view bytes, std::uint64_t offset) {
  MODELYARD_ASSIGN(const BlockHead head, read_block_head(bytes));
  const std::uint64_t size = BlockHead::kBytes + head.body_bytes;
  if (size > bytes.size()) return damaged("a block is cut off");
  if (crc32c(bytes.substr(8, size - 8)) != get<std::uint32_t>(bytes, 4)) return damaged("a checksum does not fit");
  return BlockPlace{offset, size, head.first_time, head.last_time, head.rows};
}

}  // namespace

std::string segment_head(SegmentKind kind) {
  std::string head(kind.magic);
  put<std::uint32_t>(head, kVersion);
  put<std::uint32_t>(head, 0);
  return head;
}

std::string index_and_trailer(std::span<const BlockPlace> places) {
  const std::string index = index_of(places);
  return index + trailer_of(places, index);
}

std::uint64_t SegmentTrailer::index_bytes() const {
  return std::uint64_t{blocks} * kPlaceBytes;
}

Result<SegmentTrailer> read_trailer(std::string_view bytes) {
  if (bytes.size() < SegmentTrailer::kBytes) return damaged("it is too short");
  const std::string_view trailer = bytes.substr(bytes.size() - SegmentTrailer::kBytes);
  if (!trailer.ends_with(kSealMagic)) return damaged("it is not sealed");
  const SegmentTrailer read{get<std::uint32_t>(trailer, 4), get<std::int64_t>(trailer, 8),
                            get<std::int64_t>(trailer, 16), get<std::uint64_t>(trailer, 24)};
  if (read.blocks == 0) return damaged("it has no blocks");
  return read;
}

Result<std::vector<BlockPlace>> read_index(std::string_view bytes, std::uint64_t file_bytes) {
  MODELYARD_ASSIGN(const SegmentTrailer trailer, read_trailer(bytes));
  const std::uint64_t whole = trailer.index_bytes() + SegmentTrailer::kBytes;
  if (whole > bytes.size() || whole + kSegmentHeadBytes > file_bytes) return damaged("its index is cut off");
  bytes = bytes.substr(bytes.size() - whole);
  const std::size_t index_bytes = trailer.index_bytes();
  // Behind the checksum stands the trailer without it and without the closing word.
  const std::string checked =
      std::string(bytes.substr(0, index_bytes)) +
      std::string(bytes.substr(index_bytes + 4, SegmentTrailer::kBytes - 4 - kSealMagic.size()));
  if (crc32c(checked) != get<std::uint32_t>(bytes, index_bytes)) return damaged("its index is damaged");
  std::vector<BlockPlace> places;
  for (std::uint32_t i = 0; i < trailer.blocks; ++i) {
    const std::size_t at = i * kPlaceBytes;
    const BlockPlace place{get<std::uint64_t>(bytes, at), get<std::uint64_t>(bytes, at + 8),
                           get<std::int64_t>(bytes, at + 16), get<std::int64_t>(bytes, at + 24),
                           static_cast<std::uint32_t>(get<std::uint64_t>(bytes, at + 32))};
    if (place.offset > file_bytes || place.bytes > file_bytes - place.offset ||
        place.bytes > BlockHead::kBytes + kMostBodyBytes) {
      return damaged("its index points outside");
    }
    places.push_back(place);
  }
  return places;
}

Status check_segment_head(SegmentKind kind, std::string_view file) {
  if (file.size() < kSegmentHeadBytes || !file.starts_with(kind.magic)) return damaged("it does not begin as one");
  const auto version = get<std::uint32_t>(file, kind.magic.size());
  if (version == kVersion) return ok();
  return error(Code::kUnimplemented, "segment of version {}: this server reads version {}", version, kVersion);
}

Result<SegmentScan> scan_segment(SegmentKind kind, std::string_view file) {
  MODELYARD_TRY(check_segment_head(kind, file));
  SegmentScan scan;
  scan.end = kSegmentHeadBytes;
  std::uint64_t at = kSegmentHeadBytes;
  std::uint64_t tried = 0;  // bytes; a file full of heads would have its bytes summed again and again
  while (at < file.size() && tried < kMostTries * file.size()) {
    const auto place = block_at(file.substr(at), at);
    if (const auto head = read_block_head(file.substr(at)))
      tried += std::min<std::uint64_t>(head->body_bytes, file.size());
    if (place) {
      scan.damaged_bytes += at - scan.end;
      scan.blocks.push_back(*place);
      at = scan.end = at + place->bytes;
      continue;
    }
    const auto next = file.find(kBlockMagic, at + 1);  // behind a damaged one there may be good ones
    if (next == std::string_view::npos) break;
    at = next;
  }
  return scan;
}

}  // namespace modelyard::journal
