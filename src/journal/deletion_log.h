// DeletionLog proves what was deleted of the journal, when and why: a line of JSON for each segment, on disk before the
// segment goes. Each line names the SHA-256 of the line before, so that none but the last ones can be taken out unseen.
//
// Threads: one at a time.
#pragma once

#include "base/directory.h"
#include "base/json.h"

namespace modelyard::journal {

class DeletionLog {
 public:
  // Continues the file of that name.
  static Result<DeletionLog> open(const Directory& folder, const std::string& file);

  // `what` is an object; "previous" is added.
  Status append(Json what);

 private:
  DeletionLog(UniqueFd fd, std::uint64_t bytes, std::string last_line)
      : fd_(std::move(fd)), bytes_(bytes), last_line_(std::move(last_line)) {}

  UniqueFd fd_;
  std::uint64_t bytes_;
  std::string last_line_;
};

}  // namespace modelyard::journal
