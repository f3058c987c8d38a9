#include "journal/deletion_log.h"

#include <fcntl.h>

#include "base/digest.h"

namespace modelyard::journal {

Result<DeletionLog> DeletionLog::open(const Directory& folder, const std::string& file) {
  constexpr std::uint64_t kMost = 1u << 30;
  MODELYARD_ASSIGN(UniqueFd fd, folder.open_file(file, O_RDWR | O_CREAT | O_APPEND));
  MODELYARD_ASSIGN(const std::string text, read_all(fd.get(), file, kMost));
  std::string_view lines = text;
  const auto end = lines.rfind('\n');
  lines = lines.substr(0, end == std::string_view::npos ? 0 : end);
  // A line that a crash has cut off was of a segment that is still there.
  const std::size_t whole = end == std::string_view::npos ? 0 : end + 1;
  if (whole != text.size() && ::ftruncate(fd.get(), static_cast<off_t>(whole)) != 0) {
    return system_error("shorten", file, errno);
  }
  const auto before = lines.rfind('\n');
  MODELYARD_TRY(folder.sync(""));
  return DeletionLog(std::move(fd), whole,
                     std::string(lines.substr(before == std::string_view::npos ? 0 : before + 1)));
}

Status DeletionLog::append(Json what) {
  what["previous"] = last_line_.empty() ? "" : sha256(last_line_).hex();
  std::string line = what.dump();
  const std::string whole = line + "\n";
  Status written = write_all(fd_.get(), std::as_bytes(std::span(whole)), "the log of deletions");
  if (written) written = sync_file(fd_.get(), "the log of deletions");
  if (!written) {
    // What is there of it would break the chain.
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes_)) != 0)
      return system_error("shorten", "the log of deletions", errno);
    return written;
  }
  bytes_ += whole.size();
  last_line_ = std::move(line);
  return ok();
}

}  // namespace modelyard::journal
