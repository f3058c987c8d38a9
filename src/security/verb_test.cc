#include "security/verb.h"

#include <gtest/gtest.h>

namespace modelyard::security {
namespace {

TEST(VerbSet, IsWrittenAndReadTheSameWay) {
  const auto set = VerbSet::parse("deploy,infer");

  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->text(), "infer,deploy");
  EXPECT_TRUE(set->has(Verb::kInfer));
  EXPECT_FALSE(set->has(Verb::kRead));
}

TEST(VerbSet, AdminHoldsEveryVerb) {
  for (int i = 0; i < kVerbs; ++i) EXPECT_TRUE(VerbSet(Verb::kAdmin).has(static_cast<Verb>(i)));
  EXPECT_EQ(VerbSet(Verb::kAdmin).text(), "admin");
}

TEST(VerbSet, HoldsAnyOfSeveral) {
  EXPECT_TRUE(VerbSet(Verb::kRead).has_any(Verb::kInfer | Verb::kRead));
  EXPECT_FALSE(VerbSet(Verb::kPublish).has_any(Verb::kInfer | Verb::kRead));
  EXPECT_FALSE(VerbSet(Verb::kAdmin).has_any({}));
}

TEST(VerbSet, SaysWhichVerbIsUnknownAndWhichIsNear) {
  for (const char* text : {"", "infer,", "write", "Infer"}) EXPECT_FALSE(VerbSet::parse(text).has_value()) << text;
  const auto set = VerbSet::parse("infer,raed");
  ASSERT_FALSE(set.has_value());
  EXPECT_NE(set.error().message().find("unknown verb 'raed'; did you mean 'read'?"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::security
