#include <gtest/gtest.h>

#include <string>

#include "edge/http/router.h"
#include "edge/http/target.h"

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
  RouterTest() : router_(1000) {
    for (const char* pattern : {"/v2/models/{model}", "/v2/models/stats", "/v1/models/{model}:predict",
                                "/v1/models/{model}/versions/{version}:predict", "/"}) {
      router_.add(Method::kGet, pattern, [](Exchange&) {});
    }
    router_.add(Method::kPost, "/v2/models/{model}", [](Exchange&) {}, BodyNeed::kRequired);
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
  EXPECT_EQ(route(Method::kGet, "/v3"), "404");
  EXPECT_EQ(route(Method::kGet, "/v2/models//"), "404");
  EXPECT_EQ(route(Method::kGet, "/v1/models/:predict"), "404");
  EXPECT_EQ(route(Method::kGet, "/../etc"), "400");
}

TEST_F(RouterTest, AsksTheHeadCheckBeforeAnyBody) {
  router_.set_head_check([](const Request& request) -> std::optional<Response> {
    if (request.header("authorization")) return std::nullopt;
    return error_response(401, "no");
  });

  EXPECT_EQ(route(Method::kGet, "/v2/models/fraud"), "401");
  EXPECT_EQ(route(Method::kGet, "/v3"), "404");
}

TEST_F(RouterTest, ListsWhatWasAdded) {
  EXPECT_EQ(router_.routes().front(), "GET /v2/models/{model}");
  EXPECT_EQ(router_.routes().size(), 6u);
}

}  // namespace
}  // namespace modelyard::edge
