#include "registry/sqlite_catalog.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/directory.h"
#include "registry/audit_chain.h"
#include "registry/sqlite_schema.h"
#include "registry/sqlite_writer.h"

namespace modelyard::registry {
namespace {

constexpr std::size_t kMostReaders = 8;

Result<UniqueFd> lock_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return system_error("open", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return error(Code::kConflict, "'{}' is held by another modelyard: stop it, or use another --data folder", path);
}

Result<std::unique_ptr<SqliteConnection>> open_connection(const std::string& path, SqliteConnection::Access access) {
  return SqliteConnection::open(path, access, {"the catalog", "bring back a backup with `modelyard restore`"});
}

}  // namespace

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(SqliteCatalogOptions options, const Clock& clock) {
  MODELYARD_ASSIGN(UniqueFd lock, lock_file(options.path + ".lock"));
  MODELYARD_ASSIGN(auto writer, open_connection(options.path, SqliteConnection::Access::kReadWrite));
  MODELYARD_TRY(migrate(*writer));
  return std::unique_ptr<SqliteCatalog>(
      new SqliteCatalog(std::move(options), clock, std::move(lock), std::move(writer)));
}

SqliteCatalog::SqliteCatalog(SqliteCatalogOptions options, const Clock& clock, UniqueFd lock,
                             std::unique_ptr<SqliteConnection> writer)
    : options_(std::move(options)), clock_(clock), lock_(std::move(lock)), writer_(std::move(writer)) {}

SqliteCatalog::~SqliteCatalog() = default;

Result<std::unique_ptr<SqliteConnection>> SqliteCatalog::take_reader() {
  {
    MutexLock lock(pool_mutex_);
    if (!pool_.empty()) {
      auto reader = std::move(pool_.back());
      pool_.pop_back();
      return reader;
    }
  }
  return open_connection(options_.path, SqliteConnection::Access::kReadOnly);
}

void SqliteCatalog::give_back(std::unique_ptr<SqliteConnection> reader) {
  MutexLock lock(pool_mutex_);
  if (pool_.size() < kMostReaders) pool_.push_back(std::move(reader));
}

Status SqliteCatalog::read(const Read& read) {
  MODELYARD_ASSIGN(auto reader, take_reader());
  MODELYARD_TRY(reader->execute("BEGIN"));
  SqliteQueries<CatalogReader> queries(*reader);
  const Status outcome = read(queries);
  MODELYARD_TRY(reader->execute("COMMIT"));
  give_back(std::move(reader));
  return outcome;
}

Result<Revision> SqliteCatalog::transact(const AuditNote& note, const Write& write) {
  Result<Revision> revision = Revision{0};
  {
    MutexLock lock(writing_);
    MODELYARD_TRY(writer_->execute("BEGIN IMMEDIATE"));
    revision = transact_locked(note, write);
    if (!revision) {
      MODELYARD_TRY(writer_->execute("ROLLBACK"));
      return revision;
    }
  }
  if (changed_) changed_(*revision);
  return revision;
}

Result<Revision> SqliteCatalog::transact_locked(const AuditNote& note, const Write& write) {
  const UtcTime now = clock_.utc_now();
  Revision revision = 0;
  {
    MODELYARD_ASSIGN(auto next, writer_->prepare("UPDATE counter SET revision = revision + 1 RETURNING revision"));
    MODELYARD_TRY(next.step());
    revision = next.integer(0);
  }
  SqliteWriter writer(*writer_, revision, now, note.actor);
  MODELYARD_TRY(write(writer));
  MODELYARD_TRY(append_audit(note, revision, now));
  MODELYARD_TRY(trim_events());
  MODELYARD_TRY(writer_->execute("COMMIT"));
  return revision;
}

Status SqliteCatalog::append_audit(const AuditNote& note, Revision revision, UtcTime now) {
  std::int64_t sequence = 1;
  Digest previous;
  {
    MODELYARD_ASSIGN(auto last, writer_->prepare("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1"));
    MODELYARD_ASSIGN(const bool any, last.step());
    if (any) {
      sequence = last.integer(0) + 1;
      MODELYARD_ASSIGN(previous, Digest::parse(last.text(1)));
    }
  }
  MODELYARD_ASSIGN(const std::string row, canonical_json({{"sequence", sequence},
                                                          {"time", format_utc(now)},
                                                          {"revision", revision},
                                                          {"actor", note.actor},
                                                          {"action", note.action},
                                                          {"object", note.object},
                                                          {"detail", note.detail}}));
  MODELYARD_ASSIGN(auto insert, writer_->prepare("INSERT INTO audit VALUES (?, ?, ?, ?)"));
  return insert.bind(sequence).bind(row).bind(previous.hex()).bind(chain_hash(previous, row).hex()).run();
}

Status SqliteCatalog::trim_events() {
  MODELYARD_ASSIGN(auto trim, writer_->prepare("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?"));
  return trim.bind(options_.kept_events).run();
}

Status SqliteCatalog::record_event(std::string_view kind, const VersionRef& ref, std::string_view message) {
  MutexLock lock(writing_);
  SqliteWriter writer(*writer_, 0, clock_.utc_now(), "");
  MODELYARD_TRY(writer.add_event(kind, ref, message));
  return trim_events();
}

Status SqliteCatalog::record_key_uses(std::span<const std::pair<std::string, UtcTime>> uses) {
  MutexLock lock(writing_);
  MODELYARD_TRY(writer_->execute("BEGIN IMMEDIATE"));
  SqliteWriter writer(*writer_, 0, clock_.utc_now(), "");
  for (const auto& [id, time] : uses) {
    const Status recorded = writer.record_key_use(id, time);
    if (recorded) continue;
    MODELYARD_TRY(writer_->execute("ROLLBACK"));
    return recorded;
  }
  return writer_->execute("COMMIT");
}

Status SqliteCatalog::keep_answer(std::string_view key, const IdempotentAnswer& answer, UtcTime until) {
  MutexLock lock(writing_);
  return SqliteWriter(*writer_, 0, clock_.utc_now(), "").keep_answer(key, answer, until);
}

Status SqliteCatalog::keep_rollout_evidence(std::int64_t id, std::string_view evidence) {
  MutexLock lock(writing_);
  return SqliteWriter(*writer_, 0, clock_.utc_now(), "").keep_rollout_evidence(id, evidence);
}

Status SqliteCatalog::copy_to(const std::string& path) {
  MODELYARD_ASSIGN(auto source, take_reader());
  MODELYARD_TRY(source->copy_to(path));
  give_back(std::move(source));
  return ok();
}

}  // namespace modelyard::registry
