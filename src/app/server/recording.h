// Recording is the composition of what is kept of predictions: the journal of decisions, captured payloads, labels,
// and how long all of them stay.
//
// Order:   open() before the loops serve, stop() after them.
// Threads: tap() and end_turn() of a loop on that loop; catalog_changed() and remove_old_labels() on any.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "app/configuration/settings.h"
#include "app/server/journal_tap.h"
#include "control/predictions/evaluator.h"
#include "control/predictions/labeller.h"
#include "control/predictions/record_keeping.h"
#include "edge/http/server.h"
#include "serving/dispatcher.h"

namespace modelyard::app {

class Recording {
 public:
  // What was promised up to this position of a loop's journal is on disk, or is lost. On that loop.
  using Release = std::function<void(std::size_t loop, std::uint64_t position, serving::Dispatcher::Records records)>;

  struct Parts {
    registry::Catalog& catalog;
    edge::HttpServer& http;
    const std::string& cpu;  // the kind of processor that answers
    telemetry::Log& log;
    const Clock& clock;
    Release release;
  };

  static Result<std::unique_ptr<Recording>> open(const Configuration& configuration, Parts parts);

  // Retention and holds are read again.
  void catalog_changed();
  void remove_old_labels();
  void end_turn(std::size_t loop);
  void stop();

  serving::Tap& tap(std::size_t loop) { return *taps_[loop]; }
  journal::Journal& journal() { return *journal_; }
  journal::PayloadJournal& payloads() { return *payloads_; }
  journal::LabelStore& labels() { return *labels_; }
  control::Labeller& labeller() { return *labeller_; }
  control::Evaluator& evaluator() { return *evaluator_; }

 private:
  Recording(const Configuration& configuration, Parts parts);
  Status open_journals(const Configuration& configuration);
  Result<control::KeepingOfAll> read_keeping();

  const Parts parts_;
  const std::chrono::days label_days_;  // 0: for ever
  Mutex keeping_mutex_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<journal::PayloadJournal> payloads_;
  std::unique_ptr<journal::LabelStore> labels_;
  std::unique_ptr<control::Labeller> labeller_;
  std::unique_ptr<control::Evaluator> evaluator_;
  std::vector<std::unique_ptr<JournalTap>> taps_;
};

}  // namespace modelyard::app
