// What each durability mode promises of a process that is killed, at 200 points of time each.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <map>
#include <set>

#include "base/test_folder.h"
#include "journal/journal.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

constexpr int kPoints = 200;

// What the child tells after each answer that it gives.
struct Given {
  Uuid id;
  std::int64_t steady = 0;  // nanoseconds
};

std::int64_t steady_nanoseconds() {
  return system_clock().steady_now().time_since_epoch().count();
}

// Records and answers until it is killed.
[[noreturn]] void predict(const std::string& folder, Durability durability, std::uint64_t seed, int pipe) {
  std::atomic<std::uint64_t> durable{0};
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY));
  telemetry::Log log(nowhere.get(), telemetry::LogFormat::kJson, telemetry::Level::kError, system_clock());
  JournalOptions options;
  options.folder = folder;
  options.durability = durability;
  options.segments.rows = 300;  // so that some are killed while they seal
  options.on_kept = [&](std::size_t, std::uint64_t position, bool) {
    durable = position;
    durable.notify_all();
  };
  const auto journal = Journal::open(options, log, system_clock());
  if (!journal) ::_exit(3);
  SeededRandom random(seed);
  for (;;) {
    Decision decision = MadeUpDecisions(random.next()).next();
    decision.time = system_clock().utc_now();
    decision.id = Uuid::make_v7(decision.time, random);
    const std::uint64_t position = (*journal)->record(0, decision);
    (*journal)->end_turn(0);
    for (std::uint64_t seen = durable; seen < position; seen = durable) durable.wait(seen);
    const Given given{decision.id, steady_nanoseconds()};
    if (::write(pipe, &given, sizeof given) != sizeof given) ::_exit(4);
    if (random.next() % 64 == 0) ::poll(nullptr, 0, 1);
  }
}

struct Outcome {
  std::vector<Given> given;
  std::set<Uuid> kept;
  std::int64_t killed = 0;
};

Outcome kill_after(std::chrono::microseconds time, Durability durability, std::uint64_t seed,
                   const std::string& folder) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    predict(folder, durability, seed, ends[1]);
  }
  ::close(ends[1]);
  const UniqueFd pipe(ends[0]);
  Outcome outcome;
  Given given;
  const auto take = [&] { return ::read(pipe.get(), &given, sizeof given) == sizeof given; };
  if (take()) outcome.given.push_back(given);
  const std::int64_t end = steady_nanoseconds() + std::chrono::nanoseconds(time).count();
  while (steady_nanoseconds() < end && take()) outcome.given.push_back(given);
  outcome.killed = steady_nanoseconds();
  ::kill(child, SIGKILL);
  while (take()) outcome.given.push_back(given);
  ::waitpid(child, nullptr, 0);

  const UniqueFd nowhere(::open("/dev/null", O_WRONLY));
  telemetry::Log log(nowhere.get(), telemetry::LogFormat::kJson, telemetry::Level::kError, system_clock());
  JournalOptions options;
  options.folder = folder;
  const auto journal = Journal::open(options, log, system_clock());
  EXPECT_TRUE(journal) << journal.error().message();
  Query query;
  query.limit = 1'000'000;
  const auto records = (*journal)->list(query);
  EXPECT_TRUE(records) << records.error().message();
  for (const DecisionRecord& record : *records) EXPECT_TRUE(outcome.kept.insert(record.id).second) << "twice";
  EXPECT_EQ((*journal)->totals().records, outcome.kept.size());
  return outcome;
}

class CrashTest : public testing::TestWithParam<Durability> {};

TEST_P(CrashTest, LosesNoMoreThanItsModeSays) {
  const Durability durability = GetParam();
  SeededRandom random(20261126 + static_cast<std::uint64_t>(durability));
  std::size_t given = 0, lost = 0;
  for (int point = 0; point < kPoints; ++point) {
    const TestFolder folder;
    const auto time = std::chrono::microseconds(random.next() % 100'000);
    const Outcome outcome = kill_after(time, durability, random.next(), folder / "journal");
    ASSERT_FALSE(outcome.given.empty());
    for (const Given& one : outcome.given) {
      ++given;
      if (outcome.kept.contains(one.id)) continue;
      ++lost;
      ASSERT_NE(durability, Durability::kGroup) << "an answer was given whose record is gone";
      // A busy machine may keep the writer from its turn: so much longer than kGathering.
      ASSERT_LT(outcome.killed - one.steady, std::chrono::nanoseconds(std::chrono::seconds(2)).count());
    }
  }
  RecordProperty("answers", std::to_string(given));
  RecordProperty("lost", std::to_string(lost));
}

std::string name_of(const testing::TestParamInfo<Durability>& info) {
  return info.param == Durability::kNone ? "None" : info.param == Durability::kInterval ? "Interval" : "Group";
}
INSTANTIATE_TEST_SUITE_P(OfEachMode, CrashTest,
                         testing::Values(Durability::kNone, Durability::kInterval, Durability::kGroup), name_of);

}  // namespace
}  // namespace modelyard::journal
