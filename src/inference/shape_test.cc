#include "inference/shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace modelyard::inference {
namespace {

TEST(Shape, CountsItsElements) {
  EXPECT_EQ(*element_count(Shape{}), 1);
  EXPECT_EQ(*element_count(Shape{7}), 7);
  EXPECT_EQ(*element_count(Shape{2, 3, 4}), 24);
  EXPECT_EQ(*element_count(Shape{2, 0, 4}), 0);
  EXPECT_EQ(*element_count(Shape{INT64_MAX}), INT64_MAX);
}

TEST(Shape, RefusesMoreElementsThanCanBeCounted) {
  EXPECT_EQ(element_count(Shape{INT64_MAX, 2}).error().message(),
            "shape [9223372036854775807,2] has too many elements");
  EXPECT_FALSE(element_count(Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}).has_value());
  EXPECT_TRUE(element_count(Shape{std::int64_t{1} << 31, std::int64_t{1} << 31}).has_value());
}

TEST(Shape, RefusesOverflowBesideAZeroWhereverItStands) {
  EXPECT_FALSE(element_count(Shape{0, INT64_MAX, 2}).has_value());
  EXPECT_FALSE(element_count(Shape{INT64_MAX, 2, 0}).has_value());
}

TEST(Shape, RefusesNegativeDimensions) {
  EXPECT_EQ(element_count(Shape{2, -1}).error().message(), "shape [2,-1] has a negative dimension");
  EXPECT_FALSE(element_count(Shape{0, INT64_MIN}).has_value());
}

__extension__ typedef unsigned __int128 Wide;

RC_GTEST_PROP(Shape, CountsAsWideArithmeticDoes, ()) {
  const auto shape = *rc::gen::container<Shape>(rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 24));
  Wide product = 1;
  for (const std::int64_t dimension : shape) {
    product = std::min(product * static_cast<Wide>(dimension), Wide{1} << 80);
  }

  const auto count = element_count(shape);

  RC_ASSERT(count.has_value() == (product <= static_cast<Wide>(INT64_MAX)));
  if (count) RC_ASSERT(static_cast<Wide>(*count) == product);
}

TEST(Shape, MatchesWhereTheDeclaredSizeIsAny) {
  EXPECT_TRUE(shape_matches(Shape{kAnySize, 4}, Shape{9, 4}));
  EXPECT_TRUE(shape_matches(Shape{kAnySize, 4}, Shape{0, 4}));
  EXPECT_TRUE(shape_matches(Shape{}, Shape{}));
  EXPECT_FALSE(shape_matches(Shape{kAnySize, 4}, Shape{9, 5}));
  EXPECT_FALSE(shape_matches(Shape{kAnySize, 4}, Shape{4}));
  EXPECT_FALSE(shape_matches(Shape{}, Shape{1}));
}

TEST(Shape, IsWrittenAsAList) {
  EXPECT_EQ(format_shape(Shape{}), "[]");
  EXPECT_EQ(format_shape(Shape{-1, 4}), "[-1,4]");
}

}  // namespace
}  // namespace modelyard::inference
