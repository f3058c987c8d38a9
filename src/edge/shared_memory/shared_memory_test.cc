#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/test_folder.h"
#include "edge/shared_memory/region_name.h"
#include "edge/shared_memory/shared_regions.h"

namespace modelyard::edge {
namespace {

class SharedMemory : public testing::Test {
 protected:
  // An object of as many bytes as the text has.
  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  std::string bytes_of(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Status add(std::string_view name, std::string_view key, std::uint64_t offset, std::uint64_t bytes) {
    return regions_->add({name, key, offset, bytes});
  }
  Code refusal(std::string_view key, std::uint64_t offset = 0, std::uint64_t bytes = 1) {
    const Status added = add("r", key, offset, bytes);
    return added ? Code::kInternal : added.error().code();
  }
  static std::string text_of(const inference::Buffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.bytes().data()), buffer.bytes().size()};
  }
  static std::span<const std::byte> span_of(std::string_view text) { return std::as_bytes(std::span(text)); }

  TestFolder folder_;
  std::unique_ptr<SharedRegions> regions_ =
      std::move(SharedRegions::open({.regions = 3, .request_bytes = 100}, folder_.path().string()).value());
};

TEST_F(SharedMemory, IsReadAndWrittenWithinItsRegion) {
  put("object", "0123456789");
  ASSERT_TRUE(add("r", "/object", 2, 6).has_value());
  const auto region = regions_->find("r").value();

  EXPECT_EQ(text_of(region->read(1, 3).value()), "345");
  ASSERT_TRUE(region->write(4, span_of("ab")).has_value());
  EXPECT_EQ(bytes_of("object"), "012345ab89");
}

TEST_F(SharedMemory, KeyMayComeWithoutItsSlash) {
  put("object", "0123456789");
  EXPECT_TRUE(add("r", "object", 0, 10).has_value());
}

TEST_F(SharedMemory, EndsWhereItsRegionEnds) {
  put("object", "0123456789");
  ASSERT_TRUE(add("r", "/object", 2, 6).has_value());
  const auto region = regions_->find("r").value();

  EXPECT_FALSE(region->read(0, 7).has_value());
  EXPECT_FALSE(region->read(7, 0).has_value());
  EXPECT_TRUE(region->read(6, 0).has_value());
  EXPECT_FALSE(region->read(UINT64_MAX, 2).has_value());
  EXPECT_FALSE(region->read(2, UINT64_MAX).has_value());
  EXPECT_FALSE(region->write(5, span_of("ab")).has_value());
  EXPECT_FALSE(region->write(UINT64_MAX, span_of("ab")).has_value());
  EXPECT_EQ(bytes_of("object"), "0123456789");
}

TEST_F(SharedMemory, IsRefusedBeyondItsObject) {
  put("object", "0123456789");
  EXPECT_EQ(refusal("/object", 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/object", 0, 11), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/object", 11, 1), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/object", 5, UINT64_MAX - 2), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/object", UINT64_MAX, 2), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/object", INT64_MAX, 1), Code::kInvalidArgument);
  EXPECT_TRUE(add("r", "/object", 9, 1).has_value());
}

TEST_F(SharedMemory, NamesNothingOutsideItsFolder) {
  put("object", "0123456789");
  ASSERT_EQ(::mkdir((folder_ / "inner").c_str(), 0700), 0);
  put("inner/object", "0123456789");
  for (const char* key : {"", "/", ".", "/.", "..", "/..", "/../object", "inner/object", "/inner/object", "//object",
                          "/inner/../object", "object/", "/obj\nect"}) {
    EXPECT_EQ(refusal(key), Code::kInvalidArgument) << key;
  }
  EXPECT_EQ(refusal(std::string_view("/object\0x", 9)), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/" + std::string(256, 'x')), Code::kInvalidArgument);
}

TEST_F(SharedMemory, KeepsOffWhatOthersReserve) {
  put("triton_python_backend_shm_region_1", "0123456789");
  put("sem.lock", "0123456789");
  put("object", "0123456789");
  EXPECT_EQ(refusal("/triton_python_backend_shm_region_1"), Code::kInvalidArgument);
  EXPECT_EQ(refusal("triton_python_backend_shm_region_1"), Code::kInvalidArgument);
  EXPECT_EQ(refusal("/sem.lock"), Code::kInvalidArgument);
  EXPECT_EQ(add("triton_python_backend_shm_region_1", "/object", 0, 1).error().code(), Code::kInvalidArgument);
}

TEST_F(SharedMemory, RegionNamesAreOneSegmentOfText) {
  for (const char* name : {"", "a/b", "a\nb", "\xff"}) {
    EXPECT_EQ(check_region_name(name).error().code(), Code::kInvalidArgument) << name;
  }
  EXPECT_FALSE(check_region_name(std::string(256, 'x')).has_value());
  EXPECT_TRUE(check_region_name("größe 1").has_value());
}

TEST_F(SharedMemory, TakesRegularObjectsOnly) {
  TestFolder elsewhere;
  std::ofstream(elsewhere / "secret") << "0123456789";
  put("object", "0123456789");
  ASSERT_EQ(::symlink((elsewhere / "secret").c_str(), (folder_ / "link").c_str()), 0);
  ASSERT_EQ(::symlink("object", (folder_ / "inner_link").c_str()), 0);
  ASSERT_EQ(::link((folder_ / "object").c_str(), (folder_ / "second_name").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir((folder_ / "inner").c_str(), 0700), 0);
  for (const char* key : {"/link", "/inner_link", "/second_name", "/pipe", "/inner", "/nosuch"}) {
    EXPECT_EQ(refusal(key), Code::kInvalidArgument) << key;
  }
}

TEST_F(SharedMemory, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  put("object", "0123456789");
  ASSERT_EQ(::chmod((folder_ / "object").c_str(), 0666), 0);
  ASSERT_EQ(::chown((folder_ / "object").c_str(), 12345, 12345), 0);
  EXPECT_EQ(refusal("/object"), Code::kInvalidArgument);
}

TEST_F(SharedMemory, RefusalDoesNotTellWhatIsThere) {
  ASSERT_EQ(::mkfifo((folder_ / "x").c_str(), 0600), 0);
  const std::string there = add("r", "/x", 0, 1).error().message();
  ASSERT_EQ(::unlink((folder_ / "x").c_str()), 0);
  EXPECT_EQ(add("r", "/x", 0, 1).error().message(), there);
}

TEST_F(SharedMemory, ShrunkByItsOwnerFailsTheCallAlone) {
  put("object", std::string(1 << 20, 'x'));
  ASSERT_TRUE(add("r", "/object", 0, 1 << 20).has_value());
  const auto region = regions_->find("r").value();
  ASSERT_EQ(::truncate((folder_ / "object").c_str(), 100), 0);

  EXPECT_EQ(region->read(0, 1 << 20).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(region->read(4096, 8).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(region->write(4096, span_of("ab")).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(bytes_of("object").size(), 100u);  // and is not made to grow
  EXPECT_TRUE(region->read(0, 100).has_value());
}

TEST_F(SharedMemory, LivesAsLongAsARequestHoldsIt) {
  put("object", "0123456789");
  ASSERT_TRUE(add("r", "/object", 0, 10).has_value());
  const auto held = regions_->find("r").value();
  regions_->remove("r");
  ASSERT_EQ(::unlink((folder_ / "object").c_str()), 0);

  EXPECT_FALSE(regions_->find("r").has_value());
  EXPECT_EQ(text_of(held->read(0, 10).value()), "0123456789");
}

TEST_F(SharedMemory, NameIsTakenUntilUnregistered) {
  put("object", "0123456789");
  ASSERT_TRUE(add("r", "/object", 0, 10).has_value());
  EXPECT_EQ(refusal("/object"), Code::kConflict);
  regions_->remove("r");
  regions_->remove("r");
  EXPECT_TRUE(add("r", "/object", 0, 10).has_value());
}

TEST_F(SharedMemory, HasAsManyRegionsAsAllowed) {
  put("object", "0123456789");
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(add(name, "/object", 0, 1).has_value());
  EXPECT_EQ(add("d", "/object", 0, 1).error().code(), Code::kResourceExhausted);
  EXPECT_EQ(regions_->list().size(), 3u);
  regions_->remove_all();
  EXPECT_TRUE(regions_->list().empty());
  EXPECT_TRUE(add("d", "/object", 0, 1).has_value());
}

TEST_F(SharedMemory, IsRegisteredAndUsedByManyThreads) {
  put("object", "0123456789");
  const auto work = [&](const std::string& name) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(add(name, "/object", 0, 10).has_value());
      const auto region = regions_->find(name);
      regions_->remove(name);
      EXPECT_EQ(text_of(region.value()->read(0, 10).value()), "0123456789");
    }
  };
  std::jthread one([&] { work("one"); });
  std::jthread two([&] { work("two"); });
}

}  // namespace
}  // namespace modelyard::edge
