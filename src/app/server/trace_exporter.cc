#include "app/server/trace_exporter.h"

#include <algorithm>

#include "base/thread_name.h"
#include "edge/http/content_encoding.h"

namespace modelyard::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{30'000};
constexpr std::uint64_t kMostOfOne = 4;  // spans of a request

bool asks_for_another_try(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::string words_of(const PostAnswer& answer) {
  return fmt::format("the collector answered {}", answer.status);
}

}  // namespace

TraceExporter::TraceExporter(TraceExporterOptions options, PostSpans post, telemetry::Log& log, Random& random)
    : options_(std::move(options)),
      post_(std::move(post)),
      log_(log),
      random_(random),
      sampler_(options_.share),
      lanes_(options_.loops) {
  for (TraceLane& lane : lanes_) taps_.emplace_back(lane, sampler_, random_, [this] { wake(); });
  thread_ = std::thread([this] { run(); });
}

TraceExporter::~TraceExporter() {
  stop();
}

void TraceExporter::stop() {
  {
    MutexLock lock(mutex_);
    if (!stopped_at_) stopped_at_ = std::chrono::steady_clock::now();
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

TraceTotals TraceExporter::totals() const {
  TraceTotals totals{exported_.load(std::memory_order_relaxed), 0, failed_.load(std::memory_order_relaxed)};
  for (const TraceLane& lane : lanes_) totals.dropped += lane.dropped_spans.load(std::memory_order_relaxed);
  return totals;
}

void TraceExporter::run() {
  name_thread("traces");
  while (wait()) export_gathered();
  export_gathered();
}

void TraceExporter::wake() {
  MutexLock lock(mutex_);
  hurry_ = true;
  wake_.notify_one();
}

// False when the spans to come are the last.
bool TraceExporter::wait() {
  MutexLock lock(mutex_);
  const auto end = std::chrono::steady_clock::now() + options_.gathering;
  while (!hurry_ && !stopped_at_ && std::chrono::steady_clock::now() < end) {
    wake_.wait_for(mutex_, end - std::chrono::steady_clock::now());
  }
  hurry_ = false;
  return !stopped_at_;
}

void TraceExporter::wait_to_retry(milliseconds time) {
  MutexLock lock(mutex_);
  const auto end = std::chrono::steady_clock::now() + time;
  while (!stopped_at_ && std::chrono::steady_clock::now() < end) {
    wake_.wait_for(mutex_, end - std::chrono::steady_clock::now());
  }
}

bool TraceExporter::is_stopping() {
  MutexLock lock(mutex_);
  return stopped_at_.has_value();
}

bool TraceExporter::is_late() {
  MutexLock lock(mutex_);
  return stopped_at_ && std::chrono::steady_clock::now() > *stopped_at_ + options_.last_word;
}

void TraceExporter::export_gathered() {
  for (std::uint64_t spans = gather(); spans > 0; spans = gather()) send(spans);
  note_drops();
}

std::uint64_t TraceExporter::gather() {
  spans_.clear();
  std::uint64_t spans = 0;
  const auto take = [&](const TracedPrediction& prediction) {
    exemplars_.take(prediction);
    append_spans(spans_, prediction, random_);
    spans += span_count(prediction.durations);
  };
  for (TraceLane& lane : lanes_) {
    while (spans + kMostOfOne <= kBatchSpans && lane.ring.pop(take)) continue;
  }
  return spans;
}

void TraceExporter::send(std::uint64_t spans) {
  const auto request = edge::compress(edge::Coding::kGzip, export_request(options_.resource, spans_));
  milliseconds wait = options_.first_wait;
  for (int tries = 1; request && !is_late(); ++tries, wait *= 2) {
    const bool is_last = tries == kAttempts || is_stopping();
    const auto at_least = attempt(*request, spans);
    if (!at_least) return;
    if (is_last) break;
    note_drops();
    // Servers that lost their collector together do not come back together.
    const milliseconds spread(random_.next() % static_cast<std::uint64_t>(wait.count() / 2 + 1));
    wait_to_retry(std::min(std::max(wait / 2 + spread, *at_least), kLongestWait));
  }
  failed_.fetch_add(spans, std::memory_order_relaxed);
}

std::optional<milliseconds> TraceExporter::attempt(const std::string& request, std::uint64_t spans) {
  const auto answer = post_(request, [this] { return is_late(); });
  if (!answer) {
    note(Reception::kRefused, answer.error().message());
    return milliseconds(0);
  }
  if (!asks_for_another_try(answer->status)) {
    take_answer(*answer, spans);
    return std::nullopt;
  }
  note(Reception::kRefused, words_of(*answer));
  return answer->retry_after.value_or(std::chrono::seconds(0));
}

void TraceExporter::take_answer(const PostAnswer& answer, std::uint64_t spans) {
  if (answer.status < 200 || answer.status > 299) {
    note(Reception::kRefused, words_of(answer));
    failed_.fetch_add(spans, std::memory_order_relaxed);
    return;
  }
  const PartialSuccess partial = read_partial_success(answer.body);
  const std::uint64_t rejected = std::min(partial.rejected, spans);
  note(rejected > 0 ? Reception::kPartly : Reception::kTaken, partial.why);
  failed_.fetch_add(rejected, std::memory_order_relaxed);
  exported_.fetch_add(spans - rejected, std::memory_order_relaxed);
}

void TraceExporter::note(Reception reception, std::string_view why) {
  const Reception before = std::exchange(reception_, reception);
  if (before == reception) return;
  const std::uint64_t failed = failed_.load(std::memory_order_relaxed);
  if (before == Reception::kTaken) failed_before_ = failed;
  switch (reception) {
    case Reception::kTaken:
      return log_.info("spans are taken again", {{"failed", static_cast<std::int64_t>(failed - failed_before_)}});
    case Reception::kPartly: return log_.warning("the collector refuses some spans", {{"error", why}});
    case Reception::kRefused: return log_.warning("spans are not taken", {{"error", why}});
  }
}

void TraceExporter::note_drops() {
  const std::uint64_t dropped = totals().dropped;
  const std::uint64_t more = dropped - std::exchange(told_drops_, dropped);
  const bool was_dropping = std::exchange(is_dropping_, more > 0);
  if (more > 0 && !was_dropping) log_.warning("spans are dropped", {{"dropped", static_cast<std::int64_t>(more)}});
}

}  // namespace modelyard::app
