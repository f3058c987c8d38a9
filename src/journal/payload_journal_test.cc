#include "journal/payload_journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "journal/made_up_payload.h"

namespace modelyard::journal {
namespace {

using std::chrono::seconds;

class PayloadJournalTest : public testing::Test {
 protected:
  std::unique_ptr<PayloadJournal> open(const std::function<void(PayloadOptions&)>& change = {}) {
    PayloadOptions options;
    options.folder = folder_ / "journal";
    if (change) change(options);
    auto journal = PayloadJournal::open(options, log_, clock_);
    EXPECT_TRUE(journal) << journal.error().message();
    return std::move(*journal);
  }
  std::vector<Uuid> record(PayloadJournal& journal, std::size_t count, std::string_view endpoint = "fraud",
                           std::size_t loop = 0) {
    std::vector<Uuid> ids;
    for (std::size_t i = 0; i < count; ++i) {
      clock_.advance(std::chrono::milliseconds(1));
      MadeUpPayload made(++seed_, clock_.utc_now());
      Payload payload = made.payload();
      payload.endpoint = endpoint;
      journal.record(loop, payload);
      journal.end_turn(loop);
      ids.push_back(payload.id);
    }
    return ids;
  }
  // Lets the writer tidy up until `done`; its thread takes its time, the clock is ours.
  template <typename Done>
  void tidy_until(PayloadJournal& journal, Done done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      clock_.advance(seconds(2));
      record(journal, 1, "other");
      (void)journal.find("other", Uuid()).has_value();  // waits for the writer
    }
    ASSERT_TRUE(done());
  }
  std::string log_text() const {
    std::ifstream log(folder_ / "log");
    return {std::istreambuf_iterator<char>(log), {}};
  }

  TestFolder folder_;
  UniqueFd log_file_{::open((folder_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600)};
  FakeClock clock_{utc_from_micros(kTestEpoch)};
  telemetry::Log log_{log_file_.get(), telemetry::LogFormat::kJson, telemetry::Level::kInfo, clock_};
  std::uint64_t seed_ = 0;
};

TEST_F(PayloadJournalTest, FindsAPayloadAsSoonAsItWasRecordedAndAfterARestart) {
  std::vector<Uuid> ids;
  {
    const auto journal = open();
    ids = record(*journal, 50);
    for (const Uuid& id : ids) EXPECT_EQ(journal->find("fraud", id)->id, id);
    EXPECT_FALSE(journal->find("fraud", Uuid()));
    EXPECT_FALSE(journal->find("other", ids.front()));
    EXPECT_EQ(journal->totals().records, 50u);
  }
  const auto again = open();
  for (const Uuid& id : ids) EXPECT_TRUE(again->find("fraud", id));
}

TEST_F(PayloadJournalTest, FindsManyAtOnceAndThoseOfATime) {
  const auto journal = open();
  const auto ids = record(*journal, 100);
  const UtcTime middle = utc_from_micros(ids[50].milliseconds() * 1000);

  const auto found = journal->find_all("fraud", std::span(ids).subspan(10, 5));
  std::size_t later = 0;
  journal->scan("fraud", middle, UtcTime::max(), [&](const PayloadRecord&) { ++later; });

  ASSERT_EQ(found.size(), 5u);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].id, ids[10 + i]);
  EXPECT_EQ(later, 50u);
}

TEST_F(PayloadJournalTest, TakesPayloadsOfSeveralLoopsWhileTheyAreRead) {
  constexpr std::size_t kLoops = 3, kEach = 2000;
  const auto journal = open([](PayloadOptions& options) { options.loops = kLoops; });
  std::vector<std::thread> loops;
  for (std::size_t loop = 0; loop < kLoops; ++loop) {
    loops.emplace_back([&, loop] {
      for (std::size_t i = 0; i < kEach; ++i) {
        MadeUpPayload made(loop * kEach + i + 1, clock_.utc_now());
        journal->record(loop, made.payload());
        journal->end_turn(loop);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    journal->scan("fraud", UtcTime::min(), UtcTime::max(), [](const PayloadRecord&) {});
    (void)journal->totals();
  }
  for (std::thread& loop : loops) loop.join();

  std::set<Uuid> seen;
  journal->scan("fraud", UtcTime::min(), UtcTime::max(),
                [&](const PayloadRecord& payload) { EXPECT_TRUE(seen.insert(payload.id).second); });
  const PayloadTotals totals = journal->totals();
  EXPECT_EQ(totals.recorded + totals.lost_for_room, kLoops * kEach);
  EXPECT_EQ(seen.size(), totals.recorded);
}

TEST_F(PayloadJournalTest, DropsAndCountsWhatDoesNotFitItsLane) {
  const auto journal = open([](PayloadOptions& options) { options.lane_bytes = 4096; });
  const std::string large(3000, 'x');
  MadeUpPayload made(1, clock_.utc_now());
  made.fields()[0].bytes = std::as_bytes(std::span(large));
  journal->record(0, made.payload());
  journal->end_turn(0);

  EXPECT_EQ(journal->totals().recorded, 0u);
  EXPECT_EQ(journal->totals().lost_for_room, 1u);
  EXPECT_TRUE(journal->find("fraud", record(*journal, 1).front()));
}

TEST_F(PayloadJournalTest, CountsWhatAFullDiskDoesNotTakeAndGoesOn) {
  const auto journal = open();
  record(*journal, 10);
  (void)journal->find("fraud", Uuid()).has_value();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{600, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  record(*journal, 100);
  (void)journal->find("fraud", Uuid()).has_value();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

  EXPECT_EQ(journal->totals().lost_for_disk, 100u);
  const auto later = record(*journal, 10);
  EXPECT_TRUE(journal->find("fraud", later.back()));
  EXPECT_EQ(journal->totals().records, 20u);
  journal->stop();
  EXPECT_NE(log_text().find("payloads cannot be written"), std::string::npos);
  EXPECT_NE(log_text().find("captured payloads were lost"), std::string::npos);
}

TEST_F(PayloadJournalTest, DeletesTheOldestAndLeavesAProofButNothingThatIsHeld) {
  const auto journal = open([](PayloadOptions& options) {
    options.segments.rows = 20;
    options.segments.worth_a_file = 1;
    options.bounds.most_age = std::chrono::days(30);
    options.keeping["held"].hold = true;
  });
  const auto old = record(*journal, 40), held = record(*journal, 40, "held");
  (void)journal->find("fraud", Uuid()).has_value();
  clock_.advance(std::chrono::days(31));
  tidy_until(*journal, [&] { return !journal->find("fraud", old.back()); });

  for (const Uuid& id : held) EXPECT_TRUE(journal->find("held", id));
  std::ifstream proofs(folder_ / "journal/payload-deletions.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(proofs, line));
  EXPECT_EQ(Json::parse(line)["endpoint"], "fraud");
  EXPECT_GT(journal->totals().deleted_segments, 0u);

  journal->keep({});
  tidy_until(*journal, [&] { return !journal->find("held", held.back()); });
}

}  // namespace
}  // namespace modelyard::journal
