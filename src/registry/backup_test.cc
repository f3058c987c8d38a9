#include "registry/backup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fake_clock.h"
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
  Result<BackupReport> back_up() { return make_backup(*catalog_, *blobs_, folder_ / "backup", clock_); }
  Result<BackupReport> restore() { return restore_backup(folder_ / "backup", folder_ / "restored", clock_, random_); }
  std::string backed_up_blob() const {
    return folder_ / ("backup/blobs/sha256/" + sha256("weights").hex().substr(0, 2) + "/" + sha256("weights").hex());
  }

  TestFolder folder_;
  FakeClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<SqliteCatalog> catalog_;
  std::unique_ptr<FolderBlobStore> blobs_;
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
  std::string bytes = *read_file(folder_ / "backup/catalog.db");
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(write_file_atomically(folder_ / "backup/catalog.db", bytes).has_value());

  EXPECT_EQ(restore().error().code(), Code::kInternal);
  EXPECT_FALSE(fs::exists(folder_ / "restored"));
  EXPECT_FALSE(fs::exists(folder_ / "restored.restoring"));
}

}  // namespace
}  // namespace modelyard::registry
