#include "serving/job_queue.h"

#include <gtest/gtest.h>

#include "backend/api/fake_backend.h"
#include "base/fake_clock.h"

namespace modelyard::serving {
namespace {

using lifecycle::EndpointSettings;
using std::chrono::microseconds;

class NumberedCall final : public Call {
 public:
  NumberedCall(int its_number, int priority, std::int64_t rows)
      : number(its_number), shape_{rows, 1}, values_(static_cast<std::size_t>(rows)) {
    request_.priority = priority;
    request_.inputs.push_back({"x", inference::DataType::kFp32, shape_, std::as_bytes(std::span(values_))});
  }
  inference::InferRequest& request() override { return request_; }
  std::size_t body_bytes() const override { return 0; }
  Protocol protocol() const override { return Protocol::kOpenInference; }
  bool cancelled() const override { return gone; }
  void answer(inference::InferResponse&) override {}
  void fail(const Error&) override {}

  const int number;
  bool gone = false;

 private:
  const inference::Shape shape_;
  const std::vector<float> values_;
  inference::InferRequest request_;
};

class JobQueueTest : public testing::Test {
 protected:
  JobQueueTest()
      : servable_(std::make_shared<lifecycle::Servable>(VersionRef{"m", 1}, loaded(), nullptr,
                                                        std::move(ledger_.reserve(0).value()))) {}
  static lifecycle::LoadedVersion loaded() {
    lifecycle::LoadedVersion loaded;
    loaded.signature = backend::FakeBackend::signature();
    return loaded;
  }
  static std::shared_ptr<EndpointSettings> settings(const char* text) {
    return std::make_shared<EndpointSettings>(*lifecycle::parse_scheduling(*parse_json(text)));
  }
  // The status of the push; the call stays reachable for cancelling.
  Status push(int number, const std::shared_ptr<EndpointSettings>& settings = nullptr, int priority = 0,
              std::int64_t rows = 1) {
    Job job;
    auto call = std::make_unique<NumberedCall>(number, priority, rows);
    job.rows = rows;
    last_ = call.get();
    job.call = CallPtr(call.release());
    job.call->request().wanted = {0};
    job.servable = servable_;
    job.settings = settings;
    job.queued_at = clock_.steady_now();
    return queue_.push(job, clock_.steady_now(), swept_);
  }
  static std::vector<int> numbers(const std::vector<Job>& jobs) {
    std::vector<int> numbers;
    for (const Job& job : jobs) numbers.push_back(static_cast<NumberedCall&>(*job.call).number);
    return numbers;
  }
  static std::vector<int> numbers(const std::vector<Finished>& finished) {
    std::vector<int> numbers;
    for (const Finished& one : finished) numbers.push_back(static_cast<NumberedCall&>(*one.job.call).number);
    return numbers;
  }
  // What runs now, and is done at once.
  std::vector<int> take(std::int64_t most_rows = 1) {
    taken_ = queue_.take(clock_.steady_now(), most_rows);
    const auto ran = numbers(taken_.jobs);
    if (!ran.empty()) {
      const auto settings = taken_.jobs.front().settings;
      queue_.done(settings.get(), taken_.ticket, {});
    }
    return ran;
  }
  using Numbers = std::vector<int>;

  FakeClock clock_;
  lifecycle::ResourceLedger ledger_{0};
  std::shared_ptr<lifecycle::Servable> servable_;
  JobQueue queue_{{.capacity = 4, .instances = 2}};
  std::vector<Finished> swept_;
  JobQueue::Taken taken_;
  NumberedCall* last_ = nullptr;
};

TEST_F(JobQueueTest, IsFirstInFirstOut) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(push(i).has_value());

  EXPECT_EQ(take(), Numbers{1});
  EXPECT_EQ(take(), Numbers{2});
  EXPECT_EQ(take(), Numbers{3});
  EXPECT_EQ(take(), Numbers{});
  EXPECT_TRUE(queue_.empty());
}

TEST_F(JobQueueTest, RunsTogetherWhatWaitsTogether) {
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(push(i).has_value());

  EXPECT_EQ(take(3), (Numbers{1, 2, 3}));
  EXPECT_EQ(take(3), Numbers{4});
}

TEST_F(JobQueueTest, TakesFromTheFrontWhatFits) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(push(i, nullptr, 0, i + 1).has_value());

  EXPECT_EQ(take(8), (Numbers{1, 2})) << "two and three rows; four more would be too many";
  EXPECT_EQ(take(3), Numbers{3}) << "larger than a shared run may be: alone";
}

TEST_F(JobQueueTest, LetsPriorityOneGoFirst) {
  ASSERT_TRUE(push(1).has_value());
  ASSERT_TRUE(push(2, nullptr, 1).has_value());

  EXPECT_EQ(take(), Numbers{2});
  EXPECT_EQ(take(), Numbers{1});
}

TEST_F(JobQueueTest, OrdersByLevelsAndFillsABatchFromTheNext) {
  const auto three = settings(R"({"priority_levels": 3, "default_priority_level": 2})");
  ASSERT_TRUE(push(1, three, 3).has_value());
  ASSERT_TRUE(push(2, three).has_value());
  ASSERT_TRUE(push(3, three, 1).has_value());

  EXPECT_EQ(take(2), (Numbers{3, 2}));
  EXPECT_EQ(take(2), Numbers{1});
}

TEST_F(JobQueueTest, RefusesWhatDoesNotFit) {
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(push(i).has_value());

  EXPECT_EQ(push(5).error().code(), Code::kUnavailable);
  EXPECT_TRUE(push(6, nullptr, 1).has_value()) << "a level of its own";
  const auto small = settings(R"({"queue_policy": {"max_queue_size": 1}})");
  EXPECT_TRUE(push(7, small).has_value());
  EXPECT_FALSE(push(8, small).has_value());
}

TEST_F(JobQueueTest, MakesRoomOfWhatNobodyWaitsFor) {
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(push(i).has_value());
    last_->gone = i == 3;
  }

  EXPECT_TRUE(push(5).has_value());

  EXPECT_EQ(numbers(swept_), Numbers{3});
  EXPECT_EQ(swept_[0].outputs.error().code(), Code::kCancelled);
  EXPECT_EQ(queue_.size(), 4u);
}

TEST_F(JobQueueTest, LooksThroughAFullLevelOnceAMillisecond) {
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(push(i).has_value());
  NumberedCall* const fourth = last_;
  EXPECT_FALSE(push(5).has_value());
  fourth->gone = true;

  EXPECT_FALSE(push(6).has_value());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(push(7).has_value());
}

TEST_F(JobQueueTest, DropsWhatIsCancelled) {
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(push(i).has_value());
    last_->gone = i % 2 == 0;
  }

  EXPECT_EQ(numbers(queue_.drop_cancelled()), (Numbers{2, 4}));

  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(take(8), (Numbers{1, 3}));
}

TEST_F(JobQueueTest, LeavesOutOfABatchWhatIsCancelled) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(push(i).has_value());
    last_->gone = i == 2;
  }

  EXPECT_EQ(take(8), (Numbers{1, 3}));

  EXPECT_EQ(numbers(taken_.dropped), Numbers{2});
  EXPECT_TRUE(queue_.empty());
}

TEST_F(JobQueueTest, WaitsForOthersNoLongerThanTheDelay) {
  const auto patient = settings(R"({"max_queue_delay_microseconds": 100})");
  ASSERT_TRUE(push(1, patient).has_value());

  EXPECT_EQ(take(4), Numbers{});
  EXPECT_EQ(taken_.look_again, clock_.steady_now() + microseconds(100));
  clock_.advance(microseconds(60));
  ASSERT_TRUE(push(2, patient).has_value());
  EXPECT_EQ(take(4), Numbers{});
  clock_.advance(microseconds(40));
  EXPECT_EQ(take(4), (Numbers{1, 2}));
  EXPECT_EQ(take(4), Numbers{}) << "nothing waits, so nothing falls due";
  EXPECT_FALSE(taken_.look_again.has_value());
}

TEST_F(JobQueueTest, DoesNotWaitWhenTheBatchIsFull) {
  const auto patient = settings(R"({"max_queue_delay_microseconds": 100, "max_batch_size": 2})");
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(push(i, patient).has_value());

  EXPECT_EQ(take(8), (Numbers{1, 2}));
  EXPECT_EQ(take(8), Numbers{});
}

TEST_F(JobQueueTest, DoesNotWaitForAModelThatCannotBatch) {
  const auto patient = settings(R"({"max_queue_delay_microseconds": 100, "max_batch_size": 8})");
  ASSERT_TRUE(push(1, patient).has_value());

  EXPECT_EQ(take(0), Numbers{1});
}

TEST_F(JobQueueTest, TakesTheLargestPreferredSize) {
  const auto choosy = settings(R"({"preferred_batch_size": [2, 3], "max_queue_delay_microseconds": 100})");
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(push(i, choosy).has_value());

  EXPECT_EQ(take(8), (Numbers{1, 2, 3}));
  EXPECT_EQ(take(8), Numbers{}) << "one is no preferred size";
  clock_.advance(microseconds(100));
  EXPECT_EQ(take(8), Numbers{4});
}

TEST_F(JobQueueTest, DropsWhatWaitedTooLong) {
  const auto hasty = settings(R"({"queue_policy": {"default_timeout_microseconds": 50}})");
  ASSERT_TRUE(push(1, hasty).has_value());
  clock_.advance(microseconds(30));
  ASSERT_TRUE(push(2, hasty).has_value());
  clock_.advance(microseconds(30));

  EXPECT_EQ(take(), Numbers{2});

  EXPECT_EQ(numbers(taken_.dropped), Numbers{1});
  EXPECT_EQ(taken_.dropped[0].outputs.error().code(), Code::kDeadlineExceeded);
}

TEST_F(JobQueueTest, MayLetThemGoLastInstead) {
  const auto lenient = settings(R"({"queue_policy": {"default_timeout_microseconds": 50, "timeout_action": "DELAY"}})");
  ASSERT_TRUE(push(1, lenient).has_value());
  clock_.advance(microseconds(60));
  ASSERT_TRUE(push(2, lenient).has_value());

  EXPECT_EQ(take(), Numbers{2});
  EXPECT_EQ(take(), Numbers{1});
}

TEST_F(JobQueueTest, LetsEndpointsTakeTurns) {
  const auto one = settings(R"({"max_in_flight": 100})"), other = settings(R"({"max_in_flight": 200})");
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(push(i, one).has_value());
  ASSERT_TRUE(push(11, other).has_value());

  EXPECT_EQ(take(), Numbers{1});
  EXPECT_EQ(take(), Numbers{11});
  EXPECT_EQ(take(), Numbers{2});
}

TEST_F(JobQueueTest, RunsAsManyAtOnceAsThereAreInstances) {
  const auto single = settings(R"({"instances": 1})");
  ASSERT_TRUE(push(1, single).has_value());
  ASSERT_TRUE(push(2, single).has_value());
  auto first = queue_.take(clock_.steady_now(), 1);
  ASSERT_EQ(numbers(first.jobs), Numbers{1});

  EXPECT_EQ(take(), Numbers{});
  queue_.done(single.get(), first.ticket, {});
  EXPECT_EQ(take(), Numbers{2});
  EXPECT_EQ(queue_.instances(), 2);
}

TEST_F(JobQueueTest, LetsAnswersLeaveInOrderWhenAsked) {
  const auto ordered = settings(R"({"preserve_ordering": true})");
  ASSERT_TRUE(push(1, ordered).has_value());
  ASSERT_TRUE(push(2, ordered).has_value());
  const auto finish = [&](JobQueue::Taken taken) {
    std::vector<Finished> finished;
    for (Job& job : taken.jobs) finished.push_back({std::move(job), std::vector<inference::Tensor>{}, {}});
    return numbers(queue_.done(ordered.get(), taken.ticket, std::move(finished)));
  };
  auto first = queue_.take(clock_.steady_now(), 1);
  auto second = queue_.take(clock_.steady_now(), 1);

  EXPECT_EQ(finish(std::move(second)), Numbers{});
  EXPECT_EQ(finish(std::move(first)), (Numbers{1, 2}));
}

}  // namespace
}  // namespace modelyard::serving
