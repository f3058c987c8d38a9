// DecisionLog is the decision records of one endpoint on disk. A sealed segment has them in the order of their times,
// in larger blocks.
//
// Threads, errors: those of SegmentLog.
#pragma once

#include "journal/decision_block.h"
#include "journal/segment_log.h"

namespace modelyard::journal {

// Pre: rows are sorted by time. A whole sealed segment.
std::string seal_decisions(std::span<const DecisionRow> rows, const NameTable& names);

class DecisionLog {
 public:
  static Result<std::unique_ptr<DecisionLog>> open(const std::string& folder, std::string endpoint,
                                                   SegmentLimits limits, Recovery& recovery);

  const std::string& endpoint() const { return endpoint_; }
  SegmentLog& files() { return *files_; }
  const SegmentLog& files() const { return *files_; }
  // All of them, or those before the ones that could not be written.
  Status append(std::span<const DecisionRow> rows, const NameTable& names, UtcTime now);
  // Block by block, as SegmentLog::read() has it, as long as `take` answers true.
  using TakeRows = std::function<bool(std::span<const DecisionRow> rows, const NameTable& names)>;
  void read(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakeRows& take) const;

 private:
  DecisionLog(std::string endpoint, std::unique_ptr<SegmentLog> files)
      : endpoint_(std::move(endpoint)), files_(std::move(files)) {}

  const std::string endpoint_;
  const std::unique_ptr<SegmentLog> files_;
  DecisionEncoder encoder_;  // of the writer
};

}  // namespace modelyard::journal
