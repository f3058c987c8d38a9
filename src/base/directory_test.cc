#include "base/directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace modelyard {
namespace {

namespace fs = std::filesystem;

// A folder "yard" to be kept in, and a file outside of it that nobody may reach.
class DirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "directory_test.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    put("secret", "outside");
    fs::create_directory(root_ / "yard");
    put("yard/inside", "content");
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& path, std::string_view content) const {
    ASSERT_TRUE(write_file_atomically(root_ / path, content).has_value());
  }
  std::string get(const std::string& path) const { return read_file(root_ / path).value_or("(none)"); }
  Directory yard() const { return Directory::open(root_ / "yard").value(); }
  Code refusal(const std::string& path) const {
    const auto file = yard().open_file(path, O_RDONLY);
    return file ? Code::kInternal : file.error().code();
  }

  fs::path root_;
};

TEST_F(DirectoryTest, OpensFilesBeneath) {
  fs::create_directories(root_ / "yard/a/b");
  put("yard/a/b/file", "deep");

  const auto file = yard().open_file("a/b/file", O_RDONLY);
  const auto by_detour = yard().open_file("a/../inside", O_RDONLY);

  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(*read_all(file->get(), "file", 100), "deep");
  ASSERT_TRUE(by_detour.has_value());
  EXPECT_EQ(*read_all(by_detour->get(), "inside", 100), "content");
}

TEST_F(DirectoryTest, RefusesPathsThatLeave) {
  EXPECT_EQ(refusal("../secret"), Code::kInvalidArgument);
  EXPECT_EQ(refusal(".."), Code::kInvalidArgument);
  EXPECT_EQ(refusal("a/../../secret"), Code::kNotFound);  // "a" is looked for first
  EXPECT_EQ(refusal("../yard/inside"), Code::kInvalidArgument);
  EXPECT_EQ(refusal(root_ / "secret"), Code::kInvalidArgument);
  EXPECT_EQ(refusal(root_ / "yard/inside"), Code::kInvalidArgument);
}

TEST_F(DirectoryTest, RefusesLinksWhereverTheyLead) {
  fs::create_symlink("../secret", root_ / "yard/out");
  fs::create_symlink("inside", root_ / "yard/within");
  fs::create_directory_symlink("..", root_ / "yard/up");

  EXPECT_EQ(refusal("out"), Code::kInvalidArgument);
  EXPECT_EQ(refusal("within"), Code::kInvalidArgument);
  EXPECT_EQ(refusal("up/secret"), Code::kInvalidArgument);
  EXPECT_FALSE(yard().open_file("out", O_WRONLY | O_CREAT).has_value());
  EXPECT_FALSE(yard().list("up").has_value());
  EXPECT_FALSE(yard().make_directory("up/new").has_value());
  EXPECT_FALSE(yard().rename("inside", "up/inside").has_value());
  EXPECT_FALSE(yard().remove("up/secret").has_value());
  EXPECT_EQ(get("secret"), "outside");
}

TEST_F(DirectoryTest, RefusesMagicLinks) {
  const Directory process = Directory::open("/proc/self").value();

  EXPECT_EQ(process.open_file("fd/0", O_RDONLY).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(process.open_file("root/etc/passwd", O_RDONLY).error().code(), Code::kInvalidArgument);
}

TEST_F(DirectoryTest, RefusesPathsWithAZeroByte) {
  const std::string path("inside\0/../../secret", 20);

  EXPECT_EQ(refusal(path), Code::kInvalidArgument);
  EXPECT_EQ(yard().remove(path).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(yard().make_directory(std::string("new\0", 4)).error().code(), Code::kInvalidArgument);
}

TEST_F(DirectoryTest, SaysThatAFileIsMissing) {
  const auto file = yard().open_file("nothing", O_RDONLY);

  EXPECT_EQ(file.error().code(), Code::kNotFound);
  EXPECT_EQ(file.error().message(), "cannot open 'nothing': No such file or directory");
  EXPECT_EQ(yard().remove("nothing").error().code(), Code::kNotFound);
  EXPECT_EQ(Directory::open(root_ / "nowhere").error().code(), Code::kNotFound);
}

TEST_F(DirectoryTest, SaysThatAFileIsThereAlready) {
  const auto file = yard().open_file("inside", O_WRONLY | O_CREAT | O_EXCL);

  EXPECT_EQ(file.error().code(), Code::kConflict);
}

TEST_F(DirectoryTest, ListsFilesAndFoldersSortedAndNothingElse) {
  put("yard/b", "");
  fs::create_directory(root_ / "yard/a");
  put("yard/a/deeper", "");
  fs::create_symlink("inside", root_ / "yard/link");
  ASSERT_EQ(::mkfifo((root_ / "yard/pipe").c_str(), 0600), 0);

  EXPECT_EQ(*yard().list(""), (std::vector<std::string>{"a", "b", "inside"}));
  EXPECT_EQ(*yard().list("a"), (std::vector<std::string>{"deeper"}));
  EXPECT_FALSE(yard().list("..").has_value());
}

TEST_F(DirectoryTest, MakesRenamesAndRemoves) {
  const Directory folder = yard();

  EXPECT_TRUE(folder.make_directory("new").has_value());
  EXPECT_TRUE(folder.make_directory("new").has_value());  // there already is well
  EXPECT_TRUE(folder.rename("inside", "new/moved").has_value());
  EXPECT_TRUE(folder.sync("new").has_value());
  EXPECT_TRUE(folder.sync("").has_value());

  EXPECT_EQ(get("yard/new/moved"), "content");
  EXPECT_TRUE(folder.remove("new/moved").has_value());
  EXPECT_EQ(*folder.list("new"), std::vector<std::string>{});
}

TEST_F(DirectoryTest, RefusesToChangeTheFolderItselfOrOneAbove) {
  const Directory folder = yard();

  for (const char* path : {"", ".", "..", "new/..", "inside/", "/"}) {
    EXPECT_FALSE(folder.make_directory(path).has_value()) << path;
    EXPECT_FALSE(folder.remove(path).has_value()) << path;
    EXPECT_FALSE(folder.rename(path, "b").has_value()) << path;
    EXPECT_FALSE(folder.rename("inside", path).has_value()) << path;
  }
}

TEST_F(DirectoryTest, CreatesAFolderWithItsParentsForTheOwnerOnly) {
  const auto made = Directory::create(root_ / "x/y/z");

  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(fs::status(root_ / "x").permissions(), fs::perms::owner_all);
  EXPECT_TRUE(Directory::create(root_ / "x/y/z").has_value());
  EXPECT_FALSE(Directory::create(root_ / "secret/below").has_value());
}

TEST_F(DirectoryTest, ReplacesAFileWholeAndLeavesNothingBeside) {
  put("file", "old");

  put("file", std::string(100'000, 'n'));

  EXPECT_EQ(get("file"), std::string(100'000, 'n'));
  EXPECT_EQ(*Directory::open(root_)->list(""), (std::vector<std::string>{"file", "secret", "yard"}));
}

TEST_F(DirectoryTest, LeavesNothingBesideAFileItCouldNotReplace) {
  const auto written = write_file_atomically(root_ / "yard", "a folder is in the way");

  EXPECT_FALSE(written.has_value());
  EXPECT_EQ(*Directory::open(root_)->list(""), (std::vector<std::string>{"secret", "yard"}));
  EXPECT_FALSE(write_file_atomically(root_ / "nowhere/file", "").has_value());
}

TEST_F(DirectoryTest, ReadsUpToTheLimit) {
  EXPECT_EQ(*read_file(root_ / "secret", 7), "outside");
  EXPECT_EQ(read_file(root_ / "secret", 6).error().code(), Code::kResourceExhausted);
  EXPECT_EQ(read_file(root_ / "nothing").error().code(), Code::kNotFound);
  EXPECT_FALSE(read_file(root_ / "yard").has_value());
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    UniqueFd first(number);
    UniqueFd second = std::move(first);
    EXPECT_FALSE(static_cast<bool>(first));  // NOLINT(bugprone-use-after-move): the state is promised
    EXPECT_EQ(second.get(), number);
    second = UniqueFd(second.release());
    EXPECT_EQ(second.get(), number);
  }

  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace modelyard
