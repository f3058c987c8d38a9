#include <gtest/gtest.h>

#include <array>
#include <string>

#include "edge/http/router.h"
#include "edge/http/target.h"

#include "base/fake_clock.h"
#include "security/api_key.h"

namespace modelyard::edge {
namespace {

std::string decoded(std::string_view path) {
  std::string scratch;
  const auto result = decode_path(path, scratch);
  return result ? std::string(*result) : "(refused)";
}

TEST(Target, UndoesEscapesOnce) {
  EXPECT_EQ(decoded("/a%20b"), "/a b");
  EXPECT_EQ(decoded("/a%2520b"), "/a%20b");
  EXPECT_EQ(decoded("/a+b"), "/a+b");
}

TEST(Target, RefusesWhatLeavesAFolderOrHidesASlash) {
  for (const char* path :
       {"/a/../b", "/..", "/./a", "/%2e%2e/a", "/a/%2E%2e", "/a%2fb", "/a%00b", "/a%", "/a%2", "/a%zz"}) {
    EXPECT_EQ(decoded(path), "(refused)") << path;
  }
}

TEST(Target, DropsTheAuthorityOfAbsoluteForm) {
  EXPECT_EQ(split_target("http://host:80/a?b=c")->path, "/a");
  EXPECT_EQ(split_target("http://host")->path, "/");
  EXPECT_EQ(split_target("/a?b=c")->query, "b=c");
  EXPECT_FALSE(split_target("*").has_value());
}

TEST(Target, ReadsQueryFields) {
  const auto fields = parse_query("a=1&b=x+y%26z&&c");

  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(*fields, (QueryFields{{"a", "1"}, {"b", "x y&z"}, {"c", ""}}));
  EXPECT_FALSE(parse_query("a=1&a=2").has_value());
  EXPECT_FALSE(parse_query("a=%zz").has_value());
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() : router_(guard_, 1000) {
    for (const char* pattern : {"/v2/models/{model}", "/v2/models/stats", "/v1/models/{model}:predict",
                                "/v1/models/{model}/versions/{version}:predict", "/"}) {
      router_.add(Method::kGet, pattern, Access::open(), [](Exchange&) {});
    }
    router_.add(Method::kPost, "/v2/models/{model}", Access::open(), [](Exchange&) {}, BodyNeed::kRequired);
    router_.add(Method::kPost, "/v2/models/{model}:restore", Access::open(), [](Exchange&) {});
  }
  // "a,b" for its parameters, or the status it is refused with.
  std::string route(Method method, std::string_view target) {
    Request request;
    request.method = method;
    request.target = target;
    std::string scratch;
    BodyPolicy policy = router_.on_head(request, scratch);
    if (const auto* refused = std::get_if<Response>(&policy)) return std::to_string(refused->status) + refused->headers;
    std::string text;
    for (const std::string_view parameter : request.parameters) text.append(parameter).append(",");
    return text;
  }

  FakeClock clock_;
  security::Guard guard_{{}, clock_};
  Router router_;
};

TEST_F(RouterTest, FindsRoutesByTheirSegments) {
  EXPECT_EQ(route(Method::kGet, "/v2/models/fraud"), "fraud,");
  EXPECT_EQ(route(Method::kGet, "/v2/models/fraud/"), "fraud,");
  EXPECT_EQ(route(Method::kGet, "/v2/models/a%20b"), "a b,");
  EXPECT_EQ(route(Method::kGet, "/v1/models/fraud:predict"), "fraud,");
  EXPECT_EQ(route(Method::kGet, "/v1/models/fraud/versions/3:predict"), "fraud,3,");
  EXPECT_EQ(route(Method::kGet, "/"), "");
}

TEST_F(RouterTest, PrefersLiteralsToParameters) {
  EXPECT_EQ(route(Method::kGet, "/v2/models/stats"), "");
}

TEST_F(RouterTest, ServesHeadByGet) {
  EXPECT_EQ(route(Method::kHead, "/v2/models/fraud"), "fraud,");
}

TEST_F(RouterTest, SaysWhichMethodsAPathHas) {
  EXPECT_EQ(route(Method::kDelete, "/v2/models/fraud"), "405Allow: GET, HEAD, POST\r\n");
  EXPECT_EQ(route(Method::kGet, "/v2/models/fraud:restore"), "405Allow: POST\r\n") << "a model's GET is none of a verb";
  EXPECT_EQ(route(Method::kGet, "/v3"), "404");
  EXPECT_EQ(route(Method::kGet, "/v2/models//"), "404");
  EXPECT_EQ(route(Method::kGet, "/v1/models/:predict"), "404");
  EXPECT_EQ(route(Method::kGet, "/../etc"), "400");
}

TEST_F(RouterTest, AsksWhoCallsBeforeAnyBody) {
  security::Guard guard({true, {}, 1}, clock_);
  const security::ApiKey key = security::make_api_key();
  guard.replace_keys(
      {{key.id, key.hash,
        std::make_shared<const security::Grant>("key:ci", Verb::kRead, *security::ModelPattern::parse("fraud*"))}});
  Router router(guard, 1000);
  const auto answer = [](Exchange&) {};
  router.add(Method::kGet, "/live", Access::open(), answer);
  router.add(Method::kGet, "/m/{model}", Access::model(Verb::kRead), answer);
  router.add(Method::kPost, "/m/{model}", Access::model(Verb::kInfer), answer);
  router.set_refusal_form("/m/churn", [](int, std::string_view why) { return error_response(418, why); });
  const std::string shown = "Bearer " + key.text;
  const auto status = [&](Method method, std::string_view target, std::string_view authorization) {
    const std::array<HeaderLine, 1> lines{{{"Authorization", authorization}}};
    Request request;
    request.method = method;
    request.target = target;
    request.headers = std::span(lines).first(authorization.empty() ? 0 : 1);
    std::string scratch;
    const BodyPolicy policy = router.on_head(request, scratch);
    const auto* refused = std::get_if<Response>(&policy);
    return refused ? refused->status : 200;
  };

  EXPECT_EQ(status(Method::kGet, "/live", ""), 200);
  EXPECT_EQ(status(Method::kGet, "/m/fraud", ""), 401);
  EXPECT_EQ(status(Method::kGet, "/m/fraud", "Bearer wrong"), 401);
  EXPECT_EQ(status(Method::kGet, "/m/fraud", shown), 200);
  EXPECT_EQ(status(Method::kPost, "/m/fraud", shown), 403) << "another verb";
  EXPECT_EQ(status(Method::kGet, "/m/credit", shown), 403) << "another model";
  EXPECT_EQ(status(Method::kGet, "/m/%63redit", shown), 403) << "the same, escaped";
  EXPECT_EQ(status(Method::kGet, "/m/churn", shown), 418) << "in the form of its path";
  EXPECT_EQ(status(Method::kGet, "/unknown", ""), 404);
}

TEST_F(RouterTest, ListsWhatWasAdded) {
  EXPECT_EQ(router_.routes().front(), "GET /v2/models/{model}");
  EXPECT_EQ(router_.routes().size(), 7u);
}

}  // namespace
}  // namespace modelyard::edge
