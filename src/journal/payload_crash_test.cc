// What is left of captured payloads when the process is killed, at 200 points of time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <set>

#include "base/test_folder.h"
#include "journal/killed_child.h"
#include "journal/made_up_payload.h"
#include "journal/payload_journal.h"

namespace modelyard::journal {
namespace {

// Records until it is killed, and says what was recorded: blocks are full after some twenty of them.
[[noreturn]] void capture(const std::string& folder, std::uint64_t seed, int pipe) {
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY));
  telemetry::Log log(nowhere.get(), telemetry::LogFormat::kJson, telemetry::Level::kError, system_clock());
  PayloadOptions options;
  options.folder = folder;
  options.segments.rows = 50;  // so that some are killed while they seal
  const auto journal = PayloadJournal::open(options, log, system_clock());
  if (!journal) ::_exit(3);
  SeededRandom random(seed);
  std::string values(50'000, '\0');
  for (;;) {
    for (std::size_t i = 0; i < values.size(); i += 64) values[i] = static_cast<char>(random.next());
    MadeUpPayload made(random.next(), system_clock().utc_now());
    made.fields()[0] = {Side::kInput, Treatment::kKept, "x", inference::DataType::kUint8, {}, {}};
    const std::int64_t shape[] = {static_cast<std::int64_t>(values.size())};
    made.fields()[0].shape = shape;
    made.fields()[0].bytes = std::as_bytes(std::span(values));
    const Payload payload = made.payload();
    (*journal)->record(0, payload);
    (*journal)->end_turn(0);
    if (::write(pipe, payload.id.bytes().data(), 16) != 16) ::_exit(4);
    if (random.next() % 16 == 0) ::poll(nullptr, 0, 1);
  }
}

TEST(PayloadCrashTest, KeepsWholePayloadsAndNoOthersWhenItIsKilledAt200Points) {
  SeededRandom random(20261127);
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY));
  telemetry::Log log(nowhere.get(), telemetry::LogFormat::kJson, telemetry::Level::kError, system_clock());
  std::size_t all_kept = 0;
  for (int point = 0; point < 200; ++point) {
    const TestFolder folder;
    PayloadOptions options;
    options.folder = folder / "journal";
    const auto time = std::chrono::microseconds(random.next() % 60'000);
    const std::uint64_t seed = random.next();
    const auto told = kill_after(time, [&](int pipe) { capture(options.folder, seed, pipe); });
    const std::set<Uuid> recorded(told.begin(), told.end());
    const auto journal = PayloadJournal::open(options, log, system_clock());
    ASSERT_TRUE(journal) << journal.error().message();
    std::set<Uuid> kept;
    (*journal)->scan("fraud", UtcTime::min(), UtcTime::max(), [&](const PayloadRecord& payload) {
      EXPECT_TRUE(kept.insert(payload.id).second) << "twice";
      EXPECT_EQ(payload.fields[0].bytes.size(), 50'000u);
    });
    EXPECT_EQ((*journal)->totals().records, kept.size());
    EXPECT_EQ((*journal)->totals().damaged_blocks, 0u);
    // The last one may have been recorded and not told.
    std::erase_if(kept, [&](const Uuid& id) { return recorded.contains(id); });
    EXPECT_LE(kept.size(), 1u);
    all_kept += (*journal)->totals().records;
  }
  EXPECT_GT(all_kept, 1000u);
}

}  // namespace
}  // namespace modelyard::journal
