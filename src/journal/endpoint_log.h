// EndpointLog is the folder of one endpoint's records: a segment that is open and grows, and sealed ones.
//
//   decisions-0000000007.open      blocks as they were written; may end in the middle of one after a crash
//   decisions-0000000006.segment   sealed: larger blocks in the order of time, an index
//
// Order:   a segment is sealed when it has `rows` records, or when its first one has `age` and there are enough to be
//          worth a file, or after a day: written anew beside, synced, renamed; then the open file is removed, or put
//          aside when something of it could not be read.
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

#include "base/directory.h"
#include "base/mutex.h"
#include "journal/segment.h"

namespace modelyard::journal {

struct SegmentLimits {
  std::uint64_t rows = 131'072;
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

class EndpointLog {
 public:
  static Result<std::unique_ptr<EndpointLog>> open(const std::string& folder, std::string endpoint,
                                                   SegmentLimits limits, Recovery& recovery);

  const std::string& endpoint() const { return endpoint_; }
  // All of them, or those before the ones that could not be written.
  Status append(std::span<const DecisionRow> rows, const NameTable& names, UtcTime now);
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
  // Gives the records of a segment to `take`, block by block, the newest block first, as long as it answers true; only
  // blocks with records of the time asked for. A segment that was deleted meanwhile has none. A damaged block is passed
  // over and counted.
  using TakeBlock = std::function<bool(std::span<const DecisionRow> rows, const NameTable& names)>;
  Status read(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakeBlock& take) const;

 private:
  EndpointLog(Directory folder, std::string endpoint, SegmentLimits limits)
      : folder_(std::move(folder)), endpoint_(std::move(endpoint)), limits_(limits) {}

  Status find_segments(Recovery& recovery);
  Status put_aside(const std::string& file) const;
  bool is_whole(const std::string& sealed) const;
  Result<bool> is_readable(const std::string& file, int fd, std::uint64_t bytes, Recovery& recovery) const;
  Status adopt_sealed(const std::string& file, Recovery& recovery);
  Status adopt_open(const std::string& file, Recovery& recovery);
  Status begin_segment(UtcTime now);
  // Whether they are all there, and nothing but blocks was in the file.
  Result<bool> read_all_rows(const SegmentInfo& segment, NameTable& names, std::vector<DecisionRow>& rows) const;
  Result<std::vector<BlockPlace>> places_of(const SegmentInfo& segment, int fd) const;

  const Directory folder_;
  const std::string endpoint_;
  const SegmentLimits limits_;
  // Of the writer.
  std::uint64_t next_number_ = 1;
  std::optional<SegmentInfo> open_;  // as it stands in the list
  UtcTime opened_{};
  BlockEncoder encoder_;

  mutable Mutex mutex_;
  std::vector<SegmentInfo> segments_ MODELYARD_GUARDED_BY(mutex_);  // an open one is the last
  mutable std::set<std::pair<std::string, std::uint64_t>> damaged_ MODELYARD_GUARDED_BY(mutex_);  // file and offset
};

}  // namespace modelyard::journal
