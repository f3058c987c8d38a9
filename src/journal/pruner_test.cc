#include "journal/pruner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/test_folder.h"
#include "journal/decision_log.h"
#include "journal/made_up_decisions.h"

namespace modelyard::journal {
namespace {

std::unique_ptr<DecisionLog> full_log(const std::string& folder, const std::string& endpoint) {
  Recovery recovery;
  auto log = DecisionLog::open(folder, endpoint, {.rows = 1}, recovery);
  NameTable names;
  const std::vector<DecisionRow> rows{row_of(MadeUpDecisions(1).next(), names)};
  EXPECT_TRUE((*log)->append(rows, names, utc_from_micros(kTestEpoch)));
  return std::move(*log);
}

TEST(Pruner, TidiesUpOtherEndpointsWhenOneCannotBeSealed) {
  const TestFolder folder;
  const auto root = Directory::open(folder.path());
  telemetry::Log log(STDERR_FILENO, telemetry::LogFormat::kText, telemetry::Level::kError, system_clock());
  const auto pruner = Pruner::open(*root, "deletions.jsonl", log);
  const auto stuck = full_log(folder / "stuck", "stuck"), fine = full_log(folder / "fine", "fine");
  std::filesystem::create_directory(folder / "stuck/decisions-0000000001.tmp");  // where it would be written
  const std::vector<EndpointFiles> files{{"stuck", &stuck->files()}, {"fine", &fine->files()}};
  const Bounds one_byte{1, {}};

  const Status done =
      (*pruner)->tidy(files, one_byte, [] { return std::map<std::string, Keeping, std::less<>>(); }, system_clock());

  EXPECT_FALSE(done);
  EXPECT_EQ((*pruner)->deleted(), 1u);
  EXPECT_TRUE(fine->files().segments().empty());
  EXPECT_EQ(stuck->files().segments().size(), 1u);
}

}  // namespace
}  // namespace modelyard::journal
