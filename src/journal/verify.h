// verify_journal() reads all that a journal has on disk and says what is damaged. A server may write meanwhile: what it
// appends is seen or not.
//
// Errors:  those of files that cannot be opened; damage is in the report.
// Threads: any; it takes no lock and changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace modelyard::journal {

struct FileVerdict {
  std::string endpoint;
  std::string file;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damage;  // none: it is whole
};

struct JournalVerdict {
  std::vector<FileVerdict> files;
  std::uint64_t deletions = 0;                // lines of the log of deletions
  std::vector<std::string> deletions_damage;  // lines that do not follow the one before

  bool is_whole() const;
};

// `progress` is told the files done, and how many there are.
Result<JournalVerdict> verify_journal(const std::string& folder,
                                      const std::function<void(std::size_t done, std::size_t all)>& progress);

}  // namespace modelyard::journal
