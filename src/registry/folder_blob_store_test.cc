#include "registry/folder_blob_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "registry/garbage.h"

namespace modelyard::registry {
namespace {

namespace fs = std::filesystem;

class FolderBlobStoreTest : public testing::Test {
 protected:
  FolderBlobStoreTest() { reopen(); }
  void reopen() {
    store_.reset();
    store_ = std::move(FolderBlobStore::open(folder_ / "blobs", clock_, random_).value());
  }
  Result<BlobRecord> put(std::string_view text, const std::optional<Digest>& expected = std::nullopt) {
    auto upload = store_->begin_upload();
    for (const char& c : text) MODELYARD_TRY((*upload)->write(std::as_bytes(std::span(&c, 1))));
    return (*upload)->commit(expected);
  }
  std::string get(const Digest& digest) {
    std::string text;
    const Status outcome = store_->read_verified(digest, [&](std::span<const std::byte> piece) {
      text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      return ok();
    });
    return outcome ? text : outcome.error().message();
  }
  std::string file_of(const Digest& digest) const {
    return folder_ / ("blobs/sha256/" + digest.hex().substr(0, 2) + "/" + digest.hex());
  }
  std::size_t uploads() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_ / "blobs/uploads"), {}));
  }

  TestFolder folder_;
  FakeClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<FolderBlobStore> store_;
};

TEST_F(FolderBlobStoreTest, KeepsWhatWasUploadedUnderItsDigest) {
  const auto record = put("weights");

  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->digest, sha256("weights"));
  EXPECT_EQ(record->size, 7);
  EXPECT_EQ(get(record->digest), "weights");
  EXPECT_EQ(store_->find(record->digest)->size, 7);
  EXPECT_EQ(uploads(), 0u);
}

TEST_F(FolderBlobStoreTest, KeepsNothingOfBytesThatAreNotThePromisedOnes) {
  const auto outcome = put("weights", sha256("others"));

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::kInvalidArgument);
  EXPECT_TRUE(store_->list()->empty());
  EXPECT_EQ(uploads(), 0u);
}

TEST_F(FolderBlobStoreTest, KeepsNothingOfAnUploadThatWasBrokenOff) {
  {
    auto upload = store_->begin_upload();
    ASSERT_TRUE((*upload)->write(std::as_bytes(std::span("half"))).has_value());
    EXPECT_EQ(uploads(), 1u);
  }

  EXPECT_EQ(uploads(), 0u);
  EXPECT_TRUE(store_->list()->empty());
}

TEST_F(FolderBlobStoreTest, ClearsAwayWhatACrashLeft) {
  put("kept").value();
  ASSERT_TRUE(write_file_atomically(folder_ / "blobs/uploads/half", "x").has_value());
  fs::create_directories(folder_ / "blobs/views/old/sub");

  reopen();

  EXPECT_EQ(uploads(), 0u);
  EXPECT_TRUE(fs::is_empty(folder_ / "blobs/views"));
  EXPECT_EQ(get(sha256("kept")), "kept");
}

TEST_F(FolderBlobStoreTest, NoticesBytesThatChanged) {
  const Digest digest = put("weights")->digest;
  fs::permissions(file_of(digest), fs::perms::owner_write, fs::perm_options::add);
  ASSERT_TRUE(write_file_atomically(file_of(digest), "weightz").has_value());

  const Status outcome = store_->read_verified(digest, nullptr);
  const ViewFile file{"model.onnx", digest};

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::kInternal);
  EXPECT_FALSE(store_->make_view({&file, 1}).has_value());
}

TEST_F(FolderBlobStoreTest, FollowsNoLinkOutOfItsFolder) {
  const Digest digest = sha256("secret");
  ASSERT_TRUE(write_file_atomically(folder_ / "secret", "secret").has_value());
  fs::create_directories(fs::path(file_of(digest)).parent_path());
  fs::create_symlink(folder_ / "secret", file_of(digest));

  EXPECT_FALSE(store_->find(digest).has_value());
  EXPECT_FALSE(store_->read_verified(digest, nullptr).has_value());
}

TEST_F(FolderBlobStoreTest, SaysNotFoundForWhatIsNotThere) {
  EXPECT_EQ(store_->find(sha256("x")).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->read_verified(sha256("x"), nullptr).error().code(), Code::kNotFound);
}

TEST_F(FolderBlobStoreTest, MakesAFolderOfBlobsAndTakesItAway) {
  const std::vector<ViewFile> files{{"model.onnx", put("graph")->digest}, {"data/w.bin", put("weights")->digest}};
  std::string path;
  {
    const auto view = store_->make_view(files);
    ASSERT_TRUE(view.has_value());
    path = **view;
    EXPECT_EQ(*read_file(path + "/model.onnx"), "graph");
    EXPECT_EQ(*read_file(path + "/data/w.bin"), "weights");
  }

  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(get(sha256("graph")), "graph");
}

TEST_F(FolderBlobStoreTest, RemovesOnlyWhatIsOldEnough) {
  const Digest digest = put("weights")->digest;
  const UtcTime stored = store_->find(digest)->stored;

  ASSERT_TRUE(store_->remove(digest, stored).has_value());
  EXPECT_TRUE(store_->find(digest).has_value());

  ASSERT_TRUE(store_->remove(digest, stored + std::chrono::seconds(1)).has_value());
  EXPECT_FALSE(store_->find(digest).has_value());
}

TEST_F(FolderBlobStoreTest, TakesTheSameBytesFromManyAtOnce) {
  std::vector<std::jthread> uploaders;
  for (int i = 0; i < 4; ++i) {
    uploaders.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_TRUE(put("weights").has_value());
    });
  }
  uploaders.clear();

  EXPECT_EQ(store_->list()->size(), 1u);
  EXPECT_EQ(get(sha256("weights")), "weights");
}

TEST(Garbage, IsWhatNobodyRefersToAndWhatIsOld) {
  const auto at = [](int second) { return utc_from_micros(second * 1'000'000LL); };
  const std::vector<BlobRecord> stored{
      {sha256("used"), 1, at(1)}, {sha256("left"), 1, at(1)}, {sha256("new"), 1, at(9)}};
  const std::vector<Digest> referenced{sha256("used")};

  const auto garbage = find_garbage(stored, referenced, at(5));

  ASSERT_EQ(garbage.size(), 1u);
  EXPECT_EQ(garbage[0].digest, sha256("left"));
}

}  // namespace
}  // namespace modelyard::registry
