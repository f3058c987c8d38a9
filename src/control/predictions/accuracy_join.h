// AccuracyJoin puts the predictions of an endpoint, their answers and their labels together.
//
// Use:     read() once, then report() or visit().
// Memory:  of all predictions of the time, or of those alone that have labels.
// Errors:  as evaluator.h says.
// Threads: none of its own.
#pragma once

#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "control/predictions/evaluator.h"
#include "control/predictions/feature_column.h"
#include "monitoring/accuracy/judged_outputs.h"

namespace modelyard::control {

class AccuracyJoin {
 public:
  struct Sources {
    registry::Catalog& catalog;
    journal::Journal& journal;
    journal::PayloadJournal& payloads;
    journal::LabelStore& labels;
  };
  enum class Wanted {
    kAll,       // what report() needs
    kLabelled,  // what visit() needs
  };

  AccuracyJoin(const AccuracyQuery& query, Wanted wanted) : query_(query), wanted_(wanted) { report_.query = query; }

  // First of all.
  Status read(const Sources& sources);
  AccuracyReport report();
  Status visit(const Evaluator::Judged& to) const;

 private:
  struct UuidHash {
    std::size_t operator()(const Uuid& id) const {
      std::size_t hash = 0;
      std::memcpy(&hash, id.bytes().data() + id.bytes().size() - sizeof hash, sizeof hash);  // its random half
      return hash;
    }
  };
  struct Prediction {
    std::int64_t time = 0;
    std::size_t rows = 0;
    VersionNumber version = 0;
    std::int64_t plan_revision = 0;
    std::string_view arm, principal;  // of names_
  };
  // Whose labels are judged.
  struct Origin {
    Uuid id;
    const Prediction* prediction;
    std::string unit;
  };
  // A row whose answer is kept.
  struct CapturedRow {
    std::int64_t time = 0;
    std::size_t segment = 0;
  };
  // What is gathered of one window and segment.
  struct Gathered {
    std::uint64_t predictions = 0;
    std::uint64_t captured = 0;
    std::vector<std::size_t> rows;  // that are judged
  };

  Status read_endpoint(registry::CatalogReader& reader);
  Status read_labels(journal::LabelStore& store);
  // Finds the predictions that labels by unit are meant for.
  void find_units(journal::PayloadJournal& payloads);
  Status read_predictions(journal::Journal& journal);
  void drop_labels_of_nothing();
  Status choose_signatures(registry::CatalogReader& reader);
  void read_answers(journal::PayloadJournal& payloads);
  bool is_by_feature() const { return !query_.by.empty() && query_.by != "version" && query_.by != "arm"; }
  UtcTime last() const { return query_.to - std::chrono::microseconds(1); }
  std::string segment_of(const Prediction& prediction) const;
  std::size_t segment_number(const std::string& name);
  std::int64_t window_of(std::int64_t time) const;
  void add_answer(const journal::PayloadRecord& payload, const Prediction& prediction, std::uint64_t request);
  std::string_view kept_name(std::string_view name) { return *names_.emplace(name).first; }
  void judge(const Prediction& prediction, const std::vector<journal::KeptLabel>& labels,
             const monitoring::ReadOutputs& outputs, std::uint64_t request, std::size_t first_row);
  void note_unreadable(const Error& why);
  void group_by_feature();
  std::map<std::pair<std::int64_t, std::size_t>, Gathered> gather();

  const AccuracyQuery query_;
  const Wanted wanted_;
  AccuracyReport report_;
  std::string model_;
  std::set<VersionNumber> versions_;                            // that answered
  std::set<std::string, std::less<>> names_;                    // of arms and principals
  std::unordered_map<Uuid, Prediction, UuidHash> predictions_;  // that were answered
  std::map<VersionNumber, inference::Signature> signatures_;
  std::unordered_map<Uuid, std::vector<journal::KeptLabel>, UuidHash> labels_;
  std::map<std::string, std::vector<journal::KeptLabel>> unit_labels_;
  std::optional<monitoring::JudgedRows> judged_;  // a row's segment is its place in captured_
  std::map<std::uint64_t, Origin> origins_;       // by request
  std::vector<CapturedRow> captured_;
  std::vector<FeatureValue> features_;  // of captured_, when it is by feature
  std::vector<std::string> segments_;
};

}  // namespace modelyard::control
