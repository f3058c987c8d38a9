#include "base/sqlite/sqlite_connection.h"

#include <sqlite3.h>

namespace modelyard {
namespace {

constexpr int kBusyMilliseconds = 10'000;

Code code_of(int outcome) {
  switch (outcome & 0xff) {
    case SQLITE_CONSTRAINT: return Code::kConflict;
    case SQLITE_FULL: return Code::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::kUnavailable;
    default: return Code::kInternal;
  }
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::optional<std::int64_t> number) {
  if (number) return bind(*number);
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

SqliteStatement& SqliteStatement::bind_real(double number) {
  sqlite3_bind_double(statement_, ++bound_, number);
  return *this;
}

SqliteStatement& SqliteStatement::bind_bytes(std::span<const std::uint8_t> bytes) {
  sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int outcome = sqlite3_step(statement_);
  if (outcome == SQLITE_ROW) return true;
  if (outcome == SQLITE_DONE) return false;
  return connection_->last_error("read or change");
}

Status SqliteStatement::run() {
  MODELYARD_TRY(step());
  return ok();
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> SqliteStatement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

SqliteStatement::Type SqliteStatement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER: return Type::kInteger;
    case SQLITE_FLOAT: return Type::kReal;
    case SQLITE_TEXT: return Type::kText;
    case SQLITE_BLOB: return Type::kBytes;
    default: return Type::kNull;
  }
}

double SqliteStatement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::span<const std::uint8_t> SqliteStatement::bytes(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Access access,
                                                                 SqliteNames names) {
  sqlite3* handle = nullptr;
  const int flags = (access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int outcome = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, std::move(names)));
  if (outcome != SQLITE_OK) return connection->last_error("open").with_context("'{}'", path);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  MODELYARD_TRY(connection->execute("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return SqliteStatement(*this, known->second);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return last_error("prepare");
  }
  statements_.emplace(sql, statement);
  return SqliteStatement(*this, statement);
}

Status SqliteConnection::execute(const std::string& sql) {
  return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK ? ok()
                                                                                    : Status(last_error("execute"));
}

Status SqliteConnection::migrate(std::span<const char* const> migrations) {
  MODELYARD_TRY(execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
  std::int64_t version = 0;
  {
    MODELYARD_ASSIGN(auto statement, prepare("PRAGMA user_version"));
    MODELYARD_TRY(statement.step());
    version = statement.integer(0);
  }
  if (version > static_cast<std::int64_t>(migrations.size())) {
    return error(Code::kFailedPrecondition,
                 "{} has schema {}, this program knows up to {}: use the newer modelyard that wrote it", names_.what,
                 version, migrations.size());
  }
  for (auto next = static_cast<std::size_t>(version); next < migrations.size(); ++next) {
    const Status done =
        execute(fmt::format("BEGIN IMMEDIATE;{}PRAGMA user_version={};COMMIT;", migrations[next], next + 1));
    if (done) continue;
    (void)execute("ROLLBACK").has_value();
    return done.error().with_context("migration {}", next + 1);
  }
  return ok();
}

Status SqliteConnection::copy_to(const std::string& path) {
  MODELYARD_ASSIGN(const auto target, open(path, Access::kReadWrite, {"the copy of " + names_.what, names_.remedy}));
  sqlite3_backup* const backup = sqlite3_backup_init(target->handle_, "main", handle_, "main");
  if (backup == nullptr) return target->last_error("write");
  const int outcome = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);  // leaves what went wrong with the target
  if (outcome != SQLITE_DONE) return target->last_error("write");
  return target->execute("PRAGMA journal_mode=DELETE");
}

Status SqliteConnection::check() {
  MODELYARD_ASSIGN(auto statement, prepare("PRAGMA quick_check(1)"));
  MODELYARD_TRY(statement.step());
  if (statement.text(0) == "ok") return ok();
  return error(Code::kInternal, "{} is damaged ({}): {}", names_.what, statement.text(0), names_.remedy);
}

std::int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(handle_);
}

Error SqliteConnection::last_error(std::string_view doing) const {
  const int outcome = handle_ ? sqlite3_extended_errcode(handle_) : SQLITE_NOMEM;
  if (outcome == SQLITE_NOTADB || (outcome & 0xff) == SQLITE_CORRUPT) {
    return error(Code::kInternal, "{} is damaged ({}): {}", names_.what, sqlite3_errmsg(handle_), names_.remedy);
  }
  return error(code_of(outcome), "cannot {} {}: {}", doing, names_.what,
               handle_ ? sqlite3_errmsg(handle_) : "no memory");
}

}  // namespace modelyard
