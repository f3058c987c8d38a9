// ExportProgress is how far an export has come, in a file beside what it writes, so that an interrupted one goes on.
//
// The file says which predictions are exported, in which form, where the next page begins, and how many bytes of the
// output are whole; what stands behind them is written anew. It is removed at the end.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace modelyard::app {

struct ExportProgress {
  std::string asked;  // which predictions, as it was said
  std::string query;  // the same for the server: its times stand still
  std::string form;
  std::string cursor;  // "" at the beginning
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t left_out = 0;

  // NotFound when nothing was interrupted, Conflict when it was an export of something else.
  static Result<ExportProgress> resume(const std::string& path, const std::string& asked, const std::string& form);
  Status save(const std::string& path) const;
};

}  // namespace modelyard::app
