#include "control/rollouts/layer_slices.h"

#include <gtest/gtest.h>

namespace modelyard::control {
namespace {

std::string refusal(int from, int to, const rollout::RequestKey& sticky = {}) {
  const std::vector<TakenSlice> taken = {{8, "carts", {"shop", 5'000, 7'525}, {}},
                                         {7, "prices", {"shop", 0, 2'000}, {}}};
  const Status checked = check_slice(taken, {"shop", from, to}, sticky);
  return checked ? "" : checked.error().message();
}

TEST(LayerSlices, MayTouchAndNotOverlap) {
  EXPECT_EQ(refusal(2'000, 5'000), "");
  EXPECT_EQ(refusal(7'525, 10'000), "");
  EXPECT_EQ(refusal(1'999, 5'000),
            "layer 'shop': rollout 7 of endpoint 'prices' has 0 to 20 %; free is 20 to 50 %, 75.25 to 100 %");
  EXPECT_EQ(refusal(2'000, 5'001),
            "layer 'shop': rollout 8 of endpoint 'carts' has 50 to 75.25 %; free is 20 to 50 %, 75.25 to 100 %");
}

TEST(LayerSlices, OfUnitsThatAreOthersKeepNobodyApart) {
  EXPECT_EQ(refusal(2'000, 5'000, *rollout::parse_request_key("principal")),
            "layer 'shop': rollout 8 of endpoint 'carts' tells units apart by header:Modelyard-Unit, not by principal, "
            "so that nothing keeps them from being in both; use another layer, or the same sticky key");
}

TEST(LayerSlices, SayWhenNothingIsFree) {
  const Status checked = check_slice(std::vector<TakenSlice>{{7, "prices", {"shop", 0, rollout::kWhole}, {}}},
                                     {"shop", 0, 1}, rollout::RequestKey());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message(), "layer 'shop': rollout 7 of endpoint 'prices' has 0 to 100 %; nothing is free");
}

}  // namespace
}  // namespace modelyard::control
