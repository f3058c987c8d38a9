#include "control/key_keeper.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "registry/sqlite_catalog.h"
#include "security/api_key.h"

namespace modelyard::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class KeyKeeperTest : public ::testing::Test {
 protected:
  KeyKeeperTest() : catalog_(*registry::SqliteCatalog::open({(folder_.path() / "catalog.db").string()}, clock_)) {}

  NewKey create(const char* name, std::optional<seconds> lifetime = std::nullopt) {
    return *keeper_.create({name, "infer,read", "fraud-*", lifetime}, {"ann"});
  }
  std::size_t live() { return live_keys(*catalog_, clock_.utc_now())->size(); }

  FakeClock clock_;
  TestFolder folder_;
  std::unique_ptr<registry::SqliteCatalog> catalog_;
  KeyKeeper keeper_{*catalog_, clock_};
};

TEST_F(KeyKeeperTest, KeepsOnlyTheHashOfAKey) {
  const NewKey key = create("ci");

  EXPECT_EQ(*security::parse_api_key(key.text), key.record.id);
  const auto listed = *keeper_.list();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].hash, sha256(key.text));
  EXPECT_EQ(listed[0].actor, "ann");
  const auto grant = live_keys(*catalog_, clock_.utc_now())->front().grant;
  EXPECT_EQ(grant->name(), "key:ci");
  EXPECT_TRUE(grant->models().fits("fraud-de"));
}

TEST_F(KeyKeeperTest, RefusesWhatCannotBeHonoured) {
  EXPECT_EQ(keeper_.create({"a b", "infer"}, {}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(keeper_.create({"a", "see"}, {}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(keeper_.create({"a", "infer", "x y"}, {}).error().code(), Code::kInvalidArgument);
  create("ci");
  EXPECT_EQ(keeper_.create({"ci", "infer"}, {}).error().code(), Code::kConflict);
  EXPECT_EQ(live(), 1u);
}

TEST_F(KeyKeeperTest, RotatesWithTwoLiveKeysAtMost) {
  const NewKey first = create("ci", hours(48));
  clock_.advance(hours(1));

  const NewKey second = *keeper_.rotate("ci", hours(24), {"ann"});

  EXPECT_NE(second.text, first.text);
  EXPECT_EQ(second.record.verbs, "infer,read");
  EXPECT_EQ(second.record.models, "fraud-*");
  EXPECT_EQ(second.record.expires, clock_.utc_now() + hours(48)) << "as long as the first one had";
  EXPECT_EQ(live(), 2u);
  EXPECT_EQ(keeper_.rotate("ci", hours(24), {"ann"}).error().code(), Code::kConflict);
  clock_.advance(hours(24));
  EXPECT_EQ(live(), 1u);
  EXPECT_TRUE(keeper_.rotate("ci", seconds(0), {"ann"}).has_value());
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(keeper_.rotate("nobody", hours(1), {"ann"}).error().code(), Code::kNotFound);
}

TEST_F(KeyKeeperTest, GivesNoKeyALongerLifeByRotatingIt) {
  create("ci", hours(2));

  ASSERT_TRUE(keeper_.rotate("ci", hours(24), {"ann"}).has_value());

  EXPECT_EQ(keeper_.list()->front().expires, clock_.utc_now() + hours(2));
}

TEST_F(KeyKeeperTest, RevokesByNameAndById) {
  create("ci");
  const NewKey second = *keeper_.rotate("ci", hours(24), {"ann"});
  create("other");

  EXPECT_EQ(*keeper_.revoke(second.record.id, {"ann"}), 1);
  EXPECT_EQ(live(), 2u);
  EXPECT_EQ(*keeper_.revoke("ci", {"ann"}), 1);
  EXPECT_EQ(keeper_.revoke("ci", {"ann"}).error().code(), Code::kNotFound);
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(keeper_.list()->size(), 3u) << "ended keys stay in the list";
}

TEST_F(KeyKeeperTest, LeavesAnAuditRowWithTheIdAndWithoutTheText) {
  const NewKey key = create("ci");

  std::vector<registry::AuditRecord> rows;
  ASSERT_TRUE(catalog_
                  ->read([&](registry::CatalogReader& reader) -> Status {
                    MODELYARD_ASSIGN(rows, reader.audit(0, 10));
                    return ok();
                  })
                  .has_value());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NE(rows[0].row.find("\"id\":\"" + key.record.id + "\""), std::string::npos);
  EXPECT_EQ(rows[0].row.find(key.text), std::string::npos);
}

}  // namespace
}  // namespace modelyard::control
