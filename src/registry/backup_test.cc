#include "registry/backup.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>

#include "base/fake_clock.h"
#include "base/sqlite/sqlite_connection.h"
#include "base/test_folder.h"
#include "registry/folder_blob_store.h"
#include "registry/sqlite_catalog.h"

namespace modelyard::registry {
namespace {

namespace fs = std::filesystem;

class BackupTest : public testing::Test {
 protected:
  BackupTest()
      : catalog_(std::move(SqliteCatalog::open({folder_ / "catalog.db"}, clock_).value())),
        blobs_(std::move(FolderBlobStore::open(folder_ / "blobs", clock_, random_).value())) {
    publish("weights");
    upload("nobody refers to this");
  }
  Digest upload(const std::string& text) {
    auto upload = std::move(blobs_->begin_upload().value());
    EXPECT_TRUE(upload->write(std::as_bytes(std::span(text))).has_value());
    return upload->commit(std::nullopt)->digest;
  }
  void publish(const std::string& text) {
    const VersionDocument document{"onnx", {{"model.onnx", upload(text), 7}}, Json::object()};
    ASSERT_TRUE(catalog_
                    ->transact({"ann", "version.publish", "m/1"},
                               [&](CatalogWriter& writer) -> Status {
                                 MODELYARD_TRY(writer.create_model("m"));
                                 return writer.add_version("m", document) ? ok() : error(Code::kInternal, "no");
                               })
                    .has_value());
  }
  // A row in a database beside the catalog, that somebody has open and has not checkpointed.
  void keep(const std::string& name, const std::string& text) {
    auto& connection = others_[name];
    if (!connection) {
      connection = std::move(SqliteConnection::open(folder_ / name, SqliteConnection::Access::kReadWrite, {}).value());
      ASSERT_TRUE(connection->migrate(std::array{"CREATE TABLE kept (value TEXT);"}).has_value());
    }
    ASSERT_TRUE(connection->execute("INSERT INTO kept VALUES ('" + text + "')").has_value());
  }
  std::string kept(const std::string& path) {
    const auto connection =
        std::move(SqliteConnection::open(folder_ / path, SqliteConnection::Access::kReadOnly, {}).value());
    auto statement = std::move(connection->prepare("SELECT group_concat(value) FROM kept").value());
    return statement.step().value_or(false) ? statement.text(0) : "";
  }
  Result<BackupReport> back_up() {
    const std::array databases{FurtherDatabase{folder_ / "labels.db", "labels.db"},
                               FurtherDatabase{folder_ / "alerts.db", "alerts.db"}};
    return make_backup(*catalog_, *blobs_, databases, folder_ / "backup", clock_);
  }
  void damage(const std::string& path) {
    std::string bytes = *read_file(folder_ / path);
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(write_file_atomically(folder_ / path, bytes).has_value());
  }
  Result<BackupReport> restore() { return restore_backup(folder_ / "backup", folder_ / "restored", clock_, random_); }
  std::string backed_up_blob() const {
    return folder_ / ("backup/blobs/sha256/" + sha256("weights").hex().substr(0, 2) + "/" + sha256("weights").hex());
  }

  TestFolder folder_;
  FakeClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<SqliteCatalog> catalog_;
  std::unique_ptr<FolderBlobStore> blobs_;
  std::map<std::string, std::unique_ptr<SqliteConnection>> others_;
};

TEST_F(BackupTest, RestoresWhatVersionsReferTo) {
  const auto saved = back_up();
  ASSERT_TRUE(saved.has_value()) << saved.error().message();
  EXPECT_EQ(saved->blobs, 1);
  EXPECT_EQ(saved->bytes, 7);

  const auto restored = restore();

  ASSERT_TRUE(restored.has_value()) << restored.error().message();
  EXPECT_EQ(restored->revision, 1);
  const auto catalog = std::move(SqliteCatalog::open({folder_ / "restored/catalog.db"}, clock_).value());
  const auto blobs = std::move(FolderBlobStore::open(folder_ / "restored/blobs", clock_, random_).value());
  EXPECT_EQ(*verify_audit_chain(*catalog), 1);
  EXPECT_TRUE(blobs->read_verified(sha256("weights"), nullptr).has_value());
}

TEST_F(BackupTest, NeverOverwrites) {
  ASSERT_TRUE(back_up().has_value());

  EXPECT_EQ(back_up().error().code(), Code::kFailedPrecondition);

  ASSERT_TRUE(restore().has_value());
  EXPECT_EQ(restore().error().code(), Code::kFailedPrecondition);
}

TEST_F(BackupTest, RefusesABackupThatWasInterrupted) {
  ASSERT_TRUE(back_up().has_value());
  fs::remove(folder_ / "backup/manifest.json");

  EXPECT_EQ(restore().error().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(folder_ / "restored"));
}

TEST_F(BackupTest, RefusesDamagedBlobsAndLeavesNothing) {
  ASSERT_TRUE(back_up().has_value());
  ASSERT_TRUE(write_file_atomically(backed_up_blob(), "weightz").has_value());

  EXPECT_EQ(restore().error().code(), Code::kInternal);
  EXPECT_FALSE(fs::exists(folder_ / "restored"));
}

TEST_F(BackupTest, RefusesADamagedCatalog) {
  ASSERT_TRUE(back_up().has_value());
  damage("backup/catalog.db");

  EXPECT_EQ(restore().error().code(), Code::kInternal);
  EXPECT_FALSE(fs::exists(folder_ / "restored"));
  EXPECT_FALSE(fs::exists(folder_ / "restored.restoring"));
}

TEST_F(BackupTest, RestoresDatabasesBesideTheCatalogAsTheyWere) {
  keep("labels.db", "paid");
  ASSERT_EQ(back_up()->databases, std::vector<std::string>{"labels.db"});  // the other one is not there
  keep("labels.db", "later");

  const auto restored = restore();

  ASSERT_TRUE(restored.has_value()) << restored.error().message();
  EXPECT_EQ(restored->databases, std::vector<std::string>{"labels.db"});
  EXPECT_EQ(kept("restored/labels.db"), "paid");
  EXPECT_FALSE(fs::exists(folder_ / "backup/labels.db-wal"));
}

TEST_F(BackupTest, RestoresABackupOfBeforeThereWereOtherDatabases) {
  keep("labels.db", "paid");
  ASSERT_TRUE(back_up().has_value());
  Json manifest = *parse_json(*read_file(folder_ / "backup/manifest.json"));
  manifest.erase("databases");
  fs::remove(folder_ / "backup/labels.db");
  ASSERT_TRUE(write_file_atomically(folder_ / "backup/manifest.json", manifest.dump()).has_value());

  const auto restored = restore();

  ASSERT_TRUE(restored.has_value()) << restored.error().message();
  EXPECT_TRUE(restored->databases.empty());
}

TEST_F(BackupTest, RefusesADamagedDatabaseBesideTheCatalog) {
  keep("labels.db", "paid");
  ASSERT_TRUE(back_up().has_value());
  damage("backup/labels.db");

  const auto restored = restore();

  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().message(), "the backup's labels.db is damaged: its digest is not the manifest's");
  EXPECT_FALSE(fs::exists(folder_ / "restored"));
}

TEST_F(BackupTest, RefusesAManifestThatNamesWhatIsNoDatabase) {
  keep("labels.db", "paid");
  ASSERT_TRUE(back_up().has_value());
  const Json manifest = *parse_json(*read_file(folder_ / "backup/manifest.json"));
  for (const char* name : {"../labels.db", "catalog.db", "blobs/x.db", ".db", "labels.txt"}) {
    Json other = manifest;
    other["databases"] = {{name, manifest["databases"]["labels.db"]}};
    ASSERT_TRUE(write_file_atomically(folder_ / "backup/manifest.json", other.dump()).has_value());
    EXPECT_EQ(restore().error().code(), Code::kInternal) << name;
    EXPECT_FALSE(fs::exists(folder_ / "restored"));
  }
}

TEST_F(BackupTest, IsNotMadeOfADatabaseThatIsDamaged) {
  ASSERT_TRUE(write_file_atomically(folder_ / "alerts.db", std::string(8192, 'x')).has_value());

  const auto made = back_up();

  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), Code::kInternal);
  EXPECT_FALSE(fs::exists(folder_ / "backup/manifest.json"));
}

}  // namespace
}  // namespace modelyard::registry
