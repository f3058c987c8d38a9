// Notifier sends what waits in the AlertKeeper's outbox to the sinks, on one thread of its own.
//
// Retries: what a sink cannot take now is tried again after kFirstWait, then after twice as long each time up to
//          kMostWait, for AlertOutbox::kGiveUpAfter. Meanwhile the sink is left alone for as long, up to kMostPause, so
//          that one that is away holds up the others for seconds only.
// Delivery: at least once; what is sent twice has the same idempotency key.
// Order:   open(), start(), stop(). Nothing is lost by stop(): the rest goes on after the next start.
// Threads: wake() from any, and it never waits; the rest from one.
// Errors:  open(): NotFound or InvalidArgument for a secret's file; those of the keeper's database. Later ones are
//          logged.
#pragma once

#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "app/server/alert_sinks/alert_sink.h"
#include "app/server/alert_sinks/sink_settings.h"
#include "base/mutex.h"
#include "control/watching/alert_keeper.h"
#include "telemetry/log.h"

namespace modelyard::app {

struct NotifierOptions {
  std::vector<SinkSettings> sinks;  // beside the log
  AlertOrigin origin;
};

class Notifier {
 public:
  static constexpr std::chrono::seconds kFirstWait{2};
  static constexpr std::chrono::minutes kMostWait{10};
  static constexpr std::chrono::minutes kMostPause{1};
  static constexpr std::chrono::minutes kRefreshEvery{1};
  static constexpr std::chrono::seconds kTendEvery{15};  // how late the end of a silence may be seen

  // A sink with its name in the outbox.
  struct Lane {
    Lane(control::AlertRoute to, std::unique_ptr<AlertSink> by) : route(std::move(to)), sink(std::move(by)) {}

    control::AlertRoute route;
    std::unique_ptr<AlertSink> sink;
    int failures = 0;  // in a row
    SteadyTime not_before{};
    SteadyTime refresh_at{};
  };

  // All of them must outlive it.
  static Result<std::unique_ptr<Notifier>> open(control::AlertKeeper& keeper, const NotifierOptions& options,
                                                const Clock& clock, telemetry::Log& log);
  // With sinks of the caller's making.
  static Result<std::unique_ptr<Notifier>> open(control::AlertKeeper& keeper, std::vector<Lane> lanes,
                                                const Clock& clock, telemetry::Log& log);
  ~Notifier();

  void start();
  // Something waits.
  void wake();
  // Within about a second.
  void stop();

  // Sends what is due now; how long to wait before the next one. For the thread, and for tests instead of it.
  std::chrono::nanoseconds step();

 private:
  Notifier(control::AlertKeeper& keeper, const Clock& clock, telemetry::Log& log)
      : keeper_(keeper), clock_(clock), log_(log) {}

  Status add_sinks(const NotifierOptions& options);
  Status set_routes();
  void run();
  void serve(Lane& lane);
  // False when the sink is to be left alone.
  bool deliver(Lane& lane, const control::PendingDelivery& pending);
  void refresh(Lane& lane);
  // Whether it was taken or refused for good.
  bool note(Lane& lane, const Delivery& delivery);
  std::chrono::nanoseconds wait_until_next() const;

  control::AlertKeeper& keeper_;
  const Clock& clock_;
  telemetry::Log& log_;
  std::stop_source stop_;
  std::unique_ptr<Transport> transport_;
  std::vector<Lane> lanes_;  // of the thread, once it runs
  Mutex mutex_;
  CondVar changed_;
  bool is_woken_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace modelyard::app
