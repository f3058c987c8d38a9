#include "journal/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/directory.h"
#include "base/test_folder.h"
#include "journal/decision_log.h"
#include "journal/deletion_log.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    Recovery recovery;
    auto log = DecisionLog::open(folder_ / "endpoints/fraud", "fraud", {}, recovery);
    append(**log, 20'000);
    EXPECT_TRUE((*log)->files().seal());
    append(**log, 10);
    const auto folder = Directory::open(folder_.path());
    auto deletions = DeletionLog::open(*folder, "deletions.jsonl");
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(deletions->append({{"file", i}}));
  }
  void append(DecisionLog& log, std::size_t count) {
    NameTable names;
    std::vector<DecisionRow> rows;
    for (const Decision& decision : source_.several(count)) rows.push_back(row_of(decision, names));
    EXPECT_TRUE(log.append(rows, names, utc_from_micros(kTestEpoch)));
  }
  void damage(const std::string& file, std::streamoff at, char byte = 'x') const {
    std::fstream(folder_ / file, std::ios::in | std::ios::out | std::ios::binary).seekp(at).put(byte);
  }
  JournalVerdict verify() const {
    auto verdict = verify_journal(folder_.path(), [](std::size_t, std::size_t) {});
    EXPECT_TRUE(verdict) << verdict.error().message();
    return std::move(*verdict);
  }

  const std::string kSegment = "endpoints/fraud/decisions-0000000001.segment";
  TestFolder folder_;
  MadeUpDecisions source_{1};
};

TEST_F(VerifyTest, FindsNothingInAWholeJournal) {
  const auto verdict = verify();
  EXPECT_TRUE(verdict.is_whole());
  ASSERT_EQ(verdict.files.size(), 2u);
  EXPECT_EQ(verdict.files[0].records, 20'000u);
  EXPECT_EQ(verdict.files[1].records, 10u);
  EXPECT_EQ(verdict.deletions, 3u);
}

TEST_F(VerifyTest, FindsAChangedByteInABlock) {
  damage(kSegment, 1000);
  const auto verdict = verify();
  EXPECT_FALSE(verdict.is_whole());
  EXPECT_EQ(verdict.files[0].records, 20'000u - 8192u);
  EXPECT_EQ(verdict.files[0].damage.size(), 2u) << "the bytes, and an index that leads to them";
}

TEST_F(VerifyTest, FindsAChangedIndex) {
  damage(kSegment, static_cast<std::streamoff>(std::filesystem::file_size(folder_ / kSegment)) - 60);
  const auto verdict = verify();
  ASSERT_EQ(verdict.files[0].damage.size(), 1u);
  EXPECT_NE(verdict.files[0].damage[0].find("index"), std::string::npos);
  EXPECT_EQ(verdict.files[0].records, 20'000u);
}

TEST_F(VerifyTest, TakesABlockOnItsWayForNoDamage) {
  std::ofstream(folder_ / "endpoints/fraud/decisions-0000000002.open", std::ios::app | std::ios::binary) << "MBK1 half";
  EXPECT_TRUE(verify().is_whole());
}

TEST_F(VerifyTest, FindsADeletionThatWasTakenOut) {
  std::ifstream in(folder_ / "deletions.jsonl");
  std::string first, second, third;
  std::getline(in, first);
  std::getline(in, second);
  std::getline(in, third);
  std::ofstream(folder_ / "deletions.jsonl") << first << "\n" << third << "\n";
  const auto verdict = verify();
  ASSERT_EQ(verdict.deletions_damage.size(), 1u);
  EXPECT_NE(verdict.deletions_damage[0].find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::journal
