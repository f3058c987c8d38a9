// RAII over SQLite's C interface. Private to this room.
//
// Threads: a connection and its statements belong to one thread at a time.
// Errors:  Conflict for a violated constraint, ResourceExhausted for a full disk, Internal otherwise.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace modelyard::registry {

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

  // True while there is a row.
  Result<bool> step();
  // For statements without rows.
  Status run();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string text(int column) const;

 private:
  SqliteConnection* connection_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class SqliteConnection {
 public:
  enum class Access { kReadWrite, kReadOnly };
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Access access);
  ~SqliteConnection();

  // Prepared once, then taken from a cache. `sql` is a literal.
  Result<SqliteStatement> prepare(std::string_view sql);
  Status execute(const std::string& sql);
  std::int64_t changes() const;
  Error last_error(std::string_view doing) const;
  sqlite3* handle() const { return handle_; }

 private:
  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace modelyard::registry
