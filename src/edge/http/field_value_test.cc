#include "edge/http/field_value.h"

#include <gtest/gtest.h>

namespace modelyard::edge {
namespace {

TEST(FieldValue, TakesTheItemsOfAList) {
  std::string_view list = " a ,, b\t";

  EXPECT_EQ(take_item(list, ','), "a");
  EXPECT_EQ(take_item(list, ','), "");
  EXPECT_EQ(take_item(list, ','), "b");
  EXPECT_EQ(list, "");
}

TEST(FieldValue, KnowsHowMuchAClientLikesWhatItNames) {
  EXPECT_EQ(accepted_quality("br, GZIP", "gzip"), 1);
  EXPECT_EQ(accepted_quality("text/plain;q=0.5", "text/plain"), 0.5);
  EXPECT_EQ(accepted_quality("text/plain; version=0.0.4; Q=0.25, */*", "text/plain"), 0.25);
  EXPECT_EQ(accepted_quality("gzip;q=0", "gzip"), 0);
  EXPECT_EQ(accepted_quality("gzip;q=much", "gzip"), 0);
  EXPECT_EQ(accepted_quality("x-gzip", "gzip"), 0) << "another name that ends so";
  EXPECT_EQ(accepted_quality("", "gzip"), 0);
}

}  // namespace
}  // namespace modelyard::edge
