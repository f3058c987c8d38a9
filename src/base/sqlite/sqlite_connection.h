// RAII over SQLite's C interface.
//
// Threads: a connection and its statements belong to one thread at a time.
// Errors:  Conflict for a violated constraint, ResourceExhausted for a full disk, Internal otherwise.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace modelyard {

class SqliteConnection;

// A prepared statement in use. Bind, then step row by row; destroying it resets the statement for its next use.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
      : connection_(&connection), statement_(statement) {}
  SqliteStatement(SqliteStatement&& other) noexcept
      : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)), bound_(other.bound_) {}
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind(std::int64_t number);
  SqliteStatement& bind(std::optional<std::int64_t> number);
  SqliteStatement& bind_real(double number);
  SqliteStatement& bind_bytes(std::span<const std::uint8_t> bytes);

  // True while there is a row.
  Result<bool> step();
  // For statements without rows.
  Status run();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string text(int column) const;
  enum class Type { kNull, kInteger, kReal, kText, kBytes };
  Type type(int column) const;
  double real(int column) const;
  // Valid until the next step.
  std::span<const std::uint8_t> bytes(int column) const;

 private:
  SqliteConnection* connection_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

// How errors speak of a database.
struct SqliteNames {
  std::string what;    // "the catalog"
  std::string remedy;  // when it is damaged
};

class SqliteConnection {
 public:
  enum class Access { kReadWrite, kReadOnly };
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Access access, SqliteNames names);
  ~SqliteConnection();

  // Prepared once, then taken from a cache. `sql` is a literal.
  Result<SqliteStatement> prepare(std::string_view sql);
  Status execute(const std::string& sql);
  // Makes it durable (WAL, full sync), and runs the migrations that it has not seen, each in a transaction of its own.
  // FailedPrecondition when a newer program wrote it. Never change a migration that was released; add one.
  Status migrate(std::span<const char* const> migrations);
  // A new database at `path`, one file without a log beside it, with what was committed when it began. Others may write
  // meanwhile.
  Status copy_to(const std::string& path);
  // Internal when its pages do not fit together.
  Status check();
  std::int64_t changes() const;
  Error last_error(std::string_view doing) const;
  sqlite3* handle() const { return handle_; }

 private:
  SqliteConnection(sqlite3* handle, SqliteNames names) : handle_(handle), names_(std::move(names)) {}
  sqlite3* handle_;
  const SqliteNames names_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace modelyard
