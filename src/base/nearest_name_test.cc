#include "base/nearest_name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace modelyard {
namespace {

const std::vector<std::string> kSettings{"listen", "log_level", "log_format", "loops", "data"};

TEST(NearestName, FindsAMisspeltWord) {
  EXPECT_EQ(nearest_name("lisen", kSettings), "listen");         // a letter lost
  EXPECT_EQ(nearest_name("listten", kSettings), "listen");       // a letter doubled
  EXPECT_EQ(nearest_name("lkg_level", kSettings), "log_level");  // a letter replaced
  EXPECT_EQ(nearest_name("lopos", kSettings), "loops");          // neighbours swapped
  EXPECT_EQ(nearest_name("log-fromat", kSettings), "log_format");
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("certificate", kSettings), std::nullopt);
  EXPECT_EQ(nearest_name("", kSettings), std::nullopt);
  EXPECT_EQ(nearest_name("listen", {}), std::nullopt);
}

TEST(NearestName, AllowsAThirdOfTheWord) {
  const std::vector<std::string> names{"abcdefghi"};

  EXPECT_EQ(nearest_name("abcdefxyz", names), "abcdefghi");
  EXPECT_EQ(nearest_name("abcdewxyz", names), std::nullopt);
}

TEST(NearestName, AllowsOneErrorInAShortWord) {
  const std::vector<std::string> names{"ab"};

  EXPECT_EQ(nearest_name("ac", names), "ab");
  EXPECT_EQ(nearest_name("cd", names), std::nullopt);
}

TEST(NearestName, PrefersTheNearestThenTheFirst) {
  const std::vector<std::string> names{"score_a", "score_b", "scores"};

  EXPECT_EQ(nearest_name("score", names), "scores");
  EXPECT_EQ(nearest_name("score_c", names), "score_a");
}

TEST(NearestName, DoesNotCompareVeryLongWords) {
  const std::string longest(256, 'a'), too_long(257, 'a');

  EXPECT_EQ(nearest_name(longest, std::vector{longest}), longest);
  EXPECT_EQ(nearest_name(too_long, std::vector{too_long}), std::nullopt);
}

RC_GTEST_PROP(NearestName, FindsAWordThatLostALetter, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::inRange('a', static_cast<char>('z' + 1)));
  const std::string name =
      *rc::gen::suchThat(letters, [](const std::string& s) { return s.size() > 1 && s.size() < 256; });
  std::string word = name;
  word.erase(*rc::gen::inRange<std::size_t>(0, word.size()), 1);

  RC_ASSERT(nearest_name(word, std::vector{name}) == name);
}

}  // namespace
}  // namespace modelyard
