#include "registry/sqlite_schema.h"

#include <array>

namespace modelyard::registry {
namespace {

// docs/formats/catalog.md describes every table. Never change a migration that was released; add one.
constexpr std::array kMigrations{
    R"sql(
CREATE TABLE counter (revision INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
CREATE TABLE models (
  tenant TEXT NOT NULL DEFAULT '', name TEXT NOT NULL UNIQUE, description TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL, deleted INTEGER, next_version INTEGER NOT NULL DEFAULT 1, revision INTEGER NOT NULL);
CREATE TABLE versions (
  model TEXT NOT NULL REFERENCES models(name), number INTEGER NOT NULL, identity TEXT NOT NULL, state TEXT NOT NULL,
  document TEXT NOT NULL, created INTEGER NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (model, number), UNIQUE (model, identity));
CREATE TABLE version_blobs (
  model TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (model, number, digest),
  FOREIGN KEY (model, number) REFERENCES versions(model, number) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE attachments (
  model TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL, content TEXT NOT NULL,
  created INTEGER NOT NULL, PRIMARY KEY (model, number, kind, digest),
  FOREIGN KEY (model, number) REFERENCES versions(model, number) ON DELETE CASCADE);
CREATE TABLE aliases (
  model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL, changed INTEGER NOT NULL,
  revision INTEGER NOT NULL, PRIMARY KEY (model, alias),
  FOREIGN KEY (model, number) REFERENCES versions(model, number));
CREATE TABLE alias_history (
  model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL, changed INTEGER NOT NULL, actor TEXT NOT NULL);
CREATE INDEX alias_history_of ON alias_history (model);
CREATE TABLE tags (
  model TEXT NOT NULL, number INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (model, number, key)) WITHOUT ROWID;
CREATE TABLE endpoints (
  tenant TEXT NOT NULL DEFAULT '', name TEXT NOT NULL UNIQUE, model TEXT NOT NULL REFERENCES models(name),
  objectives TEXT NOT NULL, plan_revision INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,
  revision INTEGER NOT NULL);
CREATE TABLE plans (
  endpoint TEXT NOT NULL, revision INTEGER NOT NULL, plan TEXT NOT NULL, created INTEGER NOT NULL,
  actor TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (endpoint, revision));
CREATE TABLE plan_versions (
  endpoint TEXT NOT NULL REFERENCES endpoints(name) ON DELETE CASCADE, model TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (endpoint, model, number), FOREIGN KEY (model, number) REFERENCES versions(model, number));
CREATE TABLE answers (
  key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL,
  number INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX events_of ON events (model, id);
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, row TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
)sql",
    R"sql(
CREATE TABLE pins (
  model TEXT NOT NULL, number INTEGER NOT NULL, created INTEGER NOT NULL, actor TEXT NOT NULL,
  PRIMARY KEY (model, number), FOREIGN KEY (model, number) REFERENCES versions(model, number)) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, verbs TEXT NOT NULL, models TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER, revoked INTEGER, used INTEGER, actor TEXT NOT NULL) WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE endpoints ADD COLUMN scheduling TEXT NOT NULL DEFAULT '{}';
)sql",
    R"sql(
CREATE TABLE purged_models (name TEXT PRIMARY KEY, next_version INTEGER NOT NULL) WITHOUT ROWID;
ALTER TABLE answers ADD COLUMN etag INTEGER;
)sql",
    R"sql(
ALTER TABLE endpoints ADD COLUMN journal TEXT NOT NULL DEFAULT '{}';
)sql",
    R"sql(
ALTER TABLE endpoints ADD COLUMN evaluation TEXT NOT NULL DEFAULT '{}';
)sql",
    R"sql(
ALTER TABLE endpoints ADD COLUMN monitors TEXT NOT NULL DEFAULT '{}';
)sql",
    R"sql(
CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, model TEXT NOT NULL, spec TEXT NOT NULL,
  state TEXT NOT NULL, live INTEGER NOT NULL, created INTEGER NOT NULL, actor TEXT NOT NULL,
  revision INTEGER NOT NULL);
CREATE UNIQUE INDEX live_rollouts ON rollouts (endpoint) WHERE live;
CREATE TABLE rollout_evidence (rollout INTEGER PRIMARY KEY, evidence TEXT NOT NULL);
)sql",
};

}  // namespace

int newest_schema_version() {
  return static_cast<int>(kMigrations.size());
}

Status migrate(SqliteConnection& connection) {
  return connection.migrate(kMigrations);
}

}  // namespace modelyard::registry
