// What each sink says, and how.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "app/server/alert_sinks/alert_words.h"
#include "app/server/alert_sinks/alertmanager_sink.h"
#include "app/server/alert_sinks/email_sink.h"
#include "app/server/alert_sinks/fake_transport.h"
#include "app/server/alert_sinks/log_sink.h"
#include "app/server/alert_sinks/slack_sink.h"
#include "app/server/alert_sinks/webhook_sink.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/directory.h"
#include "base/fake_clock.h"
#include "base/test_folder.h"

namespace modelyard::app {
namespace {

using control::Notification;
using monitoring::AlertEvent;
using monitoring::AlertState;
using monitoring::Severity;

class SinksTest : public ::testing::Test {
 protected:
  SinksTest() {
    monitoring::Alert& alert = fired_.alert;
    alert.id = "loans-drift/amount";
    alert.monitor = "loans-drift";
    alert.kind = "drift";
    alert.endpoint = "loans";
    alert.subject = "amount";
    alert.state = AlertState::kFiring;
    alert.severity = Severity::kPage;
    alert.notified = Severity::kPage;
    alert.fired = alert.since = clock_.utc_now();
    alert.value = 1.428;
    alert.threshold = 0.1;
    alert.sentence = "median 39.39 → 72.2";
  }

  Json body() const { return *parse_json(transport_.posts.back().body); }
  std::string mail_header(std::string_view name) const {
    const std::string& text = transport_.mails.back().text;
    const auto at = text.find(fmt::format("\r\n{}: ", name));
    const auto begin = at + name.size() + 4;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }
  std::string mail_body() const {
    const std::string& text = transport_.mails.back().text;
    std::string lines = text.substr(text.find("\r\n\r\n") + 4);
    std::erase_if(lines, [](char c) { return c == '\r' || c == '\n'; });
    return *base64_decode(lines);
  }
  EmailSink email() {
    return EmailSink(
        {.url = "smtp://localhost", .from = "modelyard@example.com", .to = {"a@example.com", "b@example.com"}}, "",
        origin_, transport_);
  }

  FakeClock clock_;  // 2023-11-14T22:13:20Z
  FakeTransport transport_;
  const AlertOrigin origin_{"eu-1", "https://models.example.com", "https://docs.example.com/"};
  Notification fired_{.id = 7, .event = AlertEvent::kFired, .time = clock_.utc_now(), .told = true};
};

TEST_F(SinksTest, WebhookSignsTheTimeAndTheBody) {
  WebhookSink sink("https://hooks.example.com/x", "secret", origin_, transport_);

  sink.send(fired_, clock_.utc_now() + std::chrono::seconds(5));

  const HttpPost& post = transport_.posts.at(0);
  EXPECT_EQ(post.url, "https://hooks.example.com/x");
  ASSERT_EQ(post.headers.size(), 2u);
  EXPECT_EQ(post.headers[0],
            "Modelyard-Signature: t=1700000005,v1=" + hmac_sha256("secret", "1700000005." + post.body).hex());
  EXPECT_EQ(post.headers[1], "Idempotency-Key: modelyard-1700000000000000-7");
  EXPECT_EQ(body()["event"], "fired");
  EXPECT_EQ(body()["alert"]["subject"], "amount");
  EXPECT_EQ(body()["instance"], "eu-1");
  EXPECT_EQ(body()["runbook_url"], "https://docs.example.com/docs/runbooks/drift.md");
}

TEST_F(SinksTest, WebhookGivesOneKeyToAllTriesOfAnEvent) {
  WebhookSink sink("https://hooks.example.com/x", "secret", origin_, transport_);

  sink.send(fired_, clock_.utc_now());
  sink.send(fired_, clock_.utc_now() + std::chrono::hours(1));

  EXPECT_EQ(transport_.posts[0].headers[1], transport_.posts[1].headers[1]);
  EXPECT_NE(transport_.posts[0].headers[0], transport_.posts[1].headers[0]) << "the time is that of the try";
}

TEST_F(SinksTest, AlertmanagerHearsTheLabelsThatItGroupsBy) {
  AlertmanagerSink sink("http://alertmanager:9093/", origin_, transport_);

  sink.send(fired_, clock_.utc_now());

  EXPECT_EQ(transport_.posts.at(0).url, "http://alertmanager:9093/api/v2/alerts");
  ASSERT_EQ(body().size(), 1u);
  const Json alert = body()[0];
  EXPECT_EQ(alert["labels"], (Json{{"alertname", "loans-drift"},
                                   {"endpoint", "loans"},
                                   {"subject", "amount"},
                                   {"severity", "page"},
                                   {"instance", "eu-1"}}));
  EXPECT_EQ(alert["annotations"]["summary"], "median 39.39 → 72.2");
  EXPECT_EQ(alert["startsAt"], "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(alert["endsAt"], "2023-11-14T22:17:20.000000Z") << "if nobody says it again";
  EXPECT_EQ(alert["generatorURL"], "https://models.example.com");
}

TEST_F(SinksTest, AlertmanagerHearsThatTheTicketHasEndedWhenItBecomesAPage) {
  AlertmanagerSink sink("http://alertmanager:9093", origin_, transport_);
  fired_.event = AlertEvent::kEscalated;

  sink.send(fired_, clock_.utc_now());

  ASSERT_EQ(body().size(), 2u);
  EXPECT_EQ(body()[1]["labels"]["severity"], "ticket");
  EXPECT_EQ(body()[1]["endsAt"], format_utc(clock_.utc_now()));
}

TEST_F(SinksTest, AlertmanagerHearsAgainOfWhatFires) {
  AlertmanagerSink sink("http://alertmanager:9093", origin_, transport_);
  fired_.alert.notified = Severity::kTicket;  // that it is a page now was silenced

  sink.refresh({&fired_.alert, 1}, clock_.utc_now());

  EXPECT_EQ(body()[0]["labels"]["severity"], "ticket");
  EXPECT_EQ(body()[0]["startsAt"], format_utc(*fired_.alert.fired));
}

TEST_F(SinksTest, AlertmanagerHearsWhenItEnded) {
  AlertmanagerSink sink("http://alertmanager:9093", origin_, transport_);
  fired_.event = AlertEvent::kResolved;

  sink.send(fired_, clock_.utc_now() + std::chrono::hours(1));

  EXPECT_EQ(body()[0]["endsAt"], format_utc(fired_.time));
}

TEST_F(SinksTest, SlackGetsNothingThatItWouldTakeForALinkOrACall) {
  SlackSink sink("https://hooks.slack.com/services/x", origin_, transport_);
  fired_.alert.sentence = "<!channel> & <https://evil.example|click>";

  sink.send(fired_, clock_.utc_now());

  EXPECT_EQ(body()["text"],
            "Firing (page): loans-drift, amount of loans\n"
            "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;");
  EXPECT_EQ(body()["blocks"][0]["text"]["type"], "plain_text");
  EXPECT_EQ(body()["blocks"][1]["text"]["text"], "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;");
}

TEST_F(SinksTest, SlackGetsTextsThatAreNotTooLong) {
  SlackSink sink("https://hooks.slack.com/services/x", origin_, transport_);
  fired_.alert.subject = std::string(1000, 'x');
  fired_.alert.sentence.clear();
  for (int i = 0; i < 3000; ++i) fired_.alert.sentence += "ä";

  sink.send(fired_, clock_.utc_now());

  EXPECT_LE(body()["blocks"][0]["text"]["text"].get<std::string>().size(), 150u);
  EXPECT_LE(body()["blocks"][1]["text"]["text"].get<std::string>().size(), 2000u);
}

TEST_F(SinksTest, MailHasHeadAndBodyAsMailReadersExpect) {
  email().send(fired_, clock_.utc_now());

  const Mail& mail = transport_.mails.at(0);
  EXPECT_EQ(mail.to, (std::vector<std::string>{"a@example.com", "b@example.com"}));
  EXPECT_EQ(mail_header("Subject"), "Firing (page): loans-drift, amount of loans");
  EXPECT_EQ(mail_header("Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
  EXPECT_EQ(mail_header("Message-ID"), "<modelyard-1700000000000000-7@example.com>");
  EXPECT_NE(mail_body().find("median 39.39 → 72.2"), std::string::npos);
  EXPECT_NE(mail_body().find("threshold  0.1"), std::string::npos);
}

TEST_F(SinksTest, MailLetsNoHeaderBePutIn) {
  fired_.alert.subject = "amount\r\nBcc: evil@example.com\r\n\r\nbody";

  email().send(fired_, clock_.utc_now());

  EXPECT_EQ(transport_.mails.at(0).text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(mail_header("Subject").find('\r'), std::string::npos);
}

TEST_F(SinksTest, MailEncodesASubjectThatIsNotAscii) {
  fired_.alert.subject = "größe";

  email().send(fired_, clock_.utc_now());

  const std::string subject = mail_header("Subject");
  EXPECT_TRUE(subject.starts_with("=?utf-8?B?")) << subject;
  EXPECT_EQ(*base64_decode(subject.substr(10, subject.size() - 12)), "Firing (page): loans-drift, größe of loans");
}

TEST_F(SinksTest, LogHasNoWordsThatMayNameValues) {
  const TestFolder folder;
  const UniqueFd file(::open((folder / "log").c_str(), O_WRONLY | O_CREAT, 0600));
  telemetry::Log log(file.get(), telemetry::LogFormat::kJson, telemetry::Level::kInfo, clock_);

  LogSink(log).send(fired_, clock_.utc_now());

  const std::string line = *read_file(folder / "log");
  EXPECT_NE(line.find(R"("alert":"loans-drift/amount")"), std::string::npos) << line;
  EXPECT_EQ(line.find("median"), std::string::npos);
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("äääää", 10), "äääää");
  EXPECT_EQ(shortened("äääääx", 10), "äää…");
}

}  // namespace
}  // namespace modelyard::app
