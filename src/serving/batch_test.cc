#include "serving/batch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "backend/api/fake_backend.h"
#include "base/fake_clock.h"

namespace modelyard::serving {
namespace {

using inference::DataType;
using inference::Tensor;
using inference::TensorView;

// A request of some rows of FP32; keeps what its views point into.
class RowsCall final : public Call {
 public:
  RowsCall(std::vector<float> values, inference::Shape shape) : values_(std::move(values)), shape_(std::move(shape)) {
    request_.inputs.push_back({"x", DataType::kFp32, shape_, std::as_bytes(std::span(values_))});
  }
  inference::InferRequest& request() override { return request_; }
  std::size_t body_bytes() const override { return 0; }
  Protocol protocol() const override { return Protocol::kOpenInference; }
  bool cancelled() const override { return gone; }
  void answer(inference::InferResponse&) override {}
  void fail(const Error&) override {}
  bool gone = false;

 private:
  const std::vector<float> values_;
  const inference::Shape shape_;
  inference::InferRequest request_;
};

Job job_of(std::vector<float> values, inference::Shape shape) {
  Job job;
  job.rows = shape.empty() ? 1 : shape.front();
  job.call = CallPtr(new RowsCall(std::move(values), std::move(shape)));
  job.call->request().wanted = {0};
  return job;
}

Tensor tensor_of(DataType type, inference::Shape shape, std::string_view bytes) {
  Tensor tensor{"y", type, std::move(shape), inference::Buffer::allocate(bytes.size())};
  if (!bytes.empty()) std::memcpy(tensor.buffer.bytes().data(), bytes.data(), bytes.size());
  return tensor;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<float> floats_of(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::vector<float> floats_of(const Tensor& tensor) {
  return floats_of(tensor.buffer.bytes());
}

TEST(SharedRuns, AreForRequestsOfOneKind) {
  const Job one = job_of({1, 2}, {1, 2});
  EXPECT_TRUE(can_share_run(one, job_of({1, 2, 3, 4}, {2, 2})));
  EXPECT_FALSE(can_share_run(one, job_of({1, 2, 3}, {1, 3})));
  EXPECT_FALSE(can_share_run(one, job_of({1, 2}, {1, 2, 1})));
  EXPECT_FALSE(can_share_run(one, job_of({}, {0, 2})));
  Job other = job_of({1, 2}, {1, 2});
  other.call->request().wanted = {0, 1};
  EXPECT_FALSE(can_share_run(one, other));
  Job renamed = job_of({1, 2}, {1, 2});
  renamed.call->request().inputs.front().name = "z";
  EXPECT_FALSE(can_share_run(one, renamed));
  Job retyped = job_of({1, 2}, {1, 2});
  retyped.call->request().inputs.front().type = DataType::kInt32;
  EXPECT_FALSE(can_share_run(one, retyped));
}

TEST(SharedRuns, ReturnWhatWasJoined) {
  std::mt19937 random(3);
  SpareOutputs spares;
  for (int round = 0; round < 200; ++round) {
    std::vector<Job> jobs;
    std::vector<std::int64_t> rows;
    std::vector<std::vector<float>> sent;
    const std::int64_t width = 1 + static_cast<std::int64_t>(random() % (round % 10 == 0 ? 3000 : 5));
    for (std::size_t i = 0; i < 2 + random() % 6; ++i) {
      rows.push_back(1 + static_cast<std::int64_t>(random() % 4));
      std::vector<float>& values = sent.emplace_back(static_cast<std::size_t>(rows.back() * width));
      for (float& value : values) value = static_cast<float>(random() % 1000);
      jobs.push_back(job_of(values, {rows.back(), width}));
    }

    const JoinedInputs joined(jobs);
    const TensorView& all = joined.views().front();
    EXPECT_EQ(all.bytes.size(), static_cast<std::size_t>(all.shape[0] * all.shape[1]) * sizeof(float));
    std::vector<Tensor> outputs;
    outputs.push_back(tensor_of(DataType::kFp32, {all.shape.begin(), all.shape.end()}, text_of(all.bytes)));
    auto split = split_outputs(outputs, rows, spares);

    ASSERT_TRUE(split.has_value());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ((*split)[i].front().shape, (inference::Shape{rows[i], width}));
      EXPECT_EQ(floats_of((*split)[i].front()), sent[i]);
    }
    for (auto& pieces : *split) spares.put(std::move(pieces));  // the next round writes into them
  }
}

TEST(SharedRuns, CutTextsBetweenTheirElements) {
  const std::string texts("\x01\0\0\0a\x02\0\0\0bc\0\0\0\0\x03\0\0\0def", 22);
  std::vector<Tensor> outputs;
  outputs.push_back(tensor_of(DataType::kBytes, {2, 2}, texts));
  SpareOutputs spares;
  const auto split = split_outputs(outputs, std::vector<std::int64_t>{1, 1}, spares);

  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(text_of((*split)[0].front().buffer.bytes()), texts.substr(0, 11));
  EXPECT_EQ(text_of((*split)[1].front().buffer.bytes()), texts.substr(11));
}

TEST(SharedRuns, RefuseOutputsWithOtherRows) {
  std::vector<Tensor> outputs;
  outputs.push_back(tensor_of(DataType::kFp32, {1}, "abcd"));
  SpareOutputs spares;
  EXPECT_FALSE(split_outputs(outputs, std::vector<std::int64_t>{1, 1}, spares).has_value());
}

// y = x, unless told otherwise.
class TestContext final : public backend::ExecutionContext {
 public:
  std::function<Status(std::span<const TensorView>)> check = [](auto) { return ok(); };
  std::vector<std::int64_t> runs;  // rows of each
  bool loses_a_row = false;

  Status run(std::span<const TensorView> inputs, std::span<const std::size_t>, std::vector<Tensor>& outputs) override {
    runs.push_back(inputs.front().shape.front());
    MODELYARD_TRY(check(inputs));
    inference::Shape shape(inputs.front().shape.begin(), inputs.front().shape.end());
    if (loses_a_row && shape.front() > 1) --shape.front();
    outputs.clear();
    outputs.push_back(tensor_of(DataType::kFp32, std::move(shape), text_of(inputs.front().bytes)));
    return ok();
  }
};

class BatchRunnerTest : public testing::Test {
 protected:
  BatchRunnerTest()
      : servable_(std::make_shared<lifecycle::Servable>(VersionRef{"m", 1}, loaded(), nullptr,
                                                        std::move(ledger_.reserve(0).value()))) {}
  static lifecycle::LoadedVersion loaded() {
    lifecycle::LoadedVersion loaded;
    loaded.signature = backend::FakeBackend::signature();
    loaded.most_batch_rows = 8;
    return loaded;
  }
  std::vector<Finished> run(std::vector<Job> jobs) {
    std::vector<Finished> finished;
    BatchRunner(*servable_, context_, clock_, spares_).run(jobs, finished);
    return finished;
  }
  static std::vector<Job> three_jobs() {
    std::vector<Job> jobs;
    for (const float value : {1.0F, 2.0F, 3.0F}) jobs.push_back(job_of({value}, {1}));
    return jobs;
  }

  FakeClock clock_;
  SpareOutputs spares_;
  lifecycle::ResourceLedger ledger_{0};
  TestContext context_;
  std::shared_ptr<lifecycle::Servable> servable_;
};

TEST_F(BatchRunnerTest, RunsTogetherAndCountsOneRun) {
  const auto finished = run(three_jobs());

  EXPECT_EQ(context_.runs, (std::vector<std::int64_t>{3}));
  int counted = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(floats_of(finished[i].outputs->front()), std::vector<float>{static_cast<float>(i + 1)});
    counted += finished[i].durations.run_rows > 0 ? 1 : 0;
  }
  EXPECT_EQ(counted, 1);
}

TEST_F(BatchRunnerTest, KeepsTheFaultOfOneRequestItsOwn) {
  context_.check = [](std::span<const TensorView> inputs) -> Status {
    for (const float value : floats_of(inputs.front().bytes)) {
      if (value == 2) return error(Code::kInvalidArgument, "two is wrong");
    }
    return ok();
  };
  const auto finished = run(three_jobs());

  EXPECT_EQ(context_.runs, (std::vector<std::int64_t>{3, 1, 1, 1}));
  EXPECT_TRUE(finished[0].outputs.has_value());
  EXPECT_EQ(finished[1].outputs.error().message(), "two is wrong");
  EXPECT_TRUE(finished[2].outputs.has_value());
  EXPECT_TRUE(servable_->batching().is_on());
}

TEST_F(BatchRunnerTest, BatchesNoMoreWhenRowsAreLost) {
  context_.loses_a_row = true;
  const auto finished = run(three_jobs());

  EXPECT_EQ(context_.runs, (std::vector<std::int64_t>{3, 1, 1, 1}));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(floats_of(finished[i].outputs->front()), std::vector<float>{static_cast<float>(i + 1)});
  }
  EXPECT_FALSE(servable_->batching().is_on());
}

TEST_F(BatchRunnerTest, DropsWhatNobodyWaitsFor) {
  auto jobs = three_jobs();
  for (Job& job : jobs) job.servable = servable_;
  static_cast<RowsCall&>(*jobs[0].call).gone = true;
  jobs[1].call->request().deadline = clock_.steady_now();

  EXPECT_EQ(reason_to_drop(jobs[0], clock_.steady_now())->code(), Code::kCancelled);
  EXPECT_EQ(reason_to_drop(jobs[1], clock_.steady_now())->code(), Code::kDeadlineExceeded);
  EXPECT_FALSE(reason_to_drop(jobs[2], clock_.steady_now()).has_value());
}

TEST_F(BatchRunnerTest, DropsWhatCannotBeInTime) {
  lifecycle::LoadedVersion slow = loaded();
  slow.cost = {true, std::chrono::milliseconds(10), std::chrono::nanoseconds(0)};
  Job job = job_of({1}, {1});
  job.servable = std::make_shared<lifecycle::Servable>(VersionRef{"m", 1}, std::move(slow), nullptr,
                                                       std::move(ledger_.reserve(0).value()));

  // A run may be twice as fast as the one that was measured, not more.
  job.call->request().deadline = clock_.steady_now() + std::chrono::milliseconds(4);
  EXPECT_EQ(reason_to_drop(job, clock_.steady_now())->code(), Code::kDeadlineExceeded);
  job.call->request().deadline = clock_.steady_now() + std::chrono::milliseconds(6);
  EXPECT_FALSE(reason_to_drop(job, clock_.steady_now()).has_value());
}

}  // namespace
}  // namespace modelyard::serving
