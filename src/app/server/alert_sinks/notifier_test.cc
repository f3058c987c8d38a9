#include "app/server/alert_sinks/notifier.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <future>

#include "base/directory.h"
#include "base/fake_clock.h"
#include "base/test_folder.h"

namespace modelyard::app {
namespace {

using control::DeliveryResult;
using monitoring::Finding;
using monitoring::Outcome;
using monitoring::Severity;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// What a sink was told, and what it answers.
struct Receiver {
  std::vector<std::string> events;  // "amount fired"
  int refreshes = 0;
  bool forgets = false;
  DeliveryResult answer = DeliveryResult::kTaken;
  std::promise<void>* told = nullptr;
};

class ReceiverSink final : public AlertSink {
 public:
  explicit ReceiverSink(Receiver& receiver) : receiver_(receiver) {}
  Delivery send(const control::Notification& notification, UtcTime) override {
    receiver_.events.push_back(
        fmt::format("{} {}", notification.alert.subject, monitoring::alert_event_name(notification.event)));
    if (receiver_.told != nullptr) receiver_.told->set_value();
    return {receiver_.answer, "words"};
  }
  std::optional<Delivery> refresh(std::span<const monitoring::Alert> firing, UtcTime) override {
    receiver_.refreshes += static_cast<int>(firing.size());
    if (!receiver_.forgets) return std::nullopt;
    return Delivery{receiver_.answer, "words"};
  }

 private:
  Receiver& receiver_;
};

class NotifierTest : public ::testing::Test {
 protected:
  NotifierTest() { open(); }

  void open() {
    notifier_.reset();
    keeper_.reset();
    keeper_ = *control::AlertKeeper::open(folder_ / "alerts.db", clock_);
    std::vector<Notifier::Lane> lanes;
    lanes.emplace_back(control::AlertRoute{"chat", Severity::kTicket}, std::make_unique<ReceiverSink>(chat_));
    lanes.emplace_back(control::AlertRoute{"phone", Severity::kPage}, std::make_unique<ReceiverSink>(phone_));
    notifier_ = *Notifier::open(*keeper_, std::move(lanes), clock_, log_);
  }
  void window(Outcome outcome, const std::string& subject = "amount", Severity severity = Severity::kTicket) {
    const monitoring::AlertRule rule{.windows = 1, .least_failed = 1, .clear_windows = 1, .severity = severity};
    const Finding finding{.subject = subject, .outcome = outcome};
    ASSERT_TRUE(keeper_->observe({"m", "drift", "loans"}, rule, {&finding, 1}, clock_.utc_now()));
  }

  using Events = std::vector<std::string>;
  FakeClock clock_;
  TestFolder folder_;
  UniqueFd file_{::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)};
  telemetry::Log log_{file_.get(), telemetry::LogFormat::kJson, telemetry::Level::kInfo, clock_};
  Receiver chat_, phone_;
  std::unique_ptr<control::AlertKeeper> keeper_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, SendsAllThatWaitsToWhoWantsIt) {
  window(Outcome::kFail);
  window(Outcome::kFail, "age", Severity::kPage);
  window(Outcome::kPass);

  notifier_->step();

  EXPECT_EQ(chat_.events, (Events{"amount fired", "age fired", "amount resolved"}));
  EXPECT_EQ(phone_.events, Events{"age fired"});
  notifier_->step();
  EXPECT_EQ(chat_.events.size(), 3u) << "once";
}

TEST_F(NotifierTest, TriesAgainAfterTwiceTheWait) {
  chat_.answer = DeliveryResult::kWaiting;
  window(Outcome::kFail);

  std::vector<std::chrono::nanoseconds> waits;
  for (int i = 0; i < 4; ++i) {
    waits.push_back(notifier_->step());
    EXPECT_EQ(chat_.events.size(), static_cast<std::size_t>(i + 1));
    notifier_->step();
    EXPECT_EQ(chat_.events.size(), static_cast<std::size_t>(i + 1)) << "not before the time has come";
    clock_.advance(Notifier::kFirstWait * (1 << i));
  }

  EXPECT_EQ(waits, (std::vector<std::chrono::nanoseconds>{seconds(2), seconds(4), seconds(8), seconds(15)}))
      << "it looks for silences that end meanwhile";
}

TEST_F(NotifierTest, IsNotHeldUpByASinkThatIsAway) {
  chat_.answer = DeliveryResult::kWaiting;
  for (const char* const subject : {"a", "b", "c"}) window(Outcome::kFail, subject, Severity::kPage);

  notifier_->step();

  EXPECT_EQ(chat_.events.size(), 1u) << "one try is enough to know";
  EXPECT_EQ(phone_.events.size(), 3u);
}

TEST_F(NotifierTest, LetsOneAlertThatIsRefusedNotHoldUpTheOthers) {
  chat_.answer = DeliveryResult::kRefused;
  window(Outcome::kFail, "a");
  window(Outcome::kFail, "b");

  notifier_->step();
  chat_.answer = DeliveryResult::kTaken;
  clock_.advance(hours(1));
  notifier_->step();

  EXPECT_EQ(chat_.events, (Events{"a fired", "b fired"}));
  EXPECT_EQ(keeper_->deliveries(1)->front().result, DeliveryResult::kRefused);
}

TEST_F(NotifierTest, GoesOnAfterARestartWhereItWas) {
  chat_.answer = DeliveryResult::kWaiting;
  window(Outcome::kFail);
  notifier_->step();

  open();
  chat_.answer = DeliveryResult::kTaken;
  notifier_->step();
  EXPECT_EQ(chat_.events.size(), 1u) << "the wait goes on, too";
  clock_.advance(Notifier::kFirstWait);
  notifier_->step();

  EXPECT_EQ(chat_.events.size(), 2u);
  EXPECT_EQ(keeper_->deliveries(1)->front().tries, 2);
}

TEST_F(NotifierTest, GivesUpAfterADay) {
  chat_.answer = DeliveryResult::kWaiting;
  window(Outcome::kFail);
  notifier_->step();

  clock_.advance(control::AlertOutbox::kGiveUpAfter + seconds(1));
  notifier_->step();

  EXPECT_EQ(keeper_->deliveries(1)->front().result, DeliveryResult::kGivenUp);
  EXPECT_EQ(keeper_->deliveries(1)->front().words, "words");
}

TEST_F(NotifierTest, SaysAgainOnceAMinuteWhatFires) {
  window(Outcome::kFail, "a");
  window(Outcome::kFail, "b", Severity::kPage);
  notifier_->step();
  EXPECT_EQ(chat_.refreshes, 2);
  notifier_->step();
  EXPECT_EQ(chat_.refreshes, 2);

  clock_.advance(Notifier::kRefreshEvery);
  notifier_->step();

  EXPECT_EQ(chat_.refreshes, 4);
  EXPECT_EQ(phone_.refreshes, 2);
}

TEST_F(NotifierTest, TellsWhenASilenceHasEnded) {
  ASSERT_TRUE(keeper_->silence({.monitor = "*", .until = clock_.utc_now() + hours(1), .reason = "sale", .by = "ann"}));
  window(Outcome::kFail);
  notifier_->step();
  EXPECT_EQ(chat_.events, Events{});
  EXPECT_EQ(chat_.refreshes, 0) << "what was never told";

  clock_.advance(hours(1));
  notifier_->step();

  EXPECT_EQ(chat_.events, Events{"amount fired"});
}

TEST_F(NotifierTest, LeavesAloneASinkThatDoesNotTakeWhatIsSaidAgain) {
  chat_.forgets = true;
  window(Outcome::kFail);
  notifier_->step();
  chat_.answer = DeliveryResult::kWaiting;
  clock_.advance(Notifier::kRefreshEvery);
  notifier_->step();
  window(Outcome::kFail, "age");

  notifier_->step();
  EXPECT_EQ(chat_.events.size(), 1u);
  chat_.answer = DeliveryResult::kTaken;
  clock_.advance(Notifier::kFirstWait);
  notifier_->step();

  EXPECT_EQ(chat_.events.size(), 2u);
}

TEST_F(NotifierTest, LogsOnceThatASinkIsAwayAndThatItIsBack) {
  chat_.answer = DeliveryResult::kWaiting;
  window(Outcome::kFail);
  for (int i = 0; i < 10; ++i) {
    notifier_->step();
    clock_.advance(minutes(1));
  }
  chat_.answer = DeliveryResult::kTaken;
  clock_.advance(Notifier::kMostWait);
  notifier_->step();

  const std::string log = *read_file(folder_ / "log");
  const auto count = [&](std::string_view words) {
    int found = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("an alert sink is away"), 1);
  EXPECT_EQ(count("an alert sink is back"), 1);
}

TEST_F(NotifierTest, SendsFromItsThreadWhenItIsWoken) {
  std::promise<void> told;
  chat_.told = &told;
  notifier_->start();

  window(Outcome::kFail);
  notifier_->wake();

  EXPECT_EQ(told.get_future().wait_for(minutes(1)), std::future_status::ready);
  notifier_->stop();
  EXPECT_EQ(chat_.events, Events{"amount fired"});
}

TEST_F(NotifierTest, StartsOnlyWithTheSecretsThatItNeeds) {
  NotifierOptions options{
      .sinks = {{.name = "hook", .kind = SinkKind::kWebhook, .url = "http://a/", .secret_file = "/none"}}};

  const auto notifier = Notifier::open(*keeper_, options, clock_, log_);

  ASSERT_FALSE(notifier);
  EXPECT_TRUE(notifier.error().message().starts_with("alert sink 'hook': ")) << notifier.error().message();
}

}  // namespace
}  // namespace modelyard::app
