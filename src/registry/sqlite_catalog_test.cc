#include "registry/sqlite_catalog.h"

#include <sqlite3.h>

#include <fstream>
#include <thread>

#include "base/directory.h"
#include "registry/catalog_conformance.h"
#include "registry/sqlite_schema.h"

namespace modelyard::registry {
namespace {

std::unique_ptr<Catalog> open_sqlite(const std::string& path, const Clock& clock) {
  auto catalog = SqliteCatalog::open({path}, clock);
  if (!catalog) throw std::runtime_error(catalog.error().message());
  return std::move(*catalog);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(OpenCatalog(open_sqlite)));

class SqliteCatalogTest : public testing::Test {
 protected:
  std::string path() const { return folder_ / "catalog.db"; }
  std::unique_ptr<Catalog> open() { return open_sqlite(path(), clock_); }
  void run_sql(const char* sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  static void make_models(Catalog& catalog, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(catalog
                      .transact({"ann", "model.create", "m"},
                                [&](CatalogWriter& writer) { return writer.create_model("m" + std::to_string(i)); })
                      .has_value());
    }
  }

  TestFolder folder_;
  FakeClock clock_;
};

TEST_F(SqliteCatalogTest, RefusesAFileOfANewerProgram) {
  open();
  run_sql("PRAGMA user_version=1000");

  const auto outcome = SqliteCatalog::open({path()}, clock_);

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::kFailedPrecondition);
  EXPECT_NE(outcome.error().message().find("schema 1000"), std::string::npos);
}

TEST_F(SqliteCatalogTest, MigratesOnlyOnce) {
  make_models(*open(), 1);

  const auto again = open();

  EXPECT_EQ(*verify_audit_chain(*again), 1);
  EXPECT_GE(newest_schema_version(), 1);
}

TEST_F(SqliteCatalogTest, BringsAFileOfTheFirstSchemaUpToDate) {
  make_models(*open(), 2);
  run_sql(
      "DROP TABLE pins; DROP TABLE api_keys; ALTER TABLE endpoints DROP COLUMN scheduling; ALTER TABLE endpoints DROP "
      "COLUMN journal; ALTER TABLE endpoints DROP COLUMN evaluation; "
      "ALTER TABLE endpoints DROP COLUMN monitors; "
      "DROP TABLE rollouts; DROP TABLE rollout_evidence; DROP TABLE purged_models; ALTER TABLE answers DROP COLUMN "
      "etag; "
      "PRAGMA user_version=1");

  const auto again = open();

  ASSERT_TRUE(again
                  ->read([](CatalogReader& reader) -> Status {
                    MODELYARD_ASSIGN(const auto models, reader.models({}));
                    EXPECT_EQ(models.size(), 2u);
                    MODELYARD_ASSIGN(const auto pins, reader.pins(""));
                    EXPECT_TRUE(pins.empty());
                    MODELYARD_ASSIGN(const auto keys, reader.api_keys());
                    EXPECT_TRUE(keys.empty());
                    return ok();
                  })
                  .has_value());
  EXPECT_EQ(*verify_audit_chain(*again), 2);
}

TEST_F(SqliteCatalogTest, LeavesAFileAloneThatIsNoCatalog) {
  ASSERT_TRUE(write_file_atomically(path(), "this is somebody's diary, not a database").has_value());

  EXPECT_FALSE(SqliteCatalog::open({path()}, clock_).has_value());

  EXPECT_EQ(*read_file(path()), "this is somebody's diary, not a database");
}

TEST_F(SqliteCatalogTest, BelongsToOneProgramAtATime) {
  const auto first = open();

  const auto second = SqliteCatalog::open({path()}, clock_);

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::kConflict);
}

TEST_F(SqliteCatalogTest, SaysWhatHelpsWhenTheFileIsNoCatalog) {
  std::ofstream(path()) << std::string(4096, 'x');

  const auto opened = SqliteCatalog::open({path()}, clock_);

  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message().find("modelyard restore"), std::string::npos) << opened.error().message();
}

TEST_F(SqliteCatalogTest, FindsAuditRowsThatWereChanged) {
  make_models(*open(), 5);
  run_sql("UPDATE audit SET row = replace(row, 'ann', 'eve') WHERE sequence = 3");

  const auto outcome = verify_audit_chain(*open());

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().message(), "audit row 3 was changed: its hash does not fit");
}

TEST_F(SqliteCatalogTest, FindsAuditRowsThatAreMissing) {
  make_models(*open(), 5);
  run_sql("DELETE FROM audit WHERE sequence = 2");

  EXPECT_EQ(verify_audit_chain(*open()).error().message(), "audit row 2 is missing");
}

TEST_F(SqliteCatalogTest, KeepsALimitedNumberOfEvents) {
  auto catalog = std::move(SqliteCatalog::open({path(), 10}, clock_).value());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(catalog->record_event("tick", {"m", 1}, std::to_string(i)).has_value());

  ASSERT_TRUE(catalog
                  ->read([](CatalogReader& reader) -> Status {
                    MODELYARD_ASSIGN(const auto events, reader.events("", 0, 100));
                    EXPECT_EQ(events.size(), 10u);
                    EXPECT_EQ(events.back().message, "49");
                    return ok();
                  })
                  .has_value());
}

TEST_F(SqliteCatalogTest, ServesReadersBesideAWriter) {
  const auto catalog = open();
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        (void)catalog
            ->read([&](CatalogReader& reader) -> Status {
              MODELYARD_ASSIGN(const Revision revision, reader.revision());
              MODELYARD_ASSIGN(const auto models, reader.models({"", 1000}));
              if (static_cast<Revision>(models.size()) != revision) ++torn;
              return ok();
            })
            .has_value();
      }
    });
  }

  make_models(*catalog, 100);
  done = true;
  readers.clear();

  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace modelyard::registry
