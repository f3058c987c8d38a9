// PayloadLog is the captured payloads of one endpoint on disk. They wait in memory until there are enough for a block,
// or for write().
//
// Threads, errors: those of SegmentLog; add() and write() are the writer's.
#pragma once

#include "journal/payload_block.h"
#include "journal/segment_log.h"

namespace modelyard::journal {

class PayloadLog {
 public:
  static Result<std::unique_ptr<PayloadLog>> open(const std::string& folder, std::string endpoint, SegmentLimits limits,
                                                  PayloadEncoder::Hash hash, Recovery& recovery);

  const std::string& endpoint() const { return endpoint_; }
  SegmentLog& files() { return *files_; }
  const SegmentLog& files() const { return *files_; }
  // What waits is written when there is enough of it. On failure it is lost, and `payload` with it; lost() counts.
  Status add(const Payload& payload, UtcTime now);
  Status write(UtcTime now);
  std::uint64_t lost() const { return lost_; }
  // Block by block, as SegmentLog::read() has it.
  using TakePayload = std::function<void(PayloadRecord& payload)>;
  void scan(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakePayload& take) const;
  // NotFound when there is none of this id in the segment.
  Result<PayloadRecord> find(const SegmentInfo& segment, const Uuid& id, UtcTime from, UtcTime to) const;

 private:
  PayloadLog(std::string endpoint, std::unique_ptr<SegmentLog> files, PayloadEncoder::Hash hash)
      : endpoint_(std::move(endpoint)), files_(std::move(files)), encoder_(std::move(hash)) {}

  const std::string endpoint_;
  const std::unique_ptr<SegmentLog> files_;
  // Of the writer.
  PayloadEncoder encoder_;
  std::uint64_t lost_ = 0;
};

}  // namespace modelyard::journal
