#include "edge/http/output_queue.h"

#include <gtest/gtest.h>

#include <array>

namespace modelyard::edge {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// What leaves the queue when a socket takes `step` bytes at a time.
std::string drain(OutputQueue& queue, std::size_t step, std::size_t parts_at_once = 8) {
  std::string out;
  while (!queue.empty()) {
    std::vector<iovec> parts(parts_at_once);
    const std::size_t count = queue.fill(parts);
    std::size_t room = step;
    for (std::size_t i = 0; i < count && room > 0; ++i) {
      const std::size_t taken = std::min(room, parts[i].iov_len);
      out.append(static_cast<const char*>(parts[i].iov_base), taken);
      room -= taken;
    }
    EXPECT_LT(room, step) << "nothing to send, and not empty";
    queue.sent(step - room);
  }
  return out;
}

TEST(OutputQueue, KeepsTheOrderHoweverLittleIsTaken) {
  const std::string first(300, 'a'), second(7, 'b');
  for (const std::size_t step : {1u, 2u, 5u, 64u, 1000u}) {
    OutputQueue queue;
    queue.text() += "head1:";
    queue.add_blob(bytes_of(first), nullptr);
    queue.add_blob(bytes_of(second), nullptr);
    queue.text() += "head2:";
    queue.add_blob({}, nullptr);
    queue.add_blob(bytes_of(second), nullptr);
    queue.text() += "end";
    EXPECT_EQ(queue.bytes(), 6 + 300 + 7 + 6 + 7 + 3u);

    EXPECT_EQ(drain(queue, step, 3), "head1:" + first + second + "head2:" + second + "end");
    EXPECT_EQ(queue.bytes(), 0u);
  }
}

TEST(OutputQueue, LetsGoOfABlobOnceItIsSent) {
  const std::string content(10, 'x');
  auto keep = std::make_shared<int>(1);
  OutputQueue queue;
  queue.add_blob(bytes_of(content), keep);
  queue.text() += "more";

  queue.sent(9);
  EXPECT_EQ(keep.use_count(), 2);
  queue.sent(1);
  EXPECT_EQ(keep.use_count(), 1);
  EXPECT_EQ(queue.bytes(), 4u);
}

TEST(OutputQueue, StaysInOrderWhenSentTextIsReclaimed) {
  const std::string blob = "<blob>";
  OutputQueue queue;
  queue.text() += std::string(300'000, 'a');
  queue.add_blob(bytes_of(blob), nullptr);
  queue.text() += "tail";

  queue.sent(299'999);
  queue.text() += "!";
  EXPECT_EQ(drain(queue, 3), "a<blob>tail!");
}

TEST(OutputQueue, HoldsNoMemoryAfterARest) {
  OutputQueue queue;
  queue.text() = std::string(10'000, 'x');
  queue.rest();
  EXPECT_EQ(queue.bytes(), 10'000u);  // not yet sent

  queue.sent(10'000);
  queue.rest();
  EXPECT_GE(queue.text().capacity(), 10'000u);  // used a moment ago, and perhaps soon again
  queue.rest();

  EXPECT_LT(queue.text().capacity(), 100u);
}

}  // namespace
}  // namespace modelyard::edge
