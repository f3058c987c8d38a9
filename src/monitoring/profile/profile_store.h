// ProfileStore keeps the windows of all endpoints and versions on disk (docs/formats/profile.md), the older ones wider.
//
// Widths:     windows of `fine`, into which go all profiles that begin in them; those older than kFine are put together
//             by hours, those older than kHours by days, those older than kDays go. What is over `most_bytes` goes too,
//             the oldest first.
// Durability: a crash may lose the newest windows, never more than what the operating system had not written yet.
// Threads:    any.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/sqlite/sqlite_connection.h"
#include "monitoring/profile/live_profiler.h"

namespace modelyard::monitoring {

class ProfileStore {
 public:
  static constexpr std::chrono::hours kFine{3};
  static constexpr std::chrono::days kHours{8};  // a week ago is still known by hours
  static constexpr std::chrono::days kDays{90};

  static Result<std::unique_ptr<ProfileStore>> open(const std::string& path, std::chrono::seconds fine,
                                                    std::uint64_t most_bytes);

  Status put(const std::vector<StreamProfile>& profiles);
  // What is older than it may be as it is, at `now`.
  Status compact(UtcTime now);
  // The windows of an endpoint that begin in from … to, put together for each version.
  Result<std::vector<StreamProfile>> read(const std::string& endpoint, UtcTime from, UtcTime to);
  // One by one, by time, `most` of them.
  Result<std::vector<StreamProfile>> windows(const std::string& endpoint, UtcTime from, UtcTime to, std::size_t most);

 private:
  Status scan(const std::string& endpoint, UtcTime from, UtcTime to, std::size_t most,
              const std::function<void(StreamProfile profile)>& take);

  ProfileStore(std::unique_ptr<SqliteConnection> connection, std::chrono::seconds fine, std::uint64_t most_bytes)
      : connection_(std::move(connection)), fine_(fine), most_bytes_(most_bytes) {}

  Mutex mutex_;
  std::unique_ptr<SqliteConnection> connection_ MODELYARD_GUARDED_BY(mutex_);
  const std::chrono::seconds fine_;
  const std::uint64_t most_bytes_;
};

}  // namespace modelyard::monitoring
