// Evaluator joins the predictions of an endpoint with the labels that came for them, and measures how good they were.
//
// A prediction is judged when the endpoint's model answered it, its answer is captured, and its label is known. Windows
// are of the time of the prediction, whenever its label came; `known_at` leaves out what arrived later. Coverage:
// labelled rows of those that were captured. Capture by share takes predictions whatever they are, so that
//           metrics of the captured ones speak for all.
// Errors:   FailedPrecondition when the outputs do not say how to judge them, ResourceExhausted for more than kMostRows
//           rows at once (evaluate(): of all predictions, visit(): of labelled ones), NotFound for an endpoint or a
//           feature that is not there.
// Threads:  blocking, any.
#pragma once

#include <functional>

#include "base/json.h"
#include "journal/ground_truth/label_store.h"
#include "journal/journal.h"
#include "journal/payload_journal.h"
#include "monitoring/accuracy/metrics.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct AccuracyQuery {
  std::string endpoint;
  UtcTime from{};
  UtcTime to{};  // not included
  UtcTime known_at = UtcTime::max();
  std::chrono::microseconds window{0};  // 0: one for all the time
  std::string by;                       // "": all together; "version", "arm", or a feature's name
  double alpha = 0.05;                  // of the intervals
};

struct AccuracyPart {
  static constexpr std::size_t kFewestShown = 20;  // rows, to who may not see payloads

  UtcTime from{};
  UtcTime to{};
  std::string segment;            // "": all
  std::uint64_t predictions = 0;  // rows that were answered; with a feature only those that were captured
  std::uint64_t captured = 0;     // rows whose answer is kept
  bool is_provisional = true;
  bool is_withheld = false;     // its metrics, for they would show single rows
  monitoring::Metrics metrics;  // of the labelled rows

  double coverage() const {
    return captured == 0 ? 0 : static_cast<double>(metrics.rows) / static_cast<double>(captured);
  }
};

struct AccuracyReport {
  AccuracyQuery query;
  monitoring::Evaluation evaluation;
  std::vector<AccuracyPart> parts;  // by time, then by segment; those without predictions are left out
  // Labels of the time that say nothing here.
  std::uint64_t unknown = 0;     // their predictions are not in the journal, or of other times when they go by unit
  std::uint64_t uncaptured = 0;  // their predictions are, but not what they answered
  std::uint64_t unreadable = 0;
  std::string unreadable_why;  // of the first
};

// Who answered a prediction, and whom it was about.
struct AnswerOrigin {
  Uuid prediction;
  VersionNumber version = 0;
  std::int64_t plan_revision = 0;
  std::string_view arm, principal, unit;  // "": none
};

class Evaluator {
 public:
  static constexpr std::size_t kMostRows = 2'000'000;

  Evaluator(registry::Catalog& catalog, journal::Journal& journal, journal::PayloadJournal& payloads,
            journal::LabelStore& labels)
      : catalog_(catalog), journal_(journal), payloads_(payloads), labels_(labels) {}

  Result<AccuracyReport> evaluate(const AccuracyQuery& query);
  // Every labelled row, and whether its answer was right; FailedPrecondition when the answers are no classes.
  using Judged = std::function<void(const AnswerOrigin&, bool is_right)>;
  Status visit(const AccuracyQuery& query, const Judged& to);

 private:
  registry::Catalog& catalog_;
  journal::Journal& journal_;
  journal::PayloadJournal& payloads_;
  journal::LabelStore& labels_;
};

// InvalidArgument when an output is named that no version of the model has.
Status check_evaluation(registry::CatalogReader& reader, const std::string& model,
                        const monitoring::Evaluation& evaluation);

// Leaves out what would show single labels and answers: metrics of few rows, and texts of labels.
void withhold_what_shows_rows(AccuracyReport& report);

}  // namespace modelyard::control
