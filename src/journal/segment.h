// Segment is a file of blocks, of one endpoint and one kind. One that is open grows by a block at a time; a sealed one
// has an index behind its blocks, and does not change (docs/formats/journal.md).
//
// Errors:  InvalidArgument for a file that is none; a damaged block of an open segment is passed over and counted.
// Limits:  kMostBytes a file.
// Threads: pure.
#pragma once

#include "journal/block.h"

namespace modelyard::journal {

// What the blocks of a segment hold.
struct SegmentKind {
  std::string_view stem;   // of the files' names
  std::string_view magic;  // eight letters
};
inline constexpr SegmentKind kDecisions{"decisions-", "MYDECIDE"};
inline constexpr SegmentKind kPayloads{"payloads-", "MYPAYLOD"};

inline constexpr std::uint64_t kMostSegmentBytes = 256u << 20;

struct BlockPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::int64_t first_time = 0;
  std::int64_t last_time = 0;
  std::uint32_t rows = 0;
};

// What every segment begins with.
inline constexpr std::size_t kSegmentHeadBytes = 16;
std::string segment_head(SegmentKind kind);
// InvalidArgument for a file that is none of this kind, Unimplemented for one of another version.
Status check_segment_head(SegmentKind kind, std::string_view file);

// What follows the blocks of a sealed one. Pre: there is a block.
std::string index_and_trailer(std::span<const BlockPlace> places);

// The last bytes of a sealed segment, from which the place of its index follows.
struct SegmentTrailer {
  static constexpr std::size_t kBytes = 40;

  std::uint32_t blocks = 0;
  std::int64_t first_time = 0;
  std::int64_t last_time = 0;
  std::uint64_t rows = 0;

  std::uint64_t index_bytes() const;
};
Result<SegmentTrailer> read_trailer(std::string_view last_bytes);
// `index_and_trailer` are the last bytes of a file of `file_bytes`.
Result<std::vector<BlockPlace>> read_index(std::string_view index_and_trailer, std::uint64_t file_bytes);

// The blocks of an open segment whose checksum fits.
struct SegmentScan {
  std::vector<BlockPlace> blocks;
  std::uint64_t end = 0;            // of the last of them, or of the head
  std::uint64_t damaged_bytes = 0;  // between them
};
Result<SegmentScan> scan_segment(SegmentKind kind, std::string_view file);

}  // namespace modelyard::journal
