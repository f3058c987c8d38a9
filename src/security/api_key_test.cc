#include "security/api_key.h"

#include <gtest/gtest.h>

#include <set>

namespace modelyard::security {
namespace {

TEST(ApiKey, NamesItselfAndIsKnownByItsHash) {
  const ApiKey key = make_api_key();

  EXPECT_EQ(*parse_api_key(key.text), key.id);
  EXPECT_TRUE(is_key(key.text, key.hash));
  EXPECT_EQ(sha256(key.text), key.hash);
}

TEST(ApiKey, IsNeverTheSameTwice) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.insert(make_api_key().text);
  EXPECT_EQ(texts.size(), 100u);
}

TEST(ApiKey, WithOneDifferentCharacterIsAnother) {
  const ApiKey key = make_api_key();

  for (std::size_t i = 0; i < key.text.size(); ++i) {
    std::string other = key.text;
    other[i] = other[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(is_key(other, key.hash));
  }
}

TEST(ApiKey, OfAnotherFormIsRefused) {
  const std::string good = make_api_key().text;

  for (const std::string& text :
       {std::string(), std::string("mdy_"), good + "A", good.substr(1), good.substr(0, good.size() - 1),
        "MDY_" + good.substr(4), good.substr(0, 12) + "-" + good.substr(13), good.substr(0, good.size() - 1) + "="}) {
    EXPECT_FALSE(parse_api_key(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace modelyard::security
