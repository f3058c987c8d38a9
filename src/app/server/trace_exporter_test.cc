#include "app/server/trace_exporter.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "app/server/made_up_ended.h"
#include "base/unique_fd.h"
#include "edge/codec/protobuf/wire.h"
#include "edge/http/content_encoding.h"

namespace modelyard::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

PostAnswer answer_of(int status, std::string body = {}) {
  return {status, std::nullopt, std::move(body)};
}

// How many spans there are in a request.
std::uint64_t spans_in(std::string_view compressed) {
  const auto request = edge::inflate(edge::Coding::kGzip, compressed, 1u << 24);
  std::uint64_t spans = 0;
  for (edge::WireReader reader(*request); reader.next();) {
    for (edge::WireReader resource(reader.bytes()); resource.next();) {
      if (resource.field() != 2) continue;
      for (edge::WireReader scope(resource.bytes()); scope.next();) spans += scope.field() == 2 ? 1 : 0;
    }
  }
  return spans;
}

// A collector that answers what the test says, and remembers what it was sent.
class Collector {
 public:
  Result<PostAnswer> take(std::string_view request) {
    MutexLock lock(mutex_);
    posts_.push_back(spans_in(request));
    posted_.notify_all();
    if (answers_.empty()) return answer_of(200);
    Result<PostAnswer> answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  void answer_next(Result<PostAnswer> answer) {
    MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  std::vector<std::uint64_t> wait_for_posts(std::size_t count) {
    MutexLock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (posts_.size() < count && std::chrono::steady_clock::now() < end) posted_.wait_for(mutex_, kPatience);
    posts_.resize(std::max(count, posts_.size()));  // what did not come is a post of nothing
    return posts_;
  }

 private:
  Mutex mutex_;
  CondVar posted_;
  std::vector<std::uint64_t> posts_ MODELYARD_GUARDED_BY(mutex_);
  std::deque<Result<PostAnswer>> answers_ MODELYARD_GUARDED_BY(mutex_);
};

class TraceExporterTest : public testing::Test {
 protected:
  TraceExporterTest() {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0);
    reading_ = UniqueFd(ends_[0]);
    writing_ = UniqueFd(ends_[1]);
    log_.emplace(writing_.get(), telemetry::LogFormat::kText, telemetry::Level::kInfo, system_clock());
  }

  void start(std::chrono::milliseconds gathering = 1ms, std::chrono::milliseconds first_wait = 1ms) {
    TraceExporterOptions options;
    options.share = 1;
    options.gathering = gathering;
    options.first_wait = first_wait;
    exporter_.emplace(
        options, [this](std::string_view request, const auto&) { return collector_.take(request); }, *log_, random_);
  }
  void end(int requests) {
    for (int i = 0; i < requests; ++i) exporter_->tap(0).on_end(made_up_.ended);
  }
  TraceTotals stop() {
    exporter_->stop();
    return exporter_->totals();
  }
  // How often the log has this line.
  int logged(std::string_view message) {
    std::array<char, 65536> room;
    const ssize_t got = ::read(reading_.get(), room.data(), room.size());
    if (got > 0) text_.append(room.data(), static_cast<std::size_t>(got));
    int times = 0;
    for (auto at = text_.find(message); at != std::string::npos; at = text_.find(message, at + 1)) ++times;
    return times;
  }

  int ends_[2] = {-1, -1};
  UniqueFd reading_, writing_;
  std::string text_;
  MadeUpEnded made_up_;
  SeededRandom random_{1};
  Collector collector_;
  std::optional<telemetry::Log> log_;
  std::optional<TraceExporter> exporter_;
};

TEST_F(TraceExporterTest, SendsWhatHasGatheredWhenItStops) {
  start(1h);
  end(2);

  const TraceTotals totals = stop();

  EXPECT_EQ(collector_.wait_for_posts(1), std::vector<std::uint64_t>{8});
  EXPECT_EQ(totals.exported, 8u);
  EXPECT_EQ(totals.dropped + totals.failed, 0u);
  EXPECT_EQ(logged("spans"), 0);
}

TEST_F(TraceExporterTest, SendsBatchesOfAtMost512AndDoesNotWaitForTheClockWhenThereAreMany) {
  start(1h);
  end(200);

  EXPECT_EQ(collector_.wait_for_posts(1)[0], TraceExporter::kBatchSpans);
  EXPECT_EQ(stop().exported, 800u);
}

TEST_F(TraceExporterTest, TriesAgainWhenItIsAskedToOrNobodyIsThere) {
  collector_.answer_next(answer_of(503));
  collector_.answer_next(error(Code::kUnavailable, "connection refused"));
  collector_.answer_next(answer_of(429));
  start();
  end(1);

  EXPECT_EQ(collector_.wait_for_posts(4), (std::vector<std::uint64_t>{4, 4, 4, 4}));
  const TraceTotals totals = stop();
  EXPECT_EQ(totals.exported, 4u);
  EXPECT_EQ(totals.failed, 0u);
  EXPECT_EQ(logged("spans are not taken"), 1);
  EXPECT_EQ(logged("spans are taken again"), 1);
}

TEST_F(TraceExporterTest, GivesABatchUpAfterSomeAttemptsAndCountsIt) {
  for (int i = 0; i < TraceExporter::kAttempts; ++i) collector_.answer_next(answer_of(502));
  start();
  end(1);
  collector_.wait_for_posts(TraceExporter::kAttempts);
  end(1);

  collector_.wait_for_posts(TraceExporter::kAttempts + 1);

  const TraceTotals totals = stop();
  EXPECT_EQ(totals.failed, 4u);
  EXPECT_EQ(totals.exported, 4u);
  EXPECT_EQ(logged("spans are not taken"), 1);
}

TEST_F(TraceExporterTest, DoesNotTryAgainWhatIsRefusedForGood) {
  collector_.answer_next(answer_of(400));
  start();
  end(1);
  collector_.wait_for_posts(1);

  const TraceTotals totals = stop();

  EXPECT_EQ(totals.failed, 4u);
  EXPECT_EQ(collector_.wait_for_posts(1).size(), 1u);
}

TEST_F(TraceExporterTest, CountsWhatTheCollectorRefusesOfABatch) {
  std::string partial, response;
  edge::append_number(partial, 1, 3);
  edge::append_bytes(response, 1, partial);
  collector_.answer_next(answer_of(200, response));
  start();
  end(1);
  collector_.wait_for_posts(1);

  const TraceTotals totals = stop();

  EXPECT_EQ(totals.failed, 3u);
  EXPECT_EQ(totals.exported, 1u);
  EXPECT_EQ(logged("the collector refuses some spans"), 1);
}

TEST_F(TraceExporterTest, DoesNotWaitForACollectorWhenItStops) {
  for (int i = 0; i < TraceExporter::kAttempts; ++i) collector_.answer_next(answer_of(503));
  start(1ms, 1h);
  end(1);
  collector_.wait_for_posts(1);

  EXPECT_EQ(stop().failed, 4u);
  EXPECT_EQ(collector_.wait_for_posts(2).size(), 2u);
}

TEST_F(TraceExporterTest, WaitsAsLongAsTheCollectorWants) {
  collector_.answer_next(PostAnswer{429, std::chrono::seconds(3600), ""});
  start();
  end(1);
  collector_.wait_for_posts(1);

  EXPECT_EQ(stop().exported, 4u);  // the second attempt is the stop's

  EXPECT_EQ(collector_.wait_for_posts(2).size(), 2u);
}

TEST_F(TraceExporterTest, LogsOnceThatSpansAreDropped) {
  start(1h);
  end(static_cast<int>(TraceLane::kRecords) * 3);
  const TraceTotals totals = stop();

  EXPECT_GT(totals.dropped, 0u);
  EXPECT_EQ(totals.dropped + totals.exported, TraceLane::kRecords * 3 * 4);
  EXPECT_GE(logged("spans are dropped"), 1);
}

}  // namespace
}  // namespace modelyard::app
