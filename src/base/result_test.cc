#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace modelyard {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return error(Code::kInvalidArgument, "{} is odd", number);
  return number / 2;
}

Result<int> quarter(int number) {
  MODELYARD_ASSIGN(const int once, half(number));
  MODELYARD_ASSIGN(const int twice, half(once));
  return twice;
}

Status all_even(std::initializer_list<int> numbers) {
  for (const int number : numbers) MODELYARD_TRY(half(number));
  return ok();
}

TEST(Result, HoldsAValue) {
  const Result<int> result = half(8);

  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, 4);
  EXPECT_EQ(result.value_or(9), 4);
}

TEST(Result, HoldsAnError) {
  const Result<int> result = half(7);

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(result.error().message(), "7 is odd");
  EXPECT_EQ(result.value_or(9), 9);
}

TEST(Result, GivesItsValueAway) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);

  const std::unique_ptr<int> taken = std::move(result).value();

  EXPECT_EQ(*taken, 3);
}

TEST(Result, AssignReturnsTheFirstError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().message(), "3 is odd");
  EXPECT_EQ(quarter(5).error().message(), "5 is odd");
}

TEST(Status, TryReturnsTheFirstError) {
  EXPECT_TRUE(all_even({}).has_value());
  EXPECT_TRUE(all_even({2, 4}).has_value());
  EXPECT_EQ(all_even({2, 3, 5}).error().message(), "3 is odd");
}

TEST(Error, PutsContextInFrontAndKeepsItsCode) {
  const Error error(Code::kNotFound, "no such file");

  const Error told = error.with_context("loading {} v{}", "fraud", 8);

  EXPECT_EQ(told.code(), Code::kNotFound);
  EXPECT_EQ(told.message(), "loading fraud v8: no such file");
}

TEST(Code, EachHasItsOwnName) {
  std::set<std::string_view> names;

  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    names.insert(code_name(static_cast<Code>(i)));
  }

  EXPECT_EQ(names.size(), 12u);
  EXPECT_EQ(code_name(Code::kResourceExhausted), "resource_exhausted");
}

TEST(ResultDeathTest, EndsTheProcessWhenTheWrongSideIsAsked) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");

  EXPECT_DEATH(half(1).value(), "value\\(\\) of a Result that holds an error");
  EXPECT_DEATH((void)half(2).error(), "error\\(\\) of a Result that holds a value");
  EXPECT_DEATH((void)ok().error(), "error\\(\\) of a Status that is ok");
}

}  // namespace
}  // namespace modelyard
