#include "serving/call.h"

#include <gtest/gtest.h>

#include "serving/spare_lists.h"

namespace modelyard::serving {
namespace {

// Keeps a list in the memory that it was made in, and counts its kind.
class ListCall final : public Call {
 public:
  ListCall(std::pmr::vector<int> list, int& alive) : list_(std::move(list)), alive_(alive) { ++alive_; }
  ~ListCall() override { --alive_; }
  inference::InferRequest& request() override { return request_; }
  std::size_t body_bytes() const override { return list_.size(); }
  Protocol protocol() const override { return Protocol::kOpenInference; }
  bool cancelled() const override { return false; }
  void answer(inference::InferResponse&) override {}
  void fail(const Error&) override {}

 private:
  std::pmr::vector<int> list_;
  int& alive_;
  inference::InferRequest request_;
};

TEST(CallMaker, MakesACallInABlockThatTheNextOneUsesAgain) {
  CallBlocks blocks;
  int alive = 0;
  const void* places[2];

  for (const void*& place : places) {
    CallMaker maker(blocks);
    std::pmr::vector<int> list({1, 2, 3}, maker.memory());
    const CallPtr call = maker.make<ListCall>(std::move(list), alive);
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(call->body_bytes(), 3u);
    place = call.get();
  }

  EXPECT_EQ(alive, 0);
  EXPECT_EQ(places[0], places[1]);
}

TEST(CallMaker, TakesTheHeapForWhatDoesNotFit) {
  CallBlocks blocks;
  int alive = 0;
  CallMaker maker(blocks);
  std::pmr::vector<int> list(100'000, 7, maker.memory());

  const CallPtr call = maker.make<ListCall>(std::move(list), alive);

  EXPECT_EQ(call->body_bytes(), 100'000u);
}

TEST(CallMaker, GivesTheBlockBackOfACallThatWasNotMade) {
  CallBlocks blocks;
  const void* first = nullptr;
  {
    CallMaker maker(blocks);
    first = maker.memory();
  }

  EXPECT_EQ(CallMaker(blocks).memory(), first);
}

TEST(SpareOutputs, KeepTensorsWhoseMemoryIsOursAndSmall) {
  const auto outputs = [](inference::Buffer buffer) {
    std::vector<inference::Tensor> list;
    list.push_back({"y", inference::DataType::kUint8, {1}, std::move(buffer)});
    return list;
  };
  SpareOutputs spares;
  std::byte elsewhere{};

  spares.put(outputs(inference::Buffer::adopt({&elsewhere, 1}, [] {})));
  spares.put(outputs(inference::Buffer::allocate(1 << 20)));
  EXPECT_TRUE(spares.take().empty());
  spares.put(outputs(inference::Buffer::allocate(100)));

  const auto kept = spares.take();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept.front().buffer.capacity(), 100u);
}

}  // namespace
}  // namespace modelyard::serving
