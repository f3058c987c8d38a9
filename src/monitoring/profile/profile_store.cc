#include "monitoring/profile/profile_store.h"

#include <algorithm>
#include <array>

namespace modelyard::monitoring {
namespace {

// docs/formats/profile.md describes it. What is small stands before the profile: a row's begin is read without the
// rest.
constexpr std::array kMigrations{R"sql(
CREATE TABLE windows (
  id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, version INTEGER NOT NULL,
  begins INTEGER NOT NULL, ends INTEGER NOT NULL, width INTEGER NOT NULL, bytes INTEGER NOT NULL,
  profile TEXT NOT NULL);
CREATE INDEX windows_of_endpoint ON windows (endpoint, begins);
CREATE INDEX windows_by_width ON windows (width, begins);
)sql"};

constexpr JsonLimits kLimits{.max_bytes = 256u << 20, .max_depth = 8};

Result<StreamProfile> read_profile(const SqliteStatement& row) {
  StreamProfile profile;
  profile.endpoint = row.text(0);
  profile.version = {row.text(1), row.integer(2)};
  MODELYARD_ASSIGN(const Json document, parse_json(row.text(3), kLimits));
  MODELYARD_ASSIGN(profile.window, parse_window_profile(document));
  return profile;
}

// Begins a transaction, ends it as `work` ended.
Status in_transaction(SqliteConnection& connection, const std::function<Status()>& work) {
  MODELYARD_TRY(connection.execute("BEGIN IMMEDIATE"));
  Status done = work();
  if (done) done = connection.execute("COMMIT");
  if (!done) (void)connection.execute("ROLLBACK").has_value();
  return done;
}

Status insert(SqliteConnection& connection, const StreamProfile& profile, std::chrono::seconds width) {
  MODELYARD_ASSIGN(const std::string document, canonical_json(to_json(profile.window)));
  MODELYARD_ASSIGN(auto statement,
                   connection.prepare("INSERT INTO windows (endpoint, model, version, begins, ends, width, bytes, "
                                      "profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  statement.bind(profile.endpoint).bind(profile.version.model).bind(profile.version.version);
  statement.bind(utc_micros(profile.window.from)).bind(utc_micros(profile.window.to));
  statement.bind(width.count()).bind(static_cast<std::int64_t>(document.size()));
  return statement.bind(document).run();
}

// Windows that become one.
struct Group {
  std::string endpoint;
  VersionRef version;
  std::int64_t bucket = 0;
};

Result<std::vector<Group>> groups_of(SqliteConnection& connection, std::int64_t before, std::chrono::seconds width) {
  MODELYARD_ASSIGN(auto rows, connection.prepare("SELECT DISTINCT endpoint, model, version, begins / ?1 FROM windows "
                                                 "WHERE width < ?2 AND begins < ?3"));
  rows.bind(std::chrono::microseconds(width).count()).bind(width.count()).bind(before);
  std::vector<Group> groups;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, rows.step());
    if (!more) return groups;
    groups.push_back({rows.text(0), {rows.text(1), rows.integer(2)}, rows.integer(3)});
  }
}

void bind_group(SqliteStatement& statement, const Group& group, std::chrono::seconds width) {
  statement.bind(group.endpoint).bind(group.version.model).bind(group.version.version).bind(width.count());
  const std::int64_t micros = std::chrono::microseconds(width).count();
  statement.bind(group.bucket * micros).bind((group.bucket + 1) * micros);
}

Status put_together(SqliteConnection& connection, const Group& group, std::chrono::seconds width,
                    std::chrono::seconds kept_as) {
  std::optional<StreamProfile> whole;
  {
    MODELYARD_ASSIGN(auto rows, connection.prepare("SELECT endpoint, model, version, profile FROM windows WHERE "
                                                   "endpoint = ? AND model = ? AND version = ? AND width < ? AND "
                                                   "begins >= ? AND begins < ? ORDER BY begins"));
    bind_group(rows, group, width);
    for (;;) {
      MODELYARD_ASSIGN(const bool more, rows.step());
      if (!more) break;
      MODELYARD_ASSIGN(auto next, read_profile(rows));
      whole ? merge(whole->window, next.window) : void(whole = std::move(next));
    }
  }
  MODELYARD_ASSIGN(auto old, connection.prepare("DELETE FROM windows WHERE endpoint = ? AND model = ? AND version = ? "
                                                "AND width < ? AND begins >= ? AND begins < ?"));
  bind_group(old, group, width);
  MODELYARD_TRY(old.run());
  return whole ? insert(connection, *whole, kept_as) : ok();
}

// What is in the same window already becomes one with it.
Status insert_into_window(SqliteConnection& connection, const StreamProfile& profile, std::chrono::seconds width) {
  MODELYARD_TRY(insert(connection, profile, std::chrono::seconds(0)));
  const Group group{profile.endpoint, profile.version,
                    utc_micros(profile.window.from) / std::chrono::microseconds(width).count()};
  {
    MODELYARD_ASSIGN(auto others,
                     connection.prepare("SELECT count(*) FROM windows WHERE endpoint = ? AND model = ? AND "
                                        "version = ? AND width < ? AND begins >= ? AND begins < ?"));
    bind_group(others, group, width);
    MODELYARD_TRY(others.step());
    if (others.integer(0) < 2) return ok();
  }
  return put_together(connection, group, width, std::chrono::seconds(0));
}

// Windows that begin before `before`, whole spans of `width` only.
Status widen(SqliteConnection& connection, UtcTime before, std::chrono::seconds width) {
  const std::int64_t micros = std::chrono::microseconds(width).count();
  MODELYARD_ASSIGN(const auto groups, groups_of(connection, utc_micros(before) / micros * micros, width));
  for (const Group& group : groups) {
    MODELYARD_TRY(in_transaction(connection, [&] { return put_together(connection, group, width, width); }));
  }
  return ok();
}

Status remove_oldest(SqliteConnection& connection, UtcTime before, std::uint64_t most_bytes) {
  MODELYARD_ASSIGN(auto old, connection.prepare("DELETE FROM windows WHERE begins < ?"));
  MODELYARD_TRY(old.bind(utc_micros(before)).run());
  MODELYARD_ASSIGN(auto too_much,
                   connection.prepare("DELETE FROM windows WHERE id IN (SELECT id FROM (SELECT id, sum(bytes) OVER "
                                      "(ORDER BY begins DESC, id DESC) AS upto FROM windows) WHERE upto > ?)"));
  return too_much.bind(static_cast<std::int64_t>(most_bytes)).run();
}

}  // namespace

Result<std::unique_ptr<ProfileStore>> ProfileStore::open(const std::string& path, std::chrono::seconds fine,
                                                         std::uint64_t most_bytes) {
  MODELYARD_ASSIGN(auto connection, SqliteConnection::open(path, SqliteConnection::Access::kReadWrite,
                                                           {"the profiles", "put the file aside: a new one is begun"}));
  MODELYARD_TRY(connection->migrate(kMigrations));
  MODELYARD_TRY(connection->execute("PRAGMA synchronous=NORMAL"));
  return std::unique_ptr<ProfileStore>(new ProfileStore(std::move(connection), fine, most_bytes));
}

Status ProfileStore::put(const std::vector<StreamProfile>& profiles) {
  MutexLock lock(mutex_);
  SqliteConnection& connection = *connection_;
  return in_transaction(connection, [&]() -> Status {
    for (const StreamProfile& profile : profiles) {
      MODELYARD_TRY(insert_into_window(connection, profile, fine_));
    }
    return ok();
  });
}

Status ProfileStore::compact(UtcTime now) {
  MutexLock lock(mutex_);
  MODELYARD_TRY(widen(*connection_, now - kFine, std::chrono::hours(1)));
  MODELYARD_TRY(widen(*connection_, now - kHours, std::chrono::days(1)));
  return remove_oldest(*connection_, now - kDays, most_bytes_);
}

Status ProfileStore::scan(const std::string& endpoint, UtcTime from, UtcTime to, std::size_t most,
                          const std::function<void(StreamProfile profile)>& take) {
  MutexLock lock(mutex_);
  MODELYARD_ASSIGN(auto rows,
                   connection_->prepare("SELECT endpoint, model, version, profile FROM windows WHERE endpoint = ? AND "
                                        "begins >= ? AND begins < ? ORDER BY begins, id LIMIT ?"));
  rows.bind(endpoint).bind(utc_micros(from)).bind(utc_micros(to)).bind(static_cast<std::int64_t>(most));
  for (;;) {
    MODELYARD_ASSIGN(const bool more, rows.step());
    if (!more) return ok();
    MODELYARD_ASSIGN(auto profile, read_profile(rows));
    take(std::move(profile));
  }
}

Result<std::vector<StreamProfile>> ProfileStore::windows(const std::string& endpoint, UtcTime from, UtcTime to,
                                                         std::size_t most) {
  std::vector<StreamProfile> all;
  MODELYARD_TRY(scan(endpoint, from, to, most, [&](StreamProfile profile) { all.push_back(std::move(profile)); }));
  return all;
}

Result<std::vector<StreamProfile>> ProfileStore::read(const std::string& endpoint, UtcTime from, UtcTime to) {
  constexpr std::size_t kAll = 1u << 30;
  std::vector<StreamProfile> merged;
  MODELYARD_TRY(scan(endpoint, from, to, kAll, [&](StreamProfile profile) {
    const auto same = std::ranges::find(merged, profile.version, &StreamProfile::version);
    same == merged.end() ? void(merged.push_back(std::move(profile))) : merge(same->window, profile.window);
  }));
  return merged;
}

}  // namespace modelyard::monitoring
