// Watching is the composition of what watches predictions: live profiles of each loop, the windows on disk, the
// monitors that judge them, and their alerts.
//
// Order:   open() before the loops serve, start() when they do, stop() while they still run: what was profiled is kept.
// Threads: tap() of a loop on that loop; the rest on the main thread.
#pragma once

#include <memory>
#include <vector>

#include "app/configuration/settings.h"
#include "app/server/alert_sinks/notifier.h"
#include "app/server/profile_tap.h"
#include "control/watching/watcher.h"
#include "edge/http/server.h"

namespace modelyard::app {

class Watching {
 public:
  struct Parts {
    registry::Catalog& catalog;
    registry::BlobStore& blobs;
    control::Evaluator* evaluator;  // null: no journal
    journal::LabelStore* labels;    // likewise
    edge::HttpServer& http;
    telemetry::Log& log;
    const Clock& clock;
    journal::PayloadJournal* payloads = nullptr;  // null: nothing is captured
  };

  static Result<std::unique_ptr<Watching>> open(const Configuration& configuration, const Parts& parts);

  void start();
  void stop();

  serving::Tap& tap(std::size_t loop) { return *taps_[loop]; }
  monitoring::ProfileStore& profiles() { return *store_; }
  control::ReferenceProfiles& references() { return references_; }
  control::AlertKeeper& alerts() { return *alerts_; }
  // Alerts that others than the monitors have raised wait to be told.
  void wake_notifier() { notifier_->wake(); }
  control::Watcher& watcher() { return *watcher_; }
  // Predictions beyond the bounds of profiles.
  std::uint64_t left_out() const;

 private:
  explicit Watching(const Parts& parts) : http_(parts.http), references_(parts.catalog, parts.blobs) {}
  // Of all loops, those of one endpoint and version together.
  std::vector<monitoring::StreamProfile> take();

  edge::HttpServer& http_;
  std::vector<std::unique_ptr<monitoring::LiveProfiler>> profilers_;  // of loops
  std::vector<std::unique_ptr<ProfileTap>> taps_;
  std::unique_ptr<monitoring::ProfileStore> store_;
  control::ReferenceProfiles references_;
  std::unique_ptr<control::MonitorJudge> judge_;
  std::unique_ptr<control::AlertKeeper> alerts_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<control::Watcher> watcher_;
};

}  // namespace modelyard::app
