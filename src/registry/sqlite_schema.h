// The catalog's schema as numbered migrations. Private to this room.
#pragma once

#include "base/sqlite/sqlite_connection.h"

namespace modelyard::registry {

int newest_schema_version();
// Brings the file up to date, each migration in a transaction of its own. FailedPrecondition for a file that a
// newer program has written.
Status migrate(SqliteConnection& connection);

}  // namespace modelyard::registry
