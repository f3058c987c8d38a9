#include "journal/decision_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

const UtcTime kNow = utc_from_micros(kTestEpoch);

class DecisionLogTest : public testing::Test {
 protected:
  std::unique_ptr<DecisionLog> open(SegmentLimits limits = {}) {
    recovery_ = {};
    auto log = DecisionLog::open(folder_ / "fraud", "fraud", limits, recovery_);
    EXPECT_TRUE(log) << log.error().message();
    return std::move(*log);
  }
  std::vector<Decision> append(DecisionLog& log, std::size_t count) {
    auto decisions = source_.several(count);
    NameTable names;
    std::vector<DecisionRow> rows;
    for (const Decision& decision : decisions) rows.push_back(row_of(decision, names));
    const Status appended = log.append(rows, names, kNow);
    EXPECT_TRUE(appended) << appended.error().message();
    all_.insert(all_.end(), decisions.begin(), decisions.end());
    return decisions;
  }
  static std::vector<DecisionRecord> read(const DecisionLog& log, UtcTime from = UtcTime::min(),
                                          UtcTime to = UtcTime::max()) {
    std::vector<DecisionRecord> records;
    for (const SegmentInfo& segment : log.files().segments()) {
      log.read(segment, from, to, [&](std::span<const DecisionRow> rows, const NameTable& names) {
        for (const DecisionRow& row : rows) records.push_back(record_of(row, names, "fraud"));
        return true;
      });
    }
    std::ranges::sort(records, {}, &DecisionRecord::time);
    return records;
  }
  void expect_all(const DecisionLog& log) const {
    const auto records = read(log);
    ASSERT_EQ(records.size(), all_.size());
    for (std::size_t i = 0; i < records.size(); ++i) EXPECT_TRUE(records[i] == all_[i]) << i;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "fraud")) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }
  void add_bytes(const std::string& file, std::string_view bytes) const {
    std::ofstream(folder_ / ("fraud/" + file), std::ios::app | std::ios::binary) << bytes;
  }

  // The path of a sealed segment of three blocks.
  std::string seal_20000() {
    const auto log = open();
    append(*log, 20'000);
    EXPECT_TRUE(log->files().seal());
    return folder_ / "fraud/decisions-0000000001.segment";
  }
  static void change_byte(const std::string& file, std::streamoff at) {
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(at).put('x');
  }

  TestFolder folder_;
  MadeUpDecisions source_{1};
  std::vector<Decision> all_;
  Recovery recovery_;
};

TEST_F(DecisionLogTest, IsReadBackWhileItIsOpen) {
  const auto log = open();
  append(*log, 10);
  append(*log, 1);
  expect_all(*log);
  EXPECT_EQ(files(), std::vector<std::string>{"decisions-0000000001.open"});
}

TEST_F(DecisionLogTest, GoesOnWithItsOpenSegmentAfterARestart) {
  append(*open(), 10);
  const auto log = open();
  append(*log, 5);
  expect_all(*log);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(recovery_.cut_bytes, 0u);
}

TEST_F(DecisionLogTest, DropsABlockThatACrashHasCutOffAndWritesOverIt) {
  append(*open(), 10);
  add_bytes("decisions-0000000001.open", "MBK1 and then the power went");
  const auto log = open();
  EXPECT_EQ(recovery_.cut_bytes, 28u);
  expect_all(*open());
  EXPECT_EQ(recovery_.cut_bytes, 0u) << "it was told before";
  append(*log, 3);
  expect_all(*log);
  expect_all(*open());
}

TEST_F(DecisionLogTest, IsSealedWithTheSameRecordsInLessRoom) {
  const auto log = open({.rows = 1000, .age = std::chrono::hours(1)});
  for (int i = 0; i < 99; ++i) append(*log, 10);
  EXPECT_FALSE(log->files().should_seal(kNow));
  append(*log, 10);
  ASSERT_TRUE(log->files().should_seal(kNow));
  const std::uint64_t before = log->files().segments().front().bytes;
  ASSERT_TRUE(log->files().seal());
  EXPECT_EQ(files(), std::vector<std::string>{"decisions-0000000001.segment"});
  EXPECT_LT(log->files().segments().front().bytes, before / 2);
  expect_all(*log);
  append(*log, 5);
  EXPECT_EQ(files().back(), "decisions-0000000002.open");
  expect_all(*log);
  expect_all(*open());
}

TEST_F(DecisionLogTest, IsSealedWhenItsFirstRecordIsOld) {
  const auto log = open({.rows = 1000, .age = std::chrono::minutes(10), .worth_a_file = 20});
  append(*log, 19);
  EXPECT_FALSE(log->files().should_seal(kNow + std::chrono::hours(23))) << "too few to be worth a file";
  EXPECT_TRUE(log->files().should_seal(kNow + std::chrono::hours(24)));
  append(*log, 1);
  EXPECT_FALSE(log->files().should_seal(kNow + std::chrono::minutes(9)));
  EXPECT_TRUE(log->files().should_seal(kNow + std::chrono::minutes(10)));
}

TEST_F(DecisionLogTest, ForgetsWhatACrashLeftOfASealing) {
  auto log = open();
  append(*log, 10);
  std::filesystem::copy_file(folder_ / "fraud/decisions-0000000001.open", folder_ / "kept");
  ASSERT_TRUE(log->files().seal());
  // Renamed, and not yet removed; and another one that was not finished.
  std::filesystem::rename(folder_ / "kept", folder_ / "fraud/decisions-0000000001.open");
  add_bytes("decisions-0000000002.tmp", "half");
  log = open();
  EXPECT_EQ(files(), std::vector<std::string>{"decisions-0000000001.segment"});
  expect_all(*log);
}

TEST_F(DecisionLogTest, ReadsASealedSegmentWithoutItsIndexByItsBlocks) {
  const std::string file = seal_20000();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  expect_all(*open());
}

TEST_F(DecisionLogTest, PassesOverADamagedBlockOfASealedSegmentAndCountsIt) {
  change_byte(seal_20000(), 1000);
  const auto log = open();
  EXPECT_EQ(read(*log).size(), 20'000u - 8192u);
  EXPECT_EQ(read(*log).size(), 20'000u - 8192u);
  EXPECT_EQ(log->files().totals().damaged_blocks, 1u);
}

TEST_F(DecisionLogTest, KeepsTheFileWhenSomethingOfItCannotBeReadWhileItIsSealed) {
  auto log = open();
  for (int i = 0; i < 3; ++i) append(*log, 10);
  const std::uint64_t block = (log->files().segments().front().bytes - kSegmentHeadBytes) / 3;
  change_byte(folder_ / "fraud/decisions-0000000001.open", static_cast<std::streamoff>(kSegmentHeadBytes + block + 60));
  ASSERT_TRUE(log->files().seal());
  EXPECT_EQ(files(), (std::vector<std::string>{"decisions-0000000001.open.damaged", "decisions-0000000001.segment"}));
  EXPECT_EQ(read(*log).size(), 20u);
}

TEST_F(DecisionLogTest, KeepsTheFileWhenItWasDamagedBeforeItWasOpened) {
  append(*open(), 10);
  append(*open(), 10);
  change_byte(folder_ / "fraud/decisions-0000000001.open", 100);
  const auto log = open();
  EXPECT_GT(recovery_.damaged_bytes, 0u);
  ASSERT_TRUE(log->files().seal());
  EXPECT_EQ(files().front(), "decisions-0000000001.open.damaged");
  EXPECT_EQ(read(*log).size(), 10u);
}

TEST_F(DecisionLogTest, PutsAsideWhatIsNoSegmentAndKeepsItsBytes) {
  append(*open(), 10);
  add_bytes("decisions-0000000002.segment", "something else entirely, by somebody else");
  expect_all(*open());
  EXPECT_EQ(recovery_.damaged_bytes, 41u);
  EXPECT_EQ(files(), (std::vector<std::string>{"decisions-0000000001.open", "decisions-0000000002.segment.damaged"}));
  expect_all(*open());
  EXPECT_EQ(recovery_.damaged_bytes, 0u) << "it was told before";
}

TEST_F(DecisionLogTest, LeavesASegmentOfANewerServerToIt) {
  append(*open(), 10);
  for (const char* name : {"decisions-0000000001.open", "decisions-0000000002.segment"}) {
    const std::string file = folder_ / ("fraud/" + std::string(name));
    if (!std::filesystem::exists(file)) std::filesystem::copy_file(folder_ / "fraud/decisions-0000000001.open", file);
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(8).put(2);
    Recovery recovery;
    const auto log = DecisionLog::open(folder_ / "fraud", "fraud", {}, recovery);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code(), Code::kFailedPrecondition);
    EXPECT_TRUE(std::filesystem::exists(file));
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(8).put(1);
  }
}

TEST_F(DecisionLogTest, ReadsOnlyTheBlocksOfTheTimeAskedFor) {
  auto log = open();
  append(*log, 30'000);
  ASSERT_TRUE(log->files().seal());
  const UtcTime moment = all_[15'000].time;
  const auto records = read(*log, moment, moment);
  EXPECT_EQ(records.size(), 8192u);
  EXPECT_TRUE(std::ranges::any_of(records, [&](const auto& record) { return record == all_[15'000]; }));
}

TEST_F(DecisionLogTest, CanBeReadWhileASegmentIsSealedAndDeleted) {
  auto log = open();
  append(*log, 10);
  const SegmentInfo open_one = log->files().segments().front();
  ASSERT_TRUE(log->files().seal());
  const SegmentInfo sealed_one = log->files().segments().front();
  ASSERT_TRUE(log->files().remove(sealed_one.file));
  std::size_t seen = 0;
  const auto count = [&](std::span<const DecisionRow> rows, const NameTable&) { return seen += rows.size(), true; };
  log->read(open_one, UtcTime::min(), UtcTime::max(), count);
  EXPECT_EQ(seen, 10u);
  log->read(sealed_one, UtcTime::min(), UtcTime::max(), count);
  EXPECT_EQ(seen, 10u);
}

}  // namespace
}  // namespace modelyard::journal
