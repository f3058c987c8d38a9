// TraceExporter takes spans off the event loops and sends them to a collector: a ring for each loop, one thread that
// encodes what has gathered and posts it.
//
// Threads: a tap is its loop's; the rest from any. stop() once, when the loops have ended: it sends what has gathered.
// Limits:  a ring holds TraceLane::kRecords requests; a post kBatchSpans spans. A batch that is not taken is tried
//          kAttempts times in all, when the collector asks for that (429, 502, 503, 504) or is not there; once more
//          when stop() comes meanwhile. While it waits, rings fill; what finds no room is dropped. All of it is
//          counted, and logged when it begins and when it ends.
#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "app/server/exemplars.h"
#include "app/server/otlp.h"
#include "app/server/otlp_post.h"
#include "app/server/trace_tap.h"
#include "base/mutex.h"
#include "telemetry/log.h"

namespace modelyard::app {

struct TraceExporterOptions {
  std::size_t loops = 1;
  double share = 0;
  TraceResource resource;
  std::chrono::milliseconds gathering{1000};
  std::chrono::milliseconds first_wait{1000};  // before the second attempt; doubles then
  std::chrono::milliseconds last_word{2000};   // what stop() gives a collector
};

struct TraceTotals {
  std::uint64_t exported = 0, dropped = 0, failed = 0;  // spans
};

class TraceExporter {
 public:
  static constexpr std::uint64_t kBatchSpans = 512;
  static constexpr int kAttempts = 4;

  // Log and random outlive it.
  TraceExporter(TraceExporterOptions options, PostSpans post, telemetry::Log& log, Random& random);
  ~TraceExporter();

  serving::Tap& tap(std::size_t loop) { return taps_[loop]; }
  void set_share(double share) { sampler_.set_share(share); }
  TraceTotals totals() const;
  const Exemplars& exemplars() const { return exemplars_; }
  void stop();

 private:
  enum class Reception { kTaken, kPartly, kRefused };

  void run();
  void wake();
  bool wait();
  void wait_to_retry(std::chrono::milliseconds time);
  bool is_stopping();
  bool is_late();
  void export_gathered();
  std::uint64_t gather();
  void send(std::uint64_t spans);
  // Whether to try again, and when at the earliest.
  std::optional<std::chrono::milliseconds> attempt(const std::string& request, std::uint64_t spans);
  void take_answer(const PostAnswer& answer, std::uint64_t spans);
  void note(Reception reception, std::string_view why);
  void note_drops();

  const TraceExporterOptions options_;
  const PostSpans post_;
  telemetry::Log& log_;
  Random& random_;
  telemetry::Sampler sampler_;
  std::deque<TraceLane> lanes_;
  std::deque<TraceTap> taps_;
  Exemplars exemplars_;  // own synchronisation
  std::atomic<std::uint64_t> exported_{0}, failed_{0};
  Mutex mutex_;
  CondVar wake_;
  bool hurry_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::optional<std::chrono::steady_clock::time_point> stopped_at_ MODELYARD_GUARDED_BY(mutex_);
  // Of the thread.
  std::string spans_;
  Reception reception_ = Reception::kTaken;
  std::uint64_t failed_before_ = 0;  // when the last trouble began
  std::uint64_t told_drops_ = 0;
  bool is_dropping_ = false;
  std::thread thread_;
};

}  // namespace modelyard::app
