#include "app/server/signal_sources/http_signal_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/server/outbound/outbound.h"
#include "app/server/signal_sources/answers.h"
#include "base/directory.h"
#include "base/fake_clock.h"
#include "base/test_folder.h"

namespace modelyard::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class HttpSignalSourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_file_atomically(folder_ / "token", "t0ken\n"));
    ASSERT_TRUE(write_file_atomically(folder_ / "secret", "hush\n"));
    auto opened = open({{"metrics", SourceKind::kPrometheus, "http://m/base", folder_ / "token"},
                        {"checks", SourceKind::kWebhook, "http://c/x", folder_ / "secret"}});
    ASSERT_TRUE(opened) << opened.error().message();
    sources_ = *std::move(opened);
  }

  Result<std::unique_ptr<HttpSignalSources>> open(const std::vector<SourceSettings>& settings) {
    return HttpSignalSources::open(settings, clock_,
                                   [this](const HttpPost& post, const std::stop_token&, const TransferLimits& limits) {
                                     posts_.push_back(post);
                                     limits_ = limits;
                                     return answer_;
                                   });
  }
  Result<control::SignalAnswer> ask(const std::string& source, const std::string& query = "") {
    return sources_->ask({.source = source, .query = query, .subject = {{"rollout", 3}}, .timeout = 7s}, {});
  }
  std::string refusal(const std::string& source) {
    const auto answer = ask(source, "up");
    return answer ? "" : std::string(answer.error().message());
  }
  Status check(const std::string& source, const std::string& query) {
    return sources_->check({.source = source, .query = query});
  }

  const TestFolder folder_;
  FakeClock clock_;
  std::vector<HttpPost> posts_;
  TransferLimits limits_;
  Result<CurlAnswer> answer_ = CurlAnswer{.status = 200, .body = R"({"value": 1})"};
  std::unique_ptr<HttpSignalSources> sources_;
};

TEST_F(HttpSignalSourcesTest, PostsAQueryAsAFormWithTheToken) {
  answer_->body = R"({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}})";

  EXPECT_EQ(ask("metrics", "a{b=\"c\"} + 1&x=2")->value, 2);

  ASSERT_EQ(posts_.size(), 1u);
  EXPECT_EQ(posts_[0].url, "http://m/base/api/v1/query");
  EXPECT_EQ(posts_[0].body, "query=a%7Bb%3D%22c%22%7D%20%2B%201%26x%3D2&timeout=7s");
  EXPECT_EQ(posts_[0].type, "application/x-www-form-urlencoded");
  EXPECT_THAT(posts_[0].headers, ElementsAre("Authorization: Bearer t0ken"));
  EXPECT_EQ(limits_.all, 7s);
  EXPECT_EQ(limits_.most_bytes, kMostPrometheusBytes);
}

TEST_F(HttpSignalSourcesTest, PostsTheSubjectToAWebhookSigned) {
  EXPECT_EQ(ask("checks")->value, 1);

  ASSERT_EQ(posts_.size(), 1u);
  EXPECT_EQ(posts_[0].url, "http://c/x");
  EXPECT_EQ(posts_[0].body, R"({"rollout":3})");
  EXPECT_THAT(posts_[0].headers, ElementsAre(signature_line("hush", posts_[0].body, clock_.utc_now())));
  EXPECT_EQ(limits_.most_bytes, kMostWebhookBytes);
}

TEST_F(HttpSignalSourcesTest, TakesNoAnswerForAnythingButAnAnswer) {
  answer_ = error(Code::kUnavailable, "no answer: Timeout was reached");
  EXPECT_EQ(refusal("metrics"), "no answer: Timeout was reached");
  answer_ = CurlAnswer{.status = 400, .body = R"({"error": "parse error"})"};
  EXPECT_EQ(refusal("metrics"), "answered 400: parse error");
  EXPECT_EQ(refusal("checks"), "answered 400");
  answer_ = CurlAnswer{.status = 204, .body = R"({"value": 1})"};
  EXPECT_EQ(refusal("checks"), "answered 204");
  answer_ = CurlAnswer{.status = 302, .body = R"({"value": 1})"};
  EXPECT_EQ(refusal("checks"), "answered 302");
  answer_ = CurlAnswer{.status = 200, .body = R"({"value": 1})", .is_cut = true};
  EXPECT_THAT(refusal("checks"), HasSubstr("more than 65536 bytes"));
  EXPECT_THAT(refusal("gone"), HasSubstr("lists it no more"));
}

TEST_F(HttpSignalSourcesTest, CheckWhetherASpecMayAskThem) {
  EXPECT_TRUE(check("metrics", "up"));
  EXPECT_TRUE(check("checks", ""));
  EXPECT_EQ(check("metrics", "").error().message(), "'metrics' is a Prometheus: write a query");
  EXPECT_THAT(check("checks", "up").error().message(), HasSubstr("leave it out"));
  EXPECT_EQ(check("others", "up").error().message(),
            "this server has no signal source 'others'; it has checks, metrics");
  EXPECT_EQ(check("others", "up").error().code(), Code::kFailedPrecondition);
}

TEST_F(HttpSignalSourcesTest, OpenOnlyWithSecretsThatAreOne) {
  EXPECT_THAT(open({{"m", SourceKind::kPrometheus, "http://m", folder_ / "none"}}).error().message(),
              HasSubstr("signal source 'm'"));
  ASSERT_TRUE(write_file_atomically(folder_ / "two", "a\r\nX: y"));
  EXPECT_FALSE(open({{"m", SourceKind::kPrometheus, "http://m", folder_ / "two"}})) << "it would be a second header";
  EXPECT_TRUE(open({{"m", SourceKind::kPrometheus, "http://m", ""}}));
}

}  // namespace
}  // namespace modelyard::app
