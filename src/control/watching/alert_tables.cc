#include "control/watching/alert_tables.h"

#include <array>

#include "control/watching/alert_document.h"

namespace modelyard::control {
namespace {

// docs/formats/alerts.md describes every table. Never change a migration that was released; add one.
constexpr std::array kMigrations{R"sql(
CREATE TABLE alerts (id TEXT PRIMARY KEY, monitor TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE silences (
  id INTEGER PRIMARY KEY AUTOINCREMENT, monitor TEXT NOT NULL, subject TEXT NOT NULL, until INTEGER NOT NULL,
  reason TEXT NOT NULL, principal TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, time INTEGER NOT NULL, told INTEGER NOT NULL,
  alert TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE outbox (
  sink TEXT NOT NULL, alert TEXT NOT NULL, event INTEGER NOT NULL REFERENCES events(id),
  tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL, words TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (sink, alert, event)) WITHOUT ROWID;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, alert TEXT NOT NULL, event TEXT NOT NULL,
  time INTEGER NOT NULL, tries INTEGER NOT NULL, result TEXT NOT NULL, words TEXT NOT NULL);
)sql"};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> open_alert_tables(const std::string& path) {
  MODELYARD_ASSIGN(auto connection, SqliteConnection::open(path, SqliteConnection::Access::kReadWrite,
                                                           {"the database of alerts",
                                                            "put the file aside; alerts begin anew without it"}));
  MODELYARD_TRY(connection->migrate(kMigrations));
  return connection;
}

Result<AlertsById> read_alerts(SqliteConnection& connection, const std::string& monitor) {
  MODELYARD_ASSIGN(auto rows, connection.prepare("SELECT document FROM alerts WHERE ?1 IN ('', monitor)"));
  rows.bind(monitor);
  AlertsById alerts;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, rows.step());
    if (!more) return alerts;
    MODELYARD_ASSIGN(monitoring::Alert alert, parse_alert(rows.text(0)));
    std::string id = alert.id;
    alerts.emplace(std::move(id), std::move(alert));
  }
}

Status write_alert(SqliteConnection& connection, const monitoring::Alert& alert) {
  MODELYARD_ASSIGN(auto statement, connection.prepare("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?)"));
  return statement.bind(alert.id).bind(alert.monitor).bind(alert_text(alert)).run();
}

Status remove_alert(SqliteConnection& connection, const std::string& id) {
  MODELYARD_ASSIGN(auto statement, connection.prepare("DELETE FROM alerts WHERE id = ?"));
  return statement.bind(id).run();
}

Result<std::vector<monitoring::Silence>> read_silences(SqliteConnection& connection, UtcTime now) {
  MODELYARD_ASSIGN(auto rows, connection.prepare("SELECT id, monitor, subject, until, reason, principal, created "
                                                 "FROM silences WHERE until > ? ORDER BY until, id"));
  rows.bind(utc_micros(now));
  std::vector<monitoring::Silence> silences;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, rows.step());
    if (!more) return silences;
    silences.push_back({.id = std::to_string(rows.integer(0)),
                        .monitor = rows.text(1),
                        .subject = rows.text(2),
                        .until = utc_from_micros(rows.integer(3)),
                        .reason = rows.text(4),
                        .by = rows.text(5),
                        .created = utc_from_micros(rows.integer(6))});
  }
}

Result<std::string> add_silence(SqliteConnection& connection, const monitoring::Silence& silence) {
  MODELYARD_ASSIGN(auto insert,
                   connection.prepare("INSERT INTO silences (monitor, subject, until, reason, principal, created) "
                                      "VALUES (?, ?, ?, ?, ?, ?) RETURNING id"));
  insert.bind(silence.monitor).bind(silence.subject).bind(utc_micros(silence.until));
  MODELYARD_TRY(insert.bind(silence.reason).bind(silence.by).bind(utc_micros(silence.created)).step());
  return std::to_string(insert.integer(0));
}

Result<std::int64_t> remove_silence(SqliteConnection& connection, std::int64_t id) {
  MODELYARD_ASSIGN(auto statement, connection.prepare("DELETE FROM silences WHERE id = ?"));
  MODELYARD_TRY(statement.bind(id).run());
  return connection.changes();
}

Status remove_silences_before(SqliteConnection& connection, UtcTime end) {
  MODELYARD_ASSIGN(auto statement, connection.prepare("DELETE FROM silences WHERE until < ?"));
  return statement.bind(utc_micros(end)).run();
}

}  // namespace modelyard::control
