// The tables `alerts` and `silences` of docs/formats/alerts.md.
//
// Threads: those of the connection.
#pragma once

#include <map>

#include "base/sqlite/sqlite_connection.h"
#include "monitoring/alerts/silence.h"

namespace modelyard::control {

// Makes or brings up to date the tables of a database of alerts.
Result<std::unique_ptr<SqliteConnection>> open_alert_tables(const std::string& path);

using AlertsById = std::map<std::string, monitoring::Alert>;
// Of one monitor, or of all for "".
Result<AlertsById> read_alerts(SqliteConnection& connection, const std::string& monitor);
Status write_alert(SqliteConnection& connection, const monitoring::Alert& alert);
Status remove_alert(SqliteConnection& connection, const std::string& id);

// Those that have not ended, by their end.
Result<std::vector<monitoring::Silence>> read_silences(SqliteConnection& connection, UtcTime now);
// Its id.
Result<std::string> add_silence(SqliteConnection& connection, const monitoring::Silence& silence);
// How many there were.
Result<std::int64_t> remove_silence(SqliteConnection& connection, std::int64_t id);
Status remove_silences_before(SqliteConnection& connection, UtcTime end);

}  // namespace modelyard::control
