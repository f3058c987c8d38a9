#include "app/server/signal_sources/source_settings.h"

#include <gtest/gtest.h>

namespace modelyard::app {
namespace {

std::string refusal(std::string_view text) {
  const auto sources = parse_signal_sources(*parse_json(text));
  return sources ? "" : sources.error().message();
}

TEST(SourceSettings, AreReadByName) {
  const auto sources = parse_signal_sources(*parse_json(R"([
      {"name": "metrics", "kind": "prometheus", "url": "http://localhost:9090/base/", "bearer_file": "/run/token"},
      {"name": "open", "kind": "prometheus", "url": "https://metrics.example.com"},
      {"name": "checks", "kind": "webhook", "url": "https://checks.example.com/x?y=1", "secret_file": "/run/secret"}])"));

  ASSERT_TRUE(sources) << sources.error().message();
  ASSERT_EQ(sources->size(), 3u);
  EXPECT_EQ(sources->at(0).url, "http://localhost:9090/base") << "what comes before /api/v1/query";
  EXPECT_EQ(sources->at(0).secret_file, "/run/token");
  EXPECT_EQ(sources->at(1).secret_file, "");
  EXPECT_EQ(sources->at(2).kind, SourceKind::kWebhook);
  EXPECT_EQ(sources->at(2).url, "https://checks.example.com/x?y=1");
  EXPECT_TRUE(parse_signal_sources(nullptr)->empty());
}

TEST(SourceSettings, RefuseWhatIsNotKnown) {
  EXPECT_EQ(refusal(R"([{"name": "m", "kind": "graphite", "url": "http://a"}])"),
            "signal_sources[0].kind: expected prometheus or webhook");
  EXPECT_EQ(refusal(R"([{"name": "m", "kind": "prometheus", "url": "http://a"},
                        {"name": "m", "kind": "prometheus", "url": "http://b"}])"),
            "signal_sources[1].name: 'm' is taken");
  EXPECT_NE(refusal(R"([{"name": "c", "kind": "webhook", "url": "http://a"}])"), "") << "without a secret";
  EXPECT_NE(refusal(R"([{"name": "m", "kind": "prometheus", "url": "http://a", "secret_file": "x"}])"), "");
  EXPECT_NE(refusal(R"([{"name": "a b", "kind": "prometheus", "url": "http://a"}])"), "");
  EXPECT_NE(refusal(R"([{"kind": "prometheus", "url": "http://a"}])"), "");
  EXPECT_NE(refusal(R"({"name": "m"})"), "");
}

TEST(SourceSettings, RefuseUrlsThatAreNotHttpOrHoldAPassword) {
  for (const char* const url :
       {"file:///etc/passwd", "http://", "http://user:hush@a/", "http://a b/", "http://a?x=1"}) {
    const std::string said = refusal(fmt::format(R"([{{"name": "m", "kind": "prometheus", "url": "{}"}}])", url));
    EXPECT_NE(said, "") << url;
    EXPECT_EQ(said.find("hush"), std::string::npos) << "no secrets in errors";
  }
}

}  // namespace
}  // namespace modelyard::app
