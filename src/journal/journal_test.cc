#include "journal/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> open(std::function<void(JournalOptions&)> change = {}) {
    JournalOptions options;
    options.folder = folder_ / "journal";
    options.durability = Durability::kNone;
    if (change) change(options);
    auto journal = Journal::open(options, log_, clock_);
    EXPECT_TRUE(journal) << journal.error().message();
    return std::move(*journal);
  }
  std::vector<Decision> record(Journal& journal, std::size_t count, std::string_view endpoint = "fraud",
                               std::size_t loop = 0) {
    auto decisions = source_.several(count);
    for (Decision& decision : decisions) {
      decision.endpoint = endpoint;
      journal.record(loop, decision);
      journal.end_turn(loop);
    }
    return decisions;
  }
  std::vector<Json> deletions() const {
    std::ifstream file(folder_ / "journal/deletions.jsonl");
    std::vector<Json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
    return lines;
  }

  TestFolder folder_;
  UniqueFd log_file_{::open((folder_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600)};
  FakeClock clock_{utc_from_micros(kTestEpoch)};
  telemetry::Log log_{log_file_.get(), telemetry::LogFormat::kJson, telemetry::Level::kInfo, clock_};
  MadeUpDecisions source_{1};
};

TEST_F(JournalTest, FindsARecordAsSoonAsItWasRecorded) {
  const auto journal = open();
  const auto decisions = record(*journal, 100);
  for (const Decision& decision : decisions) {
    const auto found = journal->find(decision.id);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(*found == decision);
  }
}

TEST_F(JournalTest, FindsItAfterARestart) {
  const auto decisions = record(*open(), 10);
  const auto journal = open();
  for (const Decision& decision : decisions) EXPECT_TRUE(journal->find(decision.id));
  EXPECT_EQ(journal->totals().records, 10u);
}

TEST_F(JournalTest, HasItsFolderForItself) {
  const auto journal = open();
  JournalOptions options;
  options.folder = folder_ / "journal";
  const auto second = Journal::open(options, log_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kFailedPrecondition);
}

TEST_F(JournalTest, SaysWhichPredictionItDoesNotHave) {
  const auto found = open()->find(source_.next().id);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::kNotFound);
}

TEST_F(JournalTest, ListsTheNewestFirstOverLoopsAndEndpointsAndPages) {
  const auto journal = open([](JournalOptions& options) { options.loops = 2; });
  std::vector<Decision> all;
  for (int round = 0; round < 10; ++round) {
    for (const Decision& decision : record(*journal, 10, round % 2 ? "churn" : "fraud", round % 2))
      all.push_back(decision);
  }
  std::ranges::reverse(all);
  Query query;
  query.limit = 30;
  std::vector<DecisionRecord> listed;
  for (;;) {
    const auto page = journal->list(query);
    ASSERT_TRUE(page);
    if (page->empty()) break;
    listed.insert(listed.end(), page->begin(), page->end());
    query.before = {page->back().time, page->back().id};
  }
  ASSERT_EQ(listed.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(listed[i] == all[i]) << i;
}

TEST_F(JournalTest, ListsWhatFitsTheQuestion) {
  const auto journal = open();
  const auto decisions = record(*journal, 1000);
  record(*journal, 50, "churn");
  Query query;
  query.endpoint = "fraud";
  query.from = decisions[200].time;
  query.to = decisions[799].time;
  query.limit = 1000;
  EXPECT_EQ(journal->list(query)->size(), 600u);
  query.wanted = [](const DecisionRecord& record) { return record.failure.has_value(); };
  const auto failures = std::count_if(decisions.begin() + 200, decisions.begin() + 800,
                                      [](const Decision& decision) { return decision.failure.has_value(); });
  EXPECT_EQ(static_cast<std::ptrdiff_t>(journal->list(query)->size()), failures);
}

TEST_F(JournalTest, DropsAndCountsWhatFindsNoRoomInItsLane) {
  const auto journal = open([](JournalOptions& options) { options.lane_bytes = 1024; });
  for (int i = 0; i < 1000; ++i) journal->record(0, source_.next());  // the turn does not end
  journal->flush();
  const JournalTotals totals = journal->totals();
  EXPECT_GT(totals.lost_for_room, 0u);
  EXPECT_EQ(totals.recorded, 1000 - totals.lost_for_room);
  EXPECT_EQ(totals.records, 1000 - totals.lost_for_room);
  EXPECT_TRUE(journal->find(record(*journal, 1)[0].id));
}

TEST_F(JournalTest, TellsWhichRecordsAreKept) {
  std::atomic<std::uint64_t> durable{0};
  const auto journal = open([&](JournalOptions& options) {
    options.durability = Durability::kGroup;
    options.on_kept = [&](std::size_t loop, std::uint64_t position, bool kept) {
      EXPECT_EQ(loop, 0u);
      EXPECT_TRUE(kept);
      durable = position;
      durable.notify_all();
    };
  });
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t position = journal->record(0, source_.next());
    const std::uint64_t before = durable;
    journal->end_turn(0);
    if (durable < position) durable.wait(before);
    EXPECT_EQ(durable, position);
  }
}

TEST_F(JournalTest, KeepsRoomForWhatItHasPromised) {
  std::atomic<std::uint64_t> kept_until{0};
  const auto journal = open([&](JournalOptions& options) {
    options.lane_bytes = 16'384;
    options.on_kept = [&](std::size_t, std::uint64_t position, bool kept) {
      EXPECT_TRUE(kept);
      kept_until = position;
      kept_until.notify_all();
    };
  });
  int promised = 0;
  while (journal->promise(0)) ++promised;
  EXPECT_GE(promised, 5);
  for (int i = 0; i < 1000; ++i) journal->record(0, source_.next());
  EXPECT_GT(journal->totals().lost_for_room, 0u);
  std::vector<Decision> kept;
  std::uint64_t position = 0;
  for (; promised > 0; --promised) {
    kept.push_back(source_.next());
    const std::uint64_t next = journal->record(0, kept.back(), Record::kPromised);
    EXPECT_GT(next, position);
    position = next;
  }
  journal->end_turn(0);
  for (std::uint64_t seen = kept_until; seen < position; seen = kept_until) kept_until.wait(seen);
  for (const Decision& decision : kept) EXPECT_TRUE(journal->find(decision.id));
  EXPECT_TRUE(journal->promise(0));
}

TEST_F(JournalTest, DeletesTheOldestWithAProofBeforehand) {
  const auto journal = open([](JournalOptions& options) {
    options.segments.rows = 1000;
    options.bounds.most_bytes = 40'000;
  });
  std::vector<Decision> all;
  for (int i = 0; i < 5; ++i) {
    for (const Decision& decision : record(*journal, 1000)) all.push_back(decision);
    journal->flush();
    clock_.advance(std::chrono::seconds(2));  // it tidies up once a second
    journal->flush();
    journal->flush();
  }
  const auto totals = journal->totals();
  EXPECT_LE(totals.bytes, 40'000u);
  ASSERT_GT(totals.deleted_segments, 0u);
  EXPECT_EQ(journal->find(all.front().id).error().code(), Code::kNotFound);
  EXPECT_TRUE(journal->find(all.back().id));

  const auto lines = deletions();
  ASSERT_EQ(lines.size(), totals.deleted_segments);
  EXPECT_EQ(lines[0]["endpoint"], "fraud");
  EXPECT_EQ(lines[0]["file"], "decisions-0000000001.segment");
  EXPECT_EQ(lines[0]["records"], 1000);
  EXPECT_EQ(lines[0]["first_time"], format_utc(all[0].time));
  EXPECT_EQ(lines[0]["last_time"], format_utc(all[999].time));
  EXPECT_EQ(lines[0]["reason"], "the journal had more than 40000 bytes");
  EXPECT_EQ(lines[0]["previous"], "");
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_EQ(lines[i]["previous"], sha256(lines[i - 1].dump()).hex());
}

TEST_F(JournalTest, GoesOnWithTheChainOfProofsAfterARestart) {
  const auto small = [](JournalOptions& options) {
    options.segments.rows = 100;
    options.bounds.most_bytes = 1;
  };
  for (int i = 0; i < 2; ++i) {
    const auto journal = open(small);
    record(*journal, 100);
    journal->flush();
    clock_.advance(std::chrono::seconds(2));
    journal->flush();
    journal->flush();
  }
  const auto lines = deletions();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["previous"], sha256(lines[0].dump()).hex());
}

// A disk that takes nothing is made by a limit on the size of files.
TEST_F(JournalTest, LosesAndCountsWhatTheDiskDoesNotTakeAndGoesOnWhenItDoesAgain) {
  std::signal(SIGXFSZ, SIG_IGN);
  std::atomic<int> told_lost{0};
  const auto journal = open([&](JournalOptions& options) {
    options.on_kept = [&](std::size_t, std::uint64_t, bool kept) {
      told_lost += !kept;
      told_lost.notify_all();
    };
  });
  record(*journal, 10);
  journal->flush();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  record(*journal, 99);
  ASSERT_TRUE(journal->promise(0));
  journal->record(0, source_.next(), Record::kPromised);
  journal->end_turn(0);
  told_lost.wait(0);
  const Status promised = journal->promise(0);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(promised);
  EXPECT_EQ(promised.error().code(), Code::kUnavailable);
  EXPECT_EQ(journal->totals().lost_for_disk, 100u);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(journal->promise(0)) << "somebody has to try";
  const auto later = record(*journal, 10);
  EXPECT_TRUE(journal->find(later.back().id));
  EXPECT_EQ(journal->totals().records, 20u);
  journal->stop();
  std::ifstream log(folder_ / "log");
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_NE(text.find("decision records cannot be written"), std::string::npos);
  EXPECT_NE(text.find("decision records were lost"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::journal
