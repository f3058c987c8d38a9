// SegmentLog is the files of one endpoint and one kind of records: a segment that is open and grows, and sealed ones.
//
//   decisions-0000000007.open      blocks as they were written; may end in the middle of one after a crash
//   decisions-0000000006.segment   sealed: it has an index
//
// Order:   a segment is sealed when it is full, or when its first record has `age` and there are enough to be worth a
//          file, or after a day. With a `rewrite` it is written anew beside, synced, renamed; then the open file is
//          removed, or put aside when something of it could not be read. Without one it gets its index and its name.
// Threads: append(), sync(), seal() and remove() on the writer's; the rest from any thread.
// Damage:  a file that does not begin as a segment is put aside as `.damaged`. One of a newer version is
//          FailedPrecondition: the newer server has to read it.
// Errors:  what a write could not put on disk is not there: the next one overwrites it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/directory.h"
#include "base/mutex.h"
#include "journal/segment.h"

namespace modelyard::journal {

struct SegmentLimits {
  std::uint64_t rows = 131'072;
  std::uint64_t bytes = kMostSegmentBytes / 2;
  std::chrono::microseconds age = std::chrono::minutes(10);
  std::uint64_t worth_a_file = 8192;  // rows
};

// What open() found.
struct Recovery {
  std::uint64_t cut_bytes = 0;      // at the end of an open segment: a block that a crash has cut off
  std::uint64_t damaged_bytes = 0;  // elsewhere; they stay as they are
};

struct SegmentInfo {
  std::string file;
  std::int64_t first_time = 0;
  std::int64_t last_time = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::shared_ptr<const UniqueFd> open;  // null: it is sealed
};

// A sealed segment that was made of an open one's blocks.
struct Rewritten {
  std::string file;
  std::uint64_t rows = 0;  // 0: nothing could be read
  TimeRange times;
  std::vector<std::size_t> damaged;  // places of blocks in the list
};
using Rewrite = std::function<Rewritten(std::span<const std::string> blocks)>;

class SegmentLog {
 public:
  static Result<std::unique_ptr<SegmentLog>> open(const std::string& folder, SegmentKind kind, SegmentLimits limits,
                                                  Rewrite rewrite, Recovery& recovery);

  // One block, of `rows` records.
  Status append(std::string_view block, std::size_t rows, TimeRange times, UtcTime now);
  // Makes durable what was appended.
  Status sync();
  bool should_seal(UtcTime now) const;
  Status seal();
  // A sealed segment.
  Status remove(const std::string& file);
  struct Totals {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::int64_t first_time = 0;  // of the oldest record
    std::int64_t last_time = 0;
    std::uint64_t damaged_blocks = 0;  // found since the start
  };
  Totals totals() const;

  std::vector<SegmentInfo> segments() const;
  // Gives the blocks of a segment to `take`, the newest first, as long as it wants more; only those with records of the
  // time asked for. A segment that was deleted meanwhile has none. What is damaged, or the disk does not give, is
  // passed over and counted: one bad file is not to hide all others.
  enum class Taken { kMore, kEnough, kDamaged };
  using TakeBlock = std::function<Taken(std::string_view block)>;
  void read(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakeBlock& take) const;

 private:
  SegmentLog(Directory folder, SegmentKind kind, SegmentLimits limits, Rewrite rewrite)
      : folder_(std::move(folder)), kind_(kind), limits_(limits), rewrite_(std::move(rewrite)) {}

  std::string file_name(std::uint64_t number, std::string_view ending) const;
  // 0 for a file that is none of ours.
  std::uint64_t number_of(std::string_view file) const;
  Status find_segments(Recovery& recovery);
  Status put_aside(const std::string& file) const;
  bool is_whole(const std::string& sealed) const;
  Result<bool> is_readable(const std::string& file, int fd, std::uint64_t bytes, Recovery& recovery) const;
  Status adopt_sealed(const std::string& file, Recovery& recovery);
  Status adopt_open(const std::string& file, Recovery& recovery);
  Status begin_segment(UtcTime now);
  Status seal_in_place();
  Status seal_anew();
  Status give_up_open();
  // Every block of the open segment, and whether nothing but blocks is in the file.
  Result<bool> read_all_blocks(std::vector<std::string>& blocks) const;
  Result<std::vector<BlockPlace>> places_of(const SegmentInfo& segment, int fd) const;
  void count_damage(const std::string& file, std::uint64_t offset) const;
  void replace_last(SegmentInfo info);

  const Directory folder_;
  const SegmentKind kind_;
  const SegmentLimits limits_;
  const Rewrite rewrite_;
  // Of the writer.
  std::uint64_t next_number_ = 1;
  std::optional<SegmentInfo> open_;      // as it stands in the list
  std::vector<BlockPlace> open_blocks_;  // its blocks
  UtcTime opened_{};

  mutable Mutex mutex_;
  std::vector<SegmentInfo> segments_ MODELYARD_GUARDED_BY(mutex_);  // an open one is the last
  mutable std::set<std::pair<std::string, std::uint64_t>> damaged_ MODELYARD_GUARDED_BY(mutex_);  // file and offset
};

}  // namespace modelyard::journal
