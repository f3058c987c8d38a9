#include "app/server/taps.h"

#include <gtest/gtest.h>

#include "app/server/made_up_ended.h"

namespace modelyard::app {
namespace {

class CountingTap final : public serving::Tap {
 public:
  explicit CountingTap(std::uint64_t ticket) : ticket_(ticket) {}

  Status promise() override {
    ++promises;
    return ok();
  }
  std::uint64_t on_end(const serving::Ended&) override {
    ++ends;
    return ticket_;
  }
  void on_refused(const serving::Refused&) override { ++refusals; }
  int promises = 0, ends = 0, refusals = 0;

 private:
  const std::uint64_t ticket_;
};

TEST(Taps, TellAllAndLetTheKeeperAloneHoldAnAnswerBack) {
  CountingTap keeper(7), first(8), second(9);
  Taps taps(&keeper, {&first, &second});
  MadeUpEnded made_up;

  EXPECT_TRUE(taps.promise().has_value());
  EXPECT_EQ(taps.on_end(made_up.ended), 7u);
  taps.on_refused({});

  EXPECT_EQ(keeper.promises, 1);
  EXPECT_EQ(first.promises + second.promises, 0);
  EXPECT_EQ(keeper.ends, 1);
  EXPECT_EQ(first.ends, 1);
  EXPECT_EQ(second.ends, 1);
  EXPECT_EQ(keeper.refusals + first.refusals + second.refusals, 3);
}

TEST(Taps, PromiseNothingWithoutAKeeper) {
  CountingTap listener(8);
  Taps taps(nullptr, {&listener});
  MadeUpEnded made_up;

  EXPECT_EQ(taps.promise().error().code(), Code::kUnavailable);
  EXPECT_EQ(taps.on_end(made_up.ended), 0u);

  EXPECT_EQ(listener.promises, 0);
  EXPECT_EQ(listener.ends, 1);
}

}  // namespace
}  // namespace modelyard::app
