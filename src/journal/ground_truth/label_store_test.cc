#include "journal/ground_truth/label_store.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/test_folder.h"

namespace modelyard::journal {
namespace {

using namespace std::chrono_literals;

class LabelStoreTest : public testing::Test {
 protected:
  LabelStoreTest() : store_(*LabelStore::open(folder_ / "ground-truth.db", clock_)) {}

  Uuid made_id() { return Uuid::make_v7(clock_.utc_now(), random_); }
  LabelTally put(const Label& label, const std::string& endpoint = "fraud") {
    return *put_all(std::span(&label, 1), endpoint);
  }
  Result<LabelTally> put_all(std::span<const Label> labels, const std::string& endpoint = "fraud") {
    refused_.clear();
    return store_->put(endpoint, labels, "ann", refused_);
  }
  std::vector<KeptLabel> held(UtcTime known_at = UtcTime::max(), UtcTime from = UtcTime::min(),
                              UtcTime to = UtcTime::max()) {
    std::vector<KeptLabel> labels;
    EXPECT_TRUE(store_->scan("fraud", from, to, known_at, [&](const KeptLabel& label) { labels.push_back(label); }));
    return labels;
  }

  TestFolder folder_;
  FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<LabelStore> store_;
  std::vector<std::size_t> refused_;
};

Label number(const Uuid& id, double value, std::int64_t row = 0) {
  return {.prediction = id, .row = row, .value = value};
}

TEST_F(LabelStoreTest, KeepsWhatWasSaid) {
  const Uuid id = made_id();
  clock_.advance(90s);

  EXPECT_EQ(put(number(id, 1)).stored, 1u);

  const auto labels = held();
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(labels[0].prediction, id);
  EXPECT_EQ(labels[0].row, 0);
  EXPECT_EQ(labels[0].value, LabelValue(1.0));
  EXPECT_EQ(labels[0].arrival, clock_.utc_now());
  EXPECT_EQ(labels[0].event_time, clock_.utc_now());
  EXPECT_EQ(labels[0].principal, "ann");
}

TEST_F(LabelStoreTest, TakesTheSameTwiceAsOne) {
  const Uuid id = made_id();
  const Label with_event{.prediction = id, .row = 1, .value = "yes", .event_time = clock_.utc_now()};

  for (const Label& label : {number(id, 1), with_event}) {
    EXPECT_EQ(put(label).stored, 1u);
    clock_.advance(1s);
    EXPECT_EQ(put(label).repeated, 1u);
  }

  EXPECT_EQ(store_->history("fraud", id)->size(), 2u);
}

TEST_F(LabelStoreTest, LetsACorrectionHoldAndRemembersWhatWasKnownBefore) {
  const Uuid id = made_id();
  put(number(id, 0));
  const UtcTime before = clock_.utc_now();
  clock_.advance(60s);

  EXPECT_EQ(put(number(id, 1)).corrected, 1u);

  EXPECT_EQ(held()[0].value, LabelValue(1.0));
  EXPECT_EQ(held(before)[0].value, LabelValue(0.0));
  EXPECT_TRUE(held(before - 1us).empty());
  EXPECT_EQ(store_->history("fraud", id)->size(), 2u);
  // Back to what was said first is a correction, too.
  EXPECT_EQ(put(number(id, 0)).corrected, 1u);
  EXPECT_EQ(held()[0].value, LabelValue(0.0));
}

TEST_F(LabelStoreTest, KeepsWhatIsOlderThanWhatHoldsAsHistory) {
  const Uuid id = made_id();
  const UtcTime start = clock_.utc_now();
  clock_.advance(3600s);
  Label newer = number(id, 1), older = number(id, 0);
  newer.event_time = start + 50s;
  older.event_time = start + 20s;
  put(newer);

  EXPECT_EQ(put(older).outdated, 1u);
  EXPECT_EQ(put(older).repeated, 1u);

  EXPECT_EQ(held()[0].value, LabelValue(1.0));
  EXPECT_EQ(store_->history("fraud", id)->size(), 2u);
}

TEST_F(LabelStoreTest, TellsWhatWasTakenBack) {
  const Uuid id = made_id();
  put(number(id, 1));
  clock_.advance(1s);

  EXPECT_EQ(put({.prediction = id, .row = 0}).corrected, 1u);

  ASSERT_EQ(held().size(), 1u);
  EXPECT_EQ(held()[0].value, std::nullopt);
  EXPECT_EQ(store_->history("fraud", id)->back().value, std::nullopt);
}

// Which is the case when the label was there before its prediction.
TEST_F(LabelStoreTest, KnowsThatTheOnlyRowIsMeantWithoutARow) {
  const Uuid id = made_id();
  const Label without_row{.prediction = id, .value = 1.0}, with_row = number(id, 1);
  put(without_row);
  clock_.advance(1s);
  EXPECT_EQ(put(with_row).stored, 1u);  // it may have other rows
  clock_.advance(1s);
  EXPECT_EQ(put({.prediction = id, .row = 0}).corrected, 1u);
  clock_.advance(1s);

  EXPECT_EQ(put(without_row).corrected, 1u);  // it does not hold any more

  clock_.advance(1s);
  EXPECT_EQ(put(without_row).repeated, 1u);
  EXPECT_EQ(put(number(id, 1, 1)).stored, 1u);  // another row
}

TEST_F(LabelStoreTest, KeepsSoManyRevisionsOfARowAndNoMore) {
  const Uuid id = made_id();
  for (std::int64_t i = 0; i < LabelStore::kMostRevisions; ++i) put(number(id, static_cast<double>(i)));
  const Label labels[] = {number(made_id(), 1), number(id, -1), number(id, LabelStore::kMostRevisions - 1)};

  const LabelTally tally = *put_all(labels);

  EXPECT_EQ(refused_, std::vector<std::size_t>{1});
  EXPECT_EQ(tally.stored, 1u);
  EXPECT_EQ(tally.repeated, 1u);
}

TEST_F(LabelStoreTest, TellsRowsUnitsAndEndpointsApart) {
  const Uuid id = made_id();
  put(number(id, 0, 0));
  put(number(id, 1, 1));
  put({.unit = "customer-7", .time = clock_.utc_now(), .value = 2.0});
  put({.unit = "customer-8", .time = clock_.utc_now(), .value = 3.0});
  const Label other = number(id, 9);
  put(other, "other");

  EXPECT_EQ(held().size(), 4u);
  EXPECT_EQ(store_->history("fraud", id)->size(), 2u);
}

TEST_F(LabelStoreTest, GivesLabelsOfTheTimeThatIsAskedFor) {
  const Uuid early = made_id();
  const UtcTime start = clock_.utc_now();
  clock_.advance(3600s);
  const Uuid late = made_id();
  put(number(early, 1));
  put(number(late, 2));
  put({.unit = "u", .time = start + 7200s, .value = 3.0});

  const auto labels = held(UtcTime::max(), start + 1800s, start + 5400s);

  // A unit's label may be meant for a prediction of that time.
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[0].value, LabelValue(2.0));
  EXPECT_EQ(labels[1].value, LabelValue(3.0));
}

TEST_F(LabelStoreTest, KeepsAllLabelsOfACallOrNone) {
  const Label labels[] = {number(made_id(), 1), number(made_id(), 2)};
  ASSERT_TRUE(put_all(labels));
  store_.reset();
  {
    // A disk that takes no more: the database may not grow.
    auto connection =
        *SqliteConnection::open(folder_ / "ground-truth.db", SqliteConnection::Access::kReadWrite, {"it", ""});
    ASSERT_TRUE(
        connection->execute("CREATE TRIGGER full BEFORE INSERT ON labels WHEN NEW.value = 13 BEGIN SELECT "
                            "RAISE(ABORT, 'no room'); END"));
  }
  store_ = *LabelStore::open(folder_ / "ground-truth.db", clock_);
  const Label more[] = {number(made_id(), 12), number(made_id(), 13)};

  EXPECT_FALSE(put_all(more));

  EXPECT_EQ(held().size(), 2u);
  EXPECT_EQ(store_->totals()[0].tally.stored, 2u);
}

TEST_F(LabelStoreTest, CountsAndMeasuresTheLag) {
  const Uuid id = made_id();
  const UtcTime asked = utc_from_micros(id.milliseconds() * 1000);
  clock_.advance(90s);
  put(number(id, 1));
  put(number(id, 1));
  put(number(id, 0));

  const auto all = store_->totals();

  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].endpoint, "fraud");
  EXPECT_EQ(all[0].tally.stored, 1u);
  EXPECT_EQ(all[0].tally.repeated, 1u);
  EXPECT_EQ(all[0].tally.corrected, 1u);
  EXPECT_EQ(all[0].newest, asked);
  EXPECT_EQ(all[0].last_arrival, clock_.utc_now());
  EXPECT_EQ(all[0].lags[3], 1u);  // more than a minute, ten at most
  EXPECT_NEAR(all[0].lag_seconds, 90, 0.01);
  store_.reset();
  store_ = *LabelStore::open(folder_ / "ground-truth.db", clock_);
  EXPECT_EQ(store_->totals()[0].lags, all[0].lags);
}

TEST_F(LabelStoreTest, RemovesWhatIsOldUnlessItIsHeld) {
  const Label old = number(made_id(), 1);
  put(old);
  put(old, "held");
  clock_.advance(std::chrono::hours(48));
  put(number(made_id(), 2));
  const std::string held_endpoints[] = {"held"};

  EXPECT_EQ(*store_->remove_before(clock_.utc_now() - std::chrono::hours(24), held_endpoints), 1);

  EXPECT_EQ(held().size(), 1u);
  EXPECT_EQ(store_->history("held", *old.prediction)->size(), 1u);
}

TEST_F(LabelStoreTest, RefusesAFileOfANewerProgram) {
  store_.reset();
  const std::string path = folder_ / "ground-truth.db";
  auto connection = *SqliteConnection::open(path, SqliteConnection::Access::kReadWrite, {"it", ""});
  ASSERT_TRUE(connection->execute("PRAGMA user_version=99"));

  const auto again = LabelStore::open(path, clock_);

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace modelyard::journal
