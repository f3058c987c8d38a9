#include "security/access.h"

#include <gtest/gtest.h>

namespace modelyard::security {
namespace {

Caller caller(VerbSet verbs, const char* models) {
  return std::make_shared<const Grant>("key:ci", verbs, *ModelPattern::parse(models));
}

Code code_of(const Status& status) {
  return status ? Code::kInternal : status.error().code();
}

TEST(Decide, LetsNobodyInButThroughOpenDoors) {
  EXPECT_TRUE(decide(nullptr, Access::open()).has_value());
  for (const Access& access :
       {Access::server(Verb::kRead), Access::model(Verb::kInfer), Access::every_model(Verb::kAdmin), Access()}) {
    EXPECT_EQ(code_of(decide(nullptr, access, "m")), Code::kUnauthenticated);
  }
}

TEST(Decide, AsksForTheVerb) {
  const Caller reader = caller(Verb::kRead, "*");

  EXPECT_TRUE(decide(reader, Access::model(Verb::kRead), "m").has_value());
  EXPECT_TRUE(decide(reader, Access::model(Verb::kInfer | Verb::kRead), "m").has_value());
  const Status refused = decide(reader, Access::model(Verb::kInfer), "m");
  EXPECT_EQ(code_of(refused), Code::kPermissionDenied);
  EXPECT_EQ(refused.error().message(), "'key:ci' may not do this: it needs the verb infer, and has read");
}

TEST(Decide, AsksForTheModelOnceItsNameIsKnown) {
  const Caller fraud = caller(Verb::kInfer | Verb::kRead, "fraud-*,churn");

  EXPECT_TRUE(decide(fraud, Access::model(Verb::kInfer)).has_value());
  EXPECT_TRUE(decide(fraud, Access::model(Verb::kInfer), "fraud-de").has_value());
  EXPECT_TRUE(decide(fraud, Access::model(Verb::kInfer), "churn").has_value());
  EXPECT_EQ(code_of(decide(fraud, Access::model(Verb::kInfer), "credit")), Code::kPermissionDenied);
  EXPECT_TRUE(decide(fraud, Access::server(Verb::kRead)).has_value());
  EXPECT_EQ(code_of(decide(fraud, Access::every_model(Verb::kRead))), Code::kPermissionDenied);
}

TEST(Decide, ForgottenAccessMeansAdmin) {
  EXPECT_EQ(code_of(decide(caller(Verb::kDeploy, "*"), Access())), Code::kPermissionDenied);
  EXPECT_TRUE(decide(caller(Verb::kAdmin, "*"), Access()).has_value());
}

struct GlobCase {
  const char* glob;
  const char* text;
  bool fits;
};

TEST(ModelPattern, FitsNamesByStars) {
  for (const GlobCase& c :
       {GlobCase{"a", "a", true}, GlobCase{"a", "ab", false}, GlobCase{"*", "anything", true},
        GlobCase{"a*", "a", true}, GlobCase{"a*c", "abbc", true}, GlobCase{"a*c", "abcb", false},
        GlobCase{"*b*", "abc", true}, GlobCase{"a*b*c", "a-b-b-c", true}, GlobCase{"a*b*c", "a-c", false},
        GlobCase{"**", "x", true}, GlobCase{"a.c", "abc", false}}) {
    EXPECT_EQ(ModelPattern::parse(c.glob)->fits(c.text), c.fits) << c.glob << " " << c.text;
  }
}

TEST(ModelPattern, RefusesWhatIsNoListOfNames) {
  for (const char* text : {"", ",", "a,", "a b", "a/b", "é", "[a]"}) {
    EXPECT_FALSE(ModelPattern::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(ModelPattern::parse(std::string(1001, 'a')).has_value());
}

TEST(ModelPattern, TakesNoLongTimeForManyStars) {
  const auto pattern = ModelPattern::parse(std::string(100, 'a') + std::string(300, '*') + "b");

  EXPECT_FALSE(pattern->fits(std::string(128, 'a')));
}

}  // namespace
}  // namespace modelyard::security
