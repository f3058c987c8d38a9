// LabelStore keeps the labels of predictions in a database of its own, with their history
// (docs/formats/ground-truth.md).
//
// What holds: of all that was said under one key (id and row, or unit, time and row), that with the newest event time;
//             among equal ones, what arrived last. Of several keys of a row: label_rule.h. What was said before stays,
//             so that it can be told what was known at any time.
// Durability: what put() has answered is on disk, whatever ends the process or the machine.
// Errors:     ResourceExhausted when the disk is full; nothing of that call is kept then.
// Threads:    any; one put() at a time, readers beside it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/sqlite/sqlite_connection.h"
#include "journal/ground_truth/label.h"

namespace modelyard::journal {

// Upper ends of the histogram of how long labels took, in seconds; the last bucket has none.
inline constexpr std::array<std::int64_t, 11> kLagSeconds{1,      10,      60,      600,       3600,     21'600,
                                                          86'400, 172'800, 604'800, 2'592'000, 7'776'000};

// What became of the labels of a call.
struct LabelTally {
  std::uint64_t stored = 0;     // the first of their row
  std::uint64_t corrected = 0;  // they replace another one
  std::uint64_t repeated = 0;   // they say what is known already
  std::uint64_t outdated = 0;   // something newer is known; kept as history

  LabelTally& operator+=(const LabelTally& other);
};

struct LabelTotals {
  std::string endpoint;
  LabelTally tally;
  UtcTime newest{};  // prediction that has a label: how far ground truth has come
  UtcTime last_arrival{};
  std::array<std::uint64_t, kLagSeconds.size() + 1>
      lags{};              // of first labels by id: from the prediction to their arrival
  double lag_seconds = 0;  // their sum
};

class LabelStore {
 public:
  static constexpr std::int64_t kMostRevisions = 100;  // of a row: each put goes through all of them

  static Result<std::unique_ptr<LabelStore>> open(const std::string& path, const Clock& clock);

  // All or none of them, but those of rows of which kMostRevisions are known: their places are added to `refused`.
  Result<LabelTally> put(const std::string& endpoint, std::span<const Label> labels, const std::string& principal,
                         std::vector<std::size_t>& refused);

  // Of one prediction, in the order of rows and arrival.
  Result<std::vector<KeptLabel>> history(const std::string& endpoint, const Uuid& prediction);
  // What held at `known_at`, of predictions in from … to, what was taken back among it. Labels by unit are given from
  // `from` on to the end of time: the prediction that is meant may be much older.
  using Take = std::function<void(const KeptLabel& label)>;
  Status scan(const std::string& endpoint, UtcTime from, UtcTime to, UtcTime known_at, const Take& take);
  // Of all endpoints that have labels, by name. Does not touch the disk.
  std::vector<LabelTotals> totals() const;
  // Labels of predictions before `before` go, of all endpoints but `held`. How many rows.
  Result<std::int64_t> remove_before(UtcTime before, std::span<const std::string> held);

 private:
  LabelStore(std::string path, const Clock& clock, std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), clock_(clock), writer_(std::move(writer)) {}

  const std::string path_;
  const Clock& clock_;
  Mutex mutex_;
  std::unique_ptr<SqliteConnection> writer_ MODELYARD_GUARDED_BY(mutex_);
  mutable Mutex totals_mutex_;
  std::map<std::string, LabelTotals> totals_ MODELYARD_GUARDED_BY(totals_mutex_);  // as they stand in the database
};

}  // namespace modelyard::journal
