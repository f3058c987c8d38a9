#include "monitoring/alerts/alert.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace modelyard::monitoring {
namespace {

using std::chrono::minutes;
using enum AlertEvent;

class AlertTest : public ::testing::Test {
 protected:
  // Windows one after another, a minute apart: F failed, P passed, - no data.
  std::vector<std::optional<AlertEvent>> windows(std::string_view letters) {
    std::vector<std::optional<AlertEvent>> events;
    for (const char letter : letters) events.push_back(window(letter));
    return events;
  }
  std::optional<AlertEvent> window(char letter, std::string sentence = "moved") {
    clock_.advance(minutes(1));
    Finding finding{.subject = "amount", .outcome = Outcome::kNoData, .value = 1.4, .threshold = 0.1};
    if (letter != '-') finding.outcome = letter == 'F' ? Outcome::kFail : Outcome::kPass;
    finding.sentence = std::move(sentence);
    return advance(alert_, finding, rule_, clock_.utc_now());
  }

  FakeClock clock_;
  AlertRule rule_;
  Alert alert_{.id = "drift/amount", .monitor = "drift", .kind = "drift", .subject = "amount"};
};

using Events = std::vector<std::optional<AlertEvent>>;
constexpr std::nullopt_t kNone = std::nullopt;

TEST_F(AlertTest, FiresWhenKOfNWindowsHaveFailed) {
  EXPECT_EQ(windows("FP"), (Events{kNone, kNone}));
  EXPECT_EQ(alert_.state, AlertState::kOk);

  EXPECT_EQ(window('F'), kFired);

  EXPECT_EQ(alert_.state, AlertState::kFiring);
  EXPECT_EQ(alert_.fired, clock_.utc_now());
  EXPECT_EQ(alert_.sentence, "moved");
}

TEST_F(AlertTest, ForgetsFailuresThatAreMoreThanNWindowsAgo) {
  EXPECT_EQ(windows("FPPFPPF"), Events(7, kNone));
  EXPECT_EQ(alert_.state, AlertState::kOk);
}

TEST_F(AlertTest, SaysNothingAnewWhileItFires) {
  windows("FF");

  EXPECT_EQ(window('F', "moved further"), kNone);

  EXPECT_EQ(alert_.sentence, "moved further") << "the words are those of today";
}

TEST_F(AlertTest, EndsWhenNothingWasSeenOfItForAWeek) {
  windows("FF");
  clock_.advance(kMostSilence - minutes(2));
  EXPECT_EQ(window('-'), kNone);
  EXPECT_EQ(alert_.state, AlertState::kFiring);

  clock_.advance(minutes(2));
  EXPECT_EQ(window('-'), kResolved);

  EXPECT_EQ(alert_.sentence, "nothing has been seen of it for 7 days; it was: moved");
  EXPECT_EQ(window('F'), kNone) << "it begins anew";
}

TEST_F(AlertTest, IsNotPendingForEver) {
  window('F');
  rule_.hold = std::chrono::hours(24);
  window('F');
  ASSERT_EQ(alert_.state, AlertState::kPending);

  clock_.advance(kMostSilence);
  EXPECT_EQ(window('-'), kNone);
  EXPECT_EQ(alert_.state, AlertState::kOk);
}

TEST_F(AlertTest, ResolvesAfterThatManyPassesInARow) {
  windows("FF");

  EXPECT_EQ(windows("PFPP"), (Events{kNone, kNone, kNone, kResolved}));

  EXPECT_EQ(alert_.state, AlertState::kResolved);
  EXPECT_EQ(alert_.resolved, clock_.utc_now());
  EXPECT_EQ(alert_.sentence, "moved") << "what was wrong, not what is right now";
}

TEST_F(AlertTest, CountsNothingTwiceAfterAResolution) {
  rule_ = {.windows = 10, .least_failed = 2, .clear_windows = 2};
  windows("FFFPP");
  ASSERT_EQ(alert_.state, AlertState::kResolved);

  EXPECT_EQ(windows("PF"), (Events{kNone, kNone}));
  EXPECT_EQ(window('F'), kFired);
}

TEST_F(AlertTest, TakesNoDataForNeitherGoodNorBad) {
  EXPECT_EQ(windows("F---"), Events(4, kNone));
  EXPECT_EQ(window('F'), kFired);
  EXPECT_EQ(windows("P---"), Events(4, kNone));
  EXPECT_EQ(window('P'), kResolved);
}

TEST_F(AlertTest, WaitsForTheHoldAndLetsItGoWhenItPasses) {
  rule_.hold = minutes(3);
  windows("FF");
  EXPECT_EQ(alert_.state, AlertState::kPending);
  windows("PP");
  EXPECT_EQ(alert_.state, AlertState::kOk);

  EXPECT_EQ(windows("FFFF"), Events(4, kNone));
  EXPECT_EQ(window('F'), kFired) << "three minutes after the second";
}

TEST_F(AlertTest, RisesFromTicketToPageAndDoesNotFall) {
  windows("FF");
  alert_.acknowledged = Acknowledgement{"ann", clock_.utc_now(), "looking"};
  rule_.severity = Severity::kPage;

  EXPECT_EQ(window('P'), kNone) << "a window that passed raises nothing";
  EXPECT_EQ(window('F'), kEscalated);
  EXPECT_FALSE(alert_.acknowledged) << "what was acknowledged was less";
  rule_.severity = Severity::kTicket;
  EXPECT_EQ(window('F'), kNone);

  EXPECT_EQ(alert_.severity, Severity::kPage);
}

TEST_F(AlertTest, FiresWithTheSeverityOfTheDayAfterItWasResolved) {
  rule_.severity = Severity::kPage;
  windows("FFPP");
  rule_.severity = Severity::kTicket;

  windows("FF");

  EXPECT_EQ(alert_.severity, Severity::kTicket);
  EXPECT_FALSE(alert_.resolved);
}

TEST_F(AlertTest, StaysResolvedWhenAPendingReturnPasses) {
  windows("FFPP");
  rule_.hold = minutes(10);
  windows("FF");
  ASSERT_EQ(alert_.state, AlertState::kPending);

  windows("PP");

  EXPECT_EQ(alert_.state, AlertState::kResolved);
}

TEST_F(AlertTest, KeepsNoMoreOutcomesThanTheRuleLooksAt) {
  windows("FPFPPPPPPP");

  EXPECT_LE(alert_.recent.size(), 3u);
}

TEST_F(AlertTest, KnowsWhatPeopleHaveNotBeenTold) {
  EXPECT_EQ(untold_event(alert_), kNone);
  windows("FF");
  EXPECT_EQ(untold_event(alert_), kFired);
  mark_told(alert_, kFired);
  EXPECT_EQ(untold_event(alert_), kNone);
  rule_.severity = Severity::kPage;
  window('F');
  EXPECT_EQ(untold_event(alert_), kEscalated);
  mark_told(alert_, kEscalated);
  windows("PP");
  EXPECT_EQ(untold_event(alert_), kResolved);
  mark_told(alert_, kResolved);
  EXPECT_EQ(untold_event(alert_), kNone);
}

TEST_F(AlertTest, IsQuietOnlyWithoutFailuresInSight) {
  EXPECT_TRUE(is_quiet(alert_));
  window('F');
  EXPECT_FALSE(is_quiet(alert_));
  windows("PPP");
  EXPECT_TRUE(is_quiet(alert_));
}

TEST(AlertRule, RefusesWhatCouldNeverFireOrClear) {
  EXPECT_TRUE(AlertRule{}.validate());
  EXPECT_FALSE((AlertRule{.windows = 2, .least_failed = 3}.validate()));
  EXPECT_FALSE((AlertRule{.windows = 101}.validate()));
  EXPECT_FALSE((AlertRule{.least_failed = 0}.validate()));
  EXPECT_FALSE((AlertRule{.clear_windows = 0}.validate()));
  EXPECT_FALSE((AlertRule{.hold = std::chrono::seconds(-1)}.validate()));
}

TEST(AlertNames, AreReadAsTheyAreWritten) {
  EXPECT_EQ(*parse_severity(severity_name(Severity::kPage)), Severity::kPage);
  EXPECT_EQ(*parse_alert_state(alert_state_name(AlertState::kPending)), AlertState::kPending);
  EXPECT_EQ(*parse_alert_event(alert_event_name(kEscalated)), kEscalated);
  EXPECT_EQ(*parse_outcome(outcome_name(Outcome::kNoData)), Outcome::kNoData);
  EXPECT_EQ(parse_severity("loud").error().message(), "'loud' is no severity: expected one of ticket, page");
}

}  // namespace
}  // namespace modelyard::monitoring
