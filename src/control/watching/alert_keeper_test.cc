#include "control/watching/alert_keeper.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/test_folder.h"

namespace modelyard::control {
namespace {

using monitoring::AlertState;
using monitoring::Finding;
using monitoring::Outcome;
using monitoring::Severity;
using std::chrono::hours;
using std::chrono::minutes;
using enum monitoring::AlertEvent;

class AlertKeeperTest : public ::testing::Test {
 protected:
  AlertKeeperTest() {
    open();
    EXPECT_TRUE(keeper_->set_routes({{"all", Severity::kTicket}, {"phone", Severity::kPage}}));
  }

  void open() {
    keeper_.reset();
    keeper_ = *AlertKeeper::open(folder_ / "alerts.db", clock_);
  }

  // One window of one subject; what waits for sinks because of it.
  std::vector<Notification> window(Outcome outcome, const std::string& subject = "amount") {
    const Finding finding{.subject = subject, .outcome = outcome, .value = 1.4, .threshold = 0.1, .sentence = "moved"};
    return windows({finding});
  }
  std::vector<Notification> windows(const std::vector<Finding>& findings) {
    clock_.advance(minutes(1));
    return *keeper_->observe({"loans-drift", "drift", "loans"}, rule_, findings, clock_.utc_now());
  }
  void fire() {
    window(Outcome::kFail);
    ASSERT_EQ(window(Outcome::kFail).size(), 1u);
  }
  std::vector<Notification> resolve() {
    window(Outcome::kPass);
    return window(Outcome::kPass);
  }
  monitoring::Silence silence_for(hours duration) {
    return *keeper_->silence(
        {.monitor = "loans-*", .until = clock_.utc_now() + duration, .reason = "sale", .by = "ann"});
  }
  std::vector<std::string> waiting(const std::string& sink) {
    std::vector<std::string> events;
    const auto due = *keeper_->due(sink, 100);
    for (const PendingDelivery& one : due) {
      events.emplace_back(monitoring::alert_event_name(one.notification.event));
    }
    return events;
  }
  void settle(const std::string& sink, DeliveryResult result, minutes later = minutes(0)) {
    const auto due = keeper_->due(sink, 1);
    ASSERT_EQ(due->size(), 1u);
    ASSERT_TRUE(keeper_->settle({sink, due->front().notification.id, result, "words", clock_.utc_now() + later}));
  }

  using Names = std::vector<std::string>;
  FakeClock clock_;
  TestFolder folder_;
  monitoring::AlertRule rule_;
  std::unique_ptr<AlertKeeper> keeper_;
};

TEST_F(AlertKeeperTest, TellsTheSinksThatWantItWhenAnAlertFires) {
  EXPECT_TRUE(window(Outcome::kFail).empty());

  const auto told = window(Outcome::kFail);

  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].event, kFired);
  EXPECT_EQ(told[0].alert.id, "loans-drift/amount");
  EXPECT_EQ(waiting("all"), Names{"fired"});
  EXPECT_EQ(waiting("phone"), Names{}) << "nobody is woken by a ticket";
  EXPECT_TRUE(window(Outcome::kFail).empty()) << "once is enough";
}

TEST_F(AlertKeeperTest, GoesOnAfterARestart) {
  fire();

  open();

  EXPECT_EQ(waiting("all"), Names{"fired"}) << "before any route is set";
  ASSERT_TRUE(keeper_->set_routes({{"all", Severity::kTicket}}));
  const auto alerts = *keeper_->alerts();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].sentence, "moved");
  EXPECT_EQ(alerts[0].endpoint, "loans");
  EXPECT_EQ(resolve().front().event, kResolved);
}

TEST_F(AlertKeeperTest, RaisesWhatFiresAndNothingElse) {
  fire();
  window(Outcome::kFail, "age");  // pending
  settle("all", DeliveryResult::kTaken);

  const auto told = *keeper_->raise("loans-drift", Severity::kPage);

  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].event, kEscalated);
  EXPECT_EQ(told[0].alert.id, "loans-drift/amount");
  EXPECT_EQ(waiting("phone"), Names{"escalated"});
  EXPECT_TRUE(keeper_->raise("loans-drift", Severity::kPage)->empty()) << "once is enough";
  EXPECT_TRUE(keeper_->raise("loans-drift", Severity::kTicket)->empty()) << "it does not fall";
}

TEST_F(AlertKeeperTest, WakesSomebodyWhenATicketBecomesAPage) {
  fire();
  settle("all", DeliveryResult::kTaken);
  rule_.severity = Severity::kPage;

  window(Outcome::kFail);

  EXPECT_EQ(waiting("all"), Names{"escalated"});
  EXPECT_EQ(waiting("phone"), Names{"escalated"});
}

TEST_F(AlertKeeperTest, TellsOfOneAlertInTheOrderOfEvents) {
  fire();
  resolve();
  EXPECT_EQ(waiting("all"), Names{"fired"});

  settle("all", DeliveryResult::kWaiting, minutes(5));
  EXPECT_EQ(waiting("all"), Names{}) << "the end does not come before the beginning";
  EXPECT_EQ(*keeper_->next_due("all"), clock_.utc_now() + minutes(5));
  clock_.advance(minutes(5));
  settle("all", DeliveryResult::kTaken);

  EXPECT_EQ(waiting("all"), Names{"resolved"});
}

TEST_F(AlertKeeperTest, DoesNotTellOfASilencedAlertUntilTheSilenceEnds) {
  const auto silence = silence_for(hours(1));
  window(Outcome::kFail);
  EXPECT_TRUE(window(Outcome::kFail).empty());
  EXPECT_EQ(keeper_->history(10)->size(), 1u) << "it is known all the same";
  ASSERT_TRUE(keeper_->tend());
  EXPECT_EQ(waiting("all"), Names{});

  clock_.advance(hours(1));
  ASSERT_TRUE(keeper_->tend());

  EXPECT_EQ(waiting("all"), Names{"fired"});
  EXPECT_TRUE(keeper_->silences()->empty());
}

TEST_F(AlertKeeperTest, NeverTellsOfWhatBeganAndEndedInSilence) {
  silence_for(hours(1));
  window(Outcome::kFail);
  window(Outcome::kFail);
  resolve();

  clock_.advance(hours(1));
  ASSERT_TRUE(keeper_->tend());

  EXPECT_EQ(waiting("all"), Names{});
  EXPECT_EQ(keeper_->history(10)->size(), 2u);
}

TEST_F(AlertKeeperTest, TellsTheEndOfWhatWasToldBeforeTheSilence) {
  fire();
  settle("all", DeliveryResult::kTaken);
  const auto silence = silence_for(hours(1));
  resolve();
  ASSERT_TRUE(keeper_->tend());
  EXPECT_EQ(waiting("all"), Names{});

  ASSERT_TRUE(keeper_->unsilence(silence.id));
  ASSERT_TRUE(keeper_->tend());

  EXPECT_EQ(waiting("all"), Names{"resolved"});
}

TEST_F(AlertKeeperTest, ForgetsQuietAlertsAndThoseWhoseSubjectHasGone) {
  window(Outcome::kFail);
  EXPECT_EQ(keeper_->alerts({.state = AlertState::kOk})->size(), 1u) << "one of the failures that it takes";
  windows({});
  EXPECT_EQ(keeper_->alerts({.state = AlertState::kOk})->size(), 0u);

  window(Outcome::kFail);
  for (int i = 0; i < 3; ++i) window(Outcome::kPass);
  EXPECT_EQ(keeper_->alerts({.state = AlertState::kOk})->size(), 0u);
}

TEST_F(AlertKeeperTest, KeepsAFiringAlertWhoseSubjectIsNotFound) {
  fire();

  for (int i = 0; i < 5; ++i) EXPECT_TRUE(windows({}).empty());

  EXPECT_EQ(keeper_->alerts({.state = AlertState::kFiring})->size(), 1u);
}

TEST_F(AlertKeeperTest, KeepsAResolvedAlertForAWeek) {
  fire();
  resolve();
  clock_.advance(AlertKeeper::kKeepResolved - minutes(2));
  windows({});
  EXPECT_EQ(keeper_->alerts()->size(), 1u);

  clock_.advance(minutes(5));
  windows({});

  EXPECT_EQ(keeper_->alerts()->size(), 0u);
}

TEST_F(AlertKeeperTest, ResolvesTheAlertsOfAMonitorThatIsGone) {
  fire();
  window(Outcome::kFail, "age");

  const auto told = *keeper_->forget("loans-drift");

  ASSERT_EQ(told.size(), 1u) << "nobody knew of the other";
  EXPECT_EQ(told[0].event, kResolved);
  EXPECT_TRUE(keeper_->alerts()->empty());
}

TEST_F(AlertKeeperTest, AcknowledgesOnlyWhatFires) {
  window(Outcome::kFail);
  EXPECT_EQ(keeper_->acknowledge("loans-drift/amount", "ann", "").error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(keeper_->acknowledge("loans-drift/age", "ann", "").error().code(), Code::kNotFound);
  window(Outcome::kFail);

  ASSERT_TRUE(keeper_->acknowledge("loans-drift/amount", "ann", "a new bank was added"));

  open();
  const auto acknowledged = keeper_->alerts()->front().acknowledged;
  ASSERT_TRUE(acknowledged);
  EXPECT_EQ(acknowledged->by, "ann");
  EXPECT_EQ(acknowledged->note, "a new bank was added");
  EXPECT_EQ(acknowledged->at, clock_.utc_now());
}

TEST_F(AlertKeeperTest, SortsWhatIsUrgentToTheTop) {
  const auto fail = [](const char* subject) { return Finding{.subject = subject, .outcome = Outcome::kFail}; };
  windows({fail("a"), fail("b")});
  windows({fail("a"), fail("b"), fail("c")});
  rule_.severity = Severity::kPage;
  windows({fail("b"), fail("c")});
  rule_.hold = hours(1);
  windows({fail("d")});
  windows({fail("d")});

  const auto alerts = *keeper_->alerts();
  std::string order;
  for (const auto& alert : alerts) order += alert.subject;

  EXPECT_EQ(order, "cbad");
  EXPECT_EQ(keeper_->alerts({.endpoint = "other"})->size(), 0u);
  EXPECT_EQ(keeper_->alerts({.monitor = "loans-drift", .state = AlertState::kPending})->size(), 1u);
}

TEST_F(AlertKeeperTest, SaysWhatBecameOfDeliveries) {
  fire();
  settle("all", DeliveryResult::kWaiting);
  auto deliveries = *keeper_->deliveries(10);
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].result, DeliveryResult::kWaiting);
  EXPECT_EQ(deliveries[0].tries, 1);

  settle("all", DeliveryResult::kRefused);

  deliveries = *keeper_->deliveries(10);
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].result, DeliveryResult::kRefused);
  EXPECT_EQ(deliveries[0].tries, 2);
  EXPECT_EQ(deliveries[0].words, "words");
  EXPECT_EQ(deliveries[0].event, kFired);
}

TEST_F(AlertKeeperTest, DoesNotWaitForATimeOfAClockThatWasAhead) {
  fire();

  settle("all", DeliveryResult::kWaiting, minutes(24 * 60));

  EXPECT_EQ(waiting("all"), Names{"fired"});
}

TEST_F(AlertKeeperTest, GivesUpWhatWaitsForADay) {
  fire();
  clock_.advance(AlertOutbox::kGiveUpAfter + minutes(1));

  ASSERT_TRUE(keeper_->tend());

  EXPECT_EQ(waiting("all"), Names{});
  EXPECT_EQ(keeper_->deliveries(10)->front().result, DeliveryResult::kGivenUp);
}

TEST_F(AlertKeeperTest, GivesUpWhatWaitsForASinkThatIsGone) {
  fire();

  ASSERT_TRUE(keeper_->set_routes({{"phone", Severity::kPage}}));

  EXPECT_EQ(waiting("all"), Names{});
  EXPECT_EQ(keeper_->deliveries(10)->front().words, "the sink is configured no longer");
}

TEST_F(AlertKeeperTest, RefusesWhatItCouldNotKeep) {
  const Finding twice{.subject = "a", .outcome = Outcome::kFail};
  const auto observe = [&](const std::string& monitor, const std::vector<Finding>& findings) {
    return keeper_->observe({monitor, "drift", "loans"}, rule_, findings, clock_.utc_now()).has_value();
  };
  EXPECT_FALSE(observe("a/b", {}));
  EXPECT_FALSE(observe("m", {twice, twice}));
  EXPECT_FALSE(observe("m", {{.subject = "amo\xffunt"}}));
  rule_.least_failed = 4;
  EXPECT_FALSE(observe("m", {}));
  EXPECT_FALSE(keeper_->silence({.monitor = "*", .until = clock_.utc_now() + hours(1)}));
  EXPECT_EQ(keeper_->unsilence("7").error().code(), Code::kNotFound);
  EXPECT_EQ(keeper_->unsilence("x").error().code(), Code::kNotFound);
}

TEST_F(AlertKeeperTest, KeepsTextsAndNumbersThatJsonDoesNotHave) {
  const Finding odd{.subject = "größe/1",
                    .outcome = Outcome::kFail,
                    .value = std::numeric_limits<double>::infinity(),
                    .sentence = "bytes \xff"};
  windows({odd});

  EXPECT_EQ(windows({odd}).size(), 1u);
  EXPECT_EQ(keeper_->alerts()->front().sentence, "bytes \uFFFD");
}

}  // namespace
}  // namespace modelyard::control
