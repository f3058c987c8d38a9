#include "monitoring/profile/table_profiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::monitoring {
namespace {

using inference::DataType;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

inference::Signature signature() {
  inference::Signature signature;
  signature.batched = true;
  signature.inputs.push_back({"x", DataType::kFp32, {-1, 2}, false, {"age", "income"}});
  signature.inputs.push_back({"country", DataType::kBytes, {-1, 1}});
  signature.outputs.push_back({"score", DataType::kFp32, {-1, 2}});
  return signature;
}

Result<WindowProfile> profile_of(std::string_view text, std::size_t piece = 1u << 20) {
  TableProfiler profiler(signature());
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    MODELYARD_TRY(profiler.add(text.substr(0, piece)));
  }
  return profiler.finish();
}

constexpr std::string_view kTable =
    "id,age,country,score[1],label\n1,30,de,0.5,1\n2,,\"f,r\",0.25,0\n3,50,\"a\n\"\"b\"\"\",0.75,1\n";

TEST(TableProfiler, KeepsTheColumnsThatTheModelHas) {
  const auto profile = profile_of(kTable);

  ASSERT_TRUE(profile) << profile.error().message();
  EXPECT_THAT(profile->features, UnorderedElementsAre(Key("age"), Key("country"), Key("score[1]")));
  EXPECT_EQ(profile->rows, 3u);
  EXPECT_EQ(profile->features.at("age").moments().mean(), 40);
  EXPECT_EQ(profile->features.at("age").missing(), 1u);
  EXPECT_EQ(profile->features.at("country").categories().count_of("a\n\"b\""), 1u);
  EXPECT_EQ(profile->features.at("score[1]").quantiles().largest(), 0.75);
}

TEST(TableProfiler, DoesNotMindWhereAPieceEnds) {
  const Json whole = to_json(*profile_of(kTable));
  for (std::size_t piece = 1; piece < kTable.size(); ++piece) {
    const auto profile = profile_of(kTable, piece);
    ASSERT_TRUE(profile) << piece << ": " << profile.error().message();
    EXPECT_EQ(to_json(*profile), whole) << piece;
  }
}

TEST(TableProfiler, TakesAQuoteWithinAFieldAsItIs) {
  constexpr std::string_view kText = "country,age\na\"b,1\nc\",2\n\"d\n\"\"\",3\n";
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 100u}) {
    const auto profile = profile_of(kText, piece);
    ASSERT_TRUE(profile) << piece << ": " << profile.error().message();
    EXPECT_EQ(profile->rows, 3u);
    EXPECT_EQ(profile->features.at("country").categories().count_of("a\"b"), 1u);
    EXPECT_EQ(profile->features.at("country").categories().count_of("d\n\""), 1u);
  }
}

TEST(TableProfiler, ReadsALastLineWithoutAnEnd) {
  EXPECT_EQ(profile_of("age\r\n1\r\n2")->rows, 2u);
  EXPECT_EQ(profile_of("\xEF\xBB\xBF"
                       "age\n1\n")
                ->rows,
            1u);
}

TEST(TableProfiler, RefusesWhatItCannotRead) {
  const auto refusal = [](std::string_view text) {
    const auto profile = profile_of(text);
    return profile ? "read" : profile.error().message();
  };
  EXPECT_THAT(refusal("a,b\n1,2\n"), HasSubstr("no column is an input or output of the model: it has age, income"));
  EXPECT_THAT(refusal("age\nyoung\n"), HasSubstr("line 2, column 'age': 'young' is no number"));
  EXPECT_THAT(refusal("age,income\n1,2\n3\n"), HasSubstr("line 3: 1 fields"));
  EXPECT_THAT(refusal("age,age\n1,2\n"), HasSubstr("comes twice"));
  EXPECT_THAT(refusal("age\n"), HasSubstr("no rows"));
  EXPECT_THAT(refusal(""), HasSubstr("no rows"));
  EXPECT_THAT(refusal("age\n" + std::string(TableProfiler::kMostLine + 1, '1')), HasSubstr("longer than"));
  EXPECT_THAT(refusal("age\n\"1\n"), HasSubstr("quote is not closed"));
}

}  // namespace
}  // namespace modelyard::monitoring
