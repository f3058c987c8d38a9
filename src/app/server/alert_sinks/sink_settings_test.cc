#include "app/server/alert_sinks/sink_settings.h"

#include <gtest/gtest.h>

namespace modelyard::app {
namespace {

Result<std::vector<SinkSettings>> parse(std::string_view text) {
  return parse_alert_sinks(*parse_json(text));
}
std::string refusal(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? "" : parsed.error().message();
}
// An email sink with another value of one field.
std::string refusal_of_mail(const char* field, Json value) {
  Json sink{{"kind", "email"}, {"url", "smtp://localhost"}, {"from", "a@b.c"}, {"to", {"ops@example.com"}}};
  sink[field] = std::move(value);
  return refusal(Json::array({sink}).dump());
}

TEST(AlertSinks, AreReadWithTheirDefaults) {
  const auto sinks = parse(R"([
    {"kind": "webhook", "url": "https://hooks.example.com/x", "secret_file": "/run/secret", "severity": "page"},
    {"kind": "alertmanager", "url": "http://localhost:9093", "name": "am"},
    {"kind": "email", "url": "smtps://mail.example.com", "from": "m@example.com", "to": ["ops@example.com"],
     "user": "m", "password_file": "/run/password"},
    {"kind": "slack", "url": "https://hooks.slack.com/services/x"}])");

  ASSERT_TRUE(sinks) << sinks.error().message();
  ASSERT_EQ(sinks->size(), 4u);
  EXPECT_EQ(sinks->at(0).name, "webhook");
  EXPECT_EQ(sinks->at(0).least, monitoring::Severity::kPage);
  EXPECT_EQ(sinks->at(1).name, "am");
  EXPECT_EQ(sinks->at(1).least, monitoring::Severity::kTicket);
  EXPECT_EQ(sinks->at(2).password_file, "/run/password");
  EXPECT_EQ(sinks->at(3).kind, SinkKind::kSlack);
  EXPECT_TRUE(parse("null")->empty());
}

TEST(AlertSinks, RefuseWhatIsNotKnown) {
  EXPECT_NE(refusal(R"([{"kind": "slack", "url": "https://a/b", "chanel": "#x"}])").find("chanel"), std::string::npos);
  EXPECT_NE(refusal(R"([{"kind": "slack", "url": "https://a/b", "secret_file": "x"}])"), "");
  EXPECT_EQ(refusal(R"([{"kind": "pager", "url": "https://a/b"}])"),
            "alert_sinks[0].kind: expected webhook, alertmanager, email or slack");
  EXPECT_NE(refusal(R"([{"kind": "slack", "url": "https://a/b", "severity": "loud"}])"), "");
  EXPECT_NE(refusal(R"([{"kind": "webhook", "url": "https://a/b"}])"), "") << "without a secret";
  EXPECT_NE(refusal(R"({"kind": "slack"})"), "");
}

TEST(AlertSinks, RefuseUrlsThatTheyDoNotSpeak) {
  for (const char* const url : {"file:///etc/passwd", "gopher://a/", "http://", "http://:80", "https://a b/",
                                "https://user:hush@a/", "smtp://a", "https://a/\\r\\nX: y", ""}) {
    const std::string said = refusal(fmt::format(R"([{{"kind": "slack", "url": "{}"}}])", url));
    EXPECT_NE(said, "") << url;
    EXPECT_EQ(said.find("hush"), std::string::npos) << "no secrets in errors";
  }
  EXPECT_NE(refusal_of_mail("url", "https://a/"), "");
}

TEST(AlertSinks, RefuseAddressesThatCouldEndAHeader) {
  EXPECT_EQ(refusal_of_mail("from", "models@example.com"), "");
  for (const char* const address : {"", "ops", "@a", "a@", "a@b\r\nBcc: c@d", "a@b,c@d", "A <a@b>", "a@b@c", "a b@c"}) {
    EXPECT_NE(refusal_of_mail("from", address), "") << address;
    EXPECT_NE(refusal_of_mail("to", Json::array({address})), "") << address;
  }
  EXPECT_NE(refusal_of_mail("to", Json::array()), "");
  EXPECT_NE(refusal_of_mail("user", "m"), "") << "without a password";
}

TEST(AlertSinks, HaveNamesOfTheirOwn) {
  EXPECT_EQ(refusal(R"([{"kind": "slack", "url": "https://a/b"}, {"kind": "slack", "url": "https://a/c"}])"),
            "alert_sinks[1].name: 'slack' is taken; give each sink of a kind a `name`");
  EXPECT_NE(refusal(R"([{"kind": "slack", "url": "https://a/b", "name": "log"}])"), "");
}

}  // namespace
}  // namespace modelyard::app
