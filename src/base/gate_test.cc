#include "base/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace modelyard {
namespace {

TEST(Gate, LetsNobodyInOnceClosed) {
  Gate gate;
  EXPECT_TRUE(gate.enter().has_value());

  gate.close();

  EXPECT_FALSE(gate.enter().has_value());
}

TEST(Gate, ClosesAtOnceWhenWorkHasLeftByAMovedPass) {
  Gate gate;
  {
    auto pass = gate.enter();
    ASSERT_TRUE(pass.has_value());
    const Gate::Pass moved = std::move(*pass);
  }

  gate.close();  // would wait for ever if the pass had not been given back
}

TEST(Gate, WaitsForTheWorkInside) {
  Gate gate;
  auto pass = gate.enter();
  std::atomic<bool> closed{false};

  std::jthread closer([&] {
    gate.close();
    closed = true;
  });
  while (gate.enter().has_value()) std::this_thread::yield();  // until close() has begun
  const bool closed_too_early = closed;
  pass.reset();
  closer.join();

  EXPECT_FALSE(closed_too_early);
  EXPECT_TRUE(closed);
}

TEST(Gate, HasNobodyInsideAfterClosingUnderLoad) {
  Gate gate;
  std::atomic<int> inside{0}, visits{0};
  std::vector<std::jthread> workers;

  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (const auto pass = gate.enter()) {
        ++inside;
        ++visits;
        --inside;
      }
    });
  }
  while (visits < 1000) std::this_thread::yield();
  gate.close();

  EXPECT_EQ(inside, 0);
}

}  // namespace
}  // namespace modelyard
