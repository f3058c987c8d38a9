#include "journal/ground_truth/label_store.h"

#include <algorithm>
#include <limits>

namespace modelyard::journal {
namespace {

constexpr std::int64_t kNoRow = -1;

// docs/formats/ground-truth.md describes every table. Never change a migration that was released; add one.
constexpr std::array kMigrations{R"sql(
CREATE TABLE endpoints (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, stored INTEGER NOT NULL DEFAULT 0,
  corrected INTEGER NOT NULL DEFAULT 0, repeated INTEGER NOT NULL DEFAULT 0, outdated INTEGER NOT NULL DEFAULT 0,
  newest INTEGER NOT NULL DEFAULT 0, last_arrival INTEGER NOT NULL DEFAULT 0, lag_seconds REAL NOT NULL DEFAULT 0);
CREATE TABLE labels (
  endpoint INTEGER NOT NULL REFERENCES endpoints(id), time INTEGER NOT NULL, prediction BLOB NOT NULL,
  unit TEXT NOT NULL, row INTEGER NOT NULL, revision INTEGER NOT NULL, value, event INTEGER NOT NULL,
  arrival INTEGER NOT NULL, principal TEXT NOT NULL,
  PRIMARY KEY (endpoint, time, prediction, unit, row, revision)) WITHOUT ROWID;
CREATE TABLE lags (
  endpoint INTEGER NOT NULL REFERENCES endpoints(id), bucket INTEGER NOT NULL, labels INTEGER NOT NULL,
  PRIMARY KEY (endpoint, bucket)) WITHOUT ROWID;
)sql"};

Result<std::unique_ptr<SqliteConnection>> open_connection(const std::string& path, SqliteConnection::Access access) {
  return SqliteConnection::open(path, access, {"the ground truth", "put the file aside, and send the labels again"});
}

std::int64_t time_of(const Label& label) {
  return label.prediction ? label.prediction->milliseconds() * 1000 : utc_micros(label.time);
}

// "" without a prediction.
std::span<const std::uint8_t> key_bytes(const std::optional<Uuid>& prediction) {
  static constexpr std::array<std::uint8_t, 1> kNothing{};
  return prediction ? std::span<const std::uint8_t>(prediction->bytes()) : std::span(kNothing).first(0);
}

void bind_key(SqliteStatement& statement, std::int64_t endpoint, const Label& label) {
  statement.bind(endpoint).bind(time_of(label)).bind_bytes(key_bytes(label.prediction));
  statement.bind(label.unit).bind(label.row.value_or(kNoRow));
}

std::optional<LabelValue> value_at(const SqliteStatement& row, int column) {
  using Type = SqliteStatement::Type;
  switch (row.type(column)) {
    case Type::kReal: return row.real(column);
    case Type::kText: return row.text(column);
    default: return std::nullopt;
  }
}

// time, prediction, unit, row, value, event, arrival, principal
KeptLabel kept_label(const SqliteStatement& row) {
  KeptLabel label;
  label.time = utc_from_micros(row.integer(0));
  std::array<std::uint8_t, 16> id{};
  const auto bytes = row.bytes(1);
  if (bytes.size() == id.size()) {
    std::ranges::copy(bytes, id.begin());
    label.prediction = Uuid::of(id);
  }
  label.unit = row.text(2);
  if (row.integer(3) != kNoRow) label.row = row.integer(3);
  label.value = value_at(row, 4);
  label.event_time = utc_from_micros(row.integer(5));
  label.arrival = utc_from_micros(row.integer(6));
  label.principal = row.text(7);
  return label;
}

// One transaction that puts labels of one endpoint.
class Putting {
 public:
  Putting(SqliteConnection& connection, UtcTime now, const std::string& principal)
      : connection_(connection), now_(utc_micros(now)), principal_(principal) {}

  Status begin(const std::string& endpoint) {
    MODELYARD_ASSIGN(auto add, connection_.prepare("INSERT OR IGNORE INTO endpoints (name) VALUES (?)"));
    MODELYARD_TRY(add.bind(endpoint).run());
    MODELYARD_ASSIGN(auto find, connection_.prepare("SELECT id FROM endpoints WHERE name = ?"));
    MODELYARD_TRY(find.bind(endpoint).step());
    endpoint_ = find.integer(0);
    return ok();
  }

  // False: its row has as many revisions as are kept.
  Result<bool> put(const Label& label) {
    MODELYARD_ASSIGN(const Known known, known_of(label));
    if (known.repeats) return count(tally_.repeated);
    if (known.revision >= LabelStore::kMostRevisions && label.value) return false;  // taken back it can be always
    // A clock that was set back does not let a label come before the one it replaces.
    const std::int64_t arrival = std::max(now_, known.arrival);
    const std::int64_t event = label.event_time ? utc_micros(*label.event_time) : arrival;
    MODELYARD_TRY(insert(label, known.revision + 1, event, arrival));
    if (known.revision > 0) return count(event >= known.event ? tally_.corrected : tally_.outdated);
    // The time that goes with a unit is somebody's word, not that of a prediction.
    if (label.prediction) note_lag(arrival, time_of(label));
    return count(tally_.stored);
  }

  Status end() {
    MODELYARD_ASSIGN(auto statement,
                     connection_.prepare("UPDATE endpoints SET stored = stored + ?, corrected = corrected + ?, "
                                         "repeated = repeated + ?, outdated = outdated + ?, newest = max(newest, ?), "
                                         "last_arrival = max(last_arrival, ?), lag_seconds = lag_seconds + ? "
                                         "WHERE id = ?"));
    for (const std::uint64_t number : {tally_.stored, tally_.corrected, tally_.repeated, tally_.outdated}) {
      statement.bind(static_cast<std::int64_t>(number));
    }
    MODELYARD_TRY(statement.bind(newest_).bind(now_).bind_real(lag_seconds_).bind(endpoint_).run());
    for (std::size_t bucket = 0; bucket < lags_.size(); ++bucket) {
      if (lags_[bucket] == 0) continue;
      MODELYARD_ASSIGN(auto lag, connection_.prepare("INSERT INTO lags VALUES (?, ?, ?) ON CONFLICT (endpoint, bucket) "
                                                     "DO UPDATE SET labels = labels + excluded.labels"));
      lag.bind(endpoint_).bind(static_cast<std::int64_t>(bucket));
      MODELYARD_TRY(lag.bind(static_cast<std::int64_t>(lags_[bucket])).run());
    }
    return ok();
  }

  const LabelTally& tally() const { return tally_; }

 private:
  struct Known {
    std::int64_t revision = 0;  // of the last; 0: none
    std::int64_t event = std::numeric_limits<std::int64_t>::min();
    std::int64_t arrival = 0;
    bool repeats = false;
  };

  // A label without an event time repeats what holds, also beside what was said without the only row, or with it; one
  // with it, what was said of the same time.
  Result<Known> known_of(const Label& label) {
    MODELYARD_ASSIGN(auto statement,
                     connection_.prepare("SELECT revision, value, event, arrival, row = ?5 FROM labels WHERE "
                                         "endpoint = ?1 AND time = ?2 AND prediction = ?3 AND unit = ?4 AND "
                                         "row IN (?5, ?6) ORDER BY arrival, row = ?5, revision"));
    bind_key(statement, endpoint_, label);
    statement.bind(other_row(label));
    Known known;
    bool is_held = false, is_own_held = false;  // of the row, and of the key: by the same value
    for (std::int64_t own_event = known.event;;) {
      MODELYARD_ASSIGN(const bool more, statement.step());
      if (!more) break;
      const bool is_own = statement.integer(4) != 0;
      const bool is_same = value_at(statement, 1) == label.value;
      const std::int64_t event = statement.integer(2);
      known.arrival = std::max(known.arrival, statement.integer(3));
      if (event >= known.event) is_held = is_same;
      known.event = std::max(known.event, event);
      if (!is_own) continue;
      known.revision = statement.integer(0);
      if (event >= own_event) is_own_held = is_same;
      own_event = std::max(own_event, event);
      known.repeats |= is_same && label.event_time && utc_micros(*label.event_time) == event;
    }
    if (!label.event_time) known.repeats = is_held && is_own_held;
    return known;
  }

  // Without a row the only one is meant, which is row 0.
  static std::int64_t other_row(const Label& label) {
    if (!label.row) return 0;
    return *label.row == 0 ? kNoRow : *label.row;
  }

  Status insert(const Label& label, std::int64_t revision, std::int64_t event, std::int64_t arrival) {
    MODELYARD_ASSIGN(auto statement, connection_.prepare("INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    bind_key(statement, endpoint_, label);
    statement.bind(revision);
    if (!label.value) {
      statement.bind(std::optional<std::int64_t>());
    } else if (const double* const number = std::get_if<double>(&*label.value)) {
      statement.bind_real(*number);
    } else {
      statement.bind(std::get<std::string>(*label.value));
    }
    return statement.bind(event).bind(arrival).bind(principal_).run();
  }

  void note_lag(std::int64_t arrival, std::int64_t prediction) {
    newest_ = std::max(newest_, prediction);
    ++lags_[bucket_of(arrival - prediction)];
    lag_seconds_ += static_cast<double>(std::max<std::int64_t>(0, arrival - prediction)) / 1e6;
  }

  static std::size_t bucket_of(std::int64_t lag_micros) {
    const auto end =
        std::ranges::find_if(kLagSeconds, [&](std::int64_t most) { return lag_micros <= most * 1'000'000; });
    return static_cast<std::size_t>(end - kLagSeconds.begin());
  }

  static bool count(std::uint64_t& number) {
    ++number;
    return true;
  }

  SqliteConnection& connection_;
  const std::int64_t now_;
  const std::string& principal_;
  std::int64_t endpoint_ = 0;
  LabelTally tally_;
  std::int64_t newest_ = 0;
  std::array<std::uint64_t, kLagSeconds.size() + 1> lags_{};
  double lag_seconds_ = 0;
};

Status read_lags(SqliteConnection& connection, std::int64_t endpoint, LabelTotals& totals) {
  MODELYARD_ASSIGN(auto lags, connection.prepare("SELECT bucket, labels FROM lags WHERE endpoint = ?"));
  lags.bind(endpoint);
  for (;;) {
    MODELYARD_ASSIGN(const bool more, lags.step());
    if (!more) return ok();
    const auto bucket = std::min(static_cast<std::size_t>(lags.integer(0)), totals.lags.size() - 1);
    totals.lags[bucket] += static_cast<std::uint64_t>(lags.integer(1));
  }
}

// Of all endpoints, or of one.
Result<std::vector<LabelTotals>> read_totals(SqliteConnection& connection, const std::string& endpoint) {
  std::vector<LabelTotals> all;
  MODELYARD_ASSIGN(auto rows, connection.prepare("SELECT id, name, stored, corrected, repeated, outdated, newest, "
                                                 "last_arrival, lag_seconds FROM endpoints WHERE ?1 IN ('', name)"));
  rows.bind(endpoint);
  for (;;) {
    MODELYARD_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
    LabelTotals totals;
    totals.endpoint = rows.text(1);
    totals.tally = {number(2), number(3), number(4), number(5)};
    totals.newest = utc_from_micros(rows.integer(6));
    totals.last_arrival = utc_from_micros(rows.integer(7));
    totals.lag_seconds = rows.real(8);
    MODELYARD_TRY(read_lags(connection, rows.integer(0), totals));
    all.push_back(std::move(totals));
  }
}

}  // namespace

LabelTally& LabelTally::operator+=(const LabelTally& other) {
  stored += other.stored;
  corrected += other.corrected;
  repeated += other.repeated;
  outdated += other.outdated;
  return *this;
}

Result<std::unique_ptr<LabelStore>> LabelStore::open(const std::string& path, const Clock& clock) {
  MODELYARD_ASSIGN(auto writer, open_connection(path, SqliteConnection::Access::kReadWrite));
  MODELYARD_TRY(writer->migrate(kMigrations));
  MODELYARD_ASSIGN(const auto totals, read_totals(*writer, ""));
  std::unique_ptr<LabelStore> store(new LabelStore(path, clock, std::move(writer)));
  MutexLock lock(store->totals_mutex_);
  for (const LabelTotals& one : totals) store->totals_[one.endpoint] = one;
  return store;
}

Result<LabelTally> LabelStore::put(const std::string& endpoint, std::span<const Label> labels,
                                   const std::string& principal, std::vector<std::size_t>& refused) {
  MutexLock lock(mutex_);
  SqliteConnection& writer = *writer_;
  MODELYARD_TRY(writer.execute("BEGIN IMMEDIATE"));
  Putting putting(writer, clock_.utc_now(), principal);
  std::vector<LabelTotals> totals;
  const Status done = [&]() -> Status {
    MODELYARD_TRY(putting.begin(endpoint));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      MODELYARD_ASSIGN(const bool is_kept, putting.put(labels[i]));
      if (!is_kept) refused.push_back(i);
    }
    MODELYARD_TRY(putting.end());
    MODELYARD_ASSIGN(totals, read_totals(writer, endpoint));
    return writer.execute("COMMIT");
  }();
  if (!done) {
    (void)writer.execute("ROLLBACK").has_value();
    return done.error();
  }
  MutexLock totals_lock(totals_mutex_);
  for (const LabelTotals& one : totals) totals_[one.endpoint] = one;
  return putting.tally();
}

Result<std::vector<KeptLabel>> LabelStore::history(const std::string& endpoint, const Uuid& prediction) {
  MODELYARD_ASSIGN(const auto reader, open_connection(path_, SqliteConnection::Access::kReadOnly));
  MODELYARD_ASSIGN(auto statement,
                   reader->prepare("SELECT time, prediction, unit, row, value, event, arrival, principal FROM labels "
                                   "WHERE endpoint = (SELECT id FROM endpoints WHERE name = ?) AND time = ? AND "
                                   "prediction = ? ORDER BY row, revision"));
  statement.bind(endpoint).bind(prediction.milliseconds() * 1000).bind_bytes(prediction.bytes());
  std::vector<KeptLabel> labels;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, statement.step());
    if (!more) return labels;
    labels.push_back(kept_label(statement));
  }
}

Status LabelStore::scan(const std::string& endpoint, UtcTime from, UtcTime to, UtcTime known_at, const Take& take) {
  MODELYARD_ASSIGN(const auto reader, open_connection(path_, SqliteConnection::Access::kReadOnly));
  MODELYARD_ASSIGN(auto statement,
                   reader->prepare("SELECT time, prediction, unit, row, value, event, arrival, principal FROM labels "
                                   "WHERE endpoint = (SELECT id FROM endpoints WHERE name = ?) AND time >= ? AND "
                                   "(time <= ? OR prediction = x'') AND arrival <= ? "
                                   "ORDER BY time, prediction, unit, row, revision"));
  statement.bind(endpoint).bind(utc_micros(from)).bind(utc_micros(to)).bind(utc_micros(known_at));
  std::optional<KeptLabel> holds;  // so far, of the row that is gone through
  const auto is_of_same_row = [](const KeptLabel& a, const KeptLabel& b) {
    return a.time == b.time && a.prediction == b.prediction && a.unit == b.unit && a.row == b.row;
  };
  for (;;) {
    MODELYARD_ASSIGN(const bool more, statement.step());
    if (!more) break;
    KeptLabel next = kept_label(statement);
    if (holds && is_of_same_row(*holds, next)) {
      if (next.event_time >= holds->event_time) holds = std::move(next);
      continue;
    }
    if (holds) take(*holds);
    holds = std::move(next);
  }
  if (holds) take(*holds);
  return ok();
}

std::vector<LabelTotals> LabelStore::totals() const {
  MutexLock lock(totals_mutex_);
  std::vector<LabelTotals> all;
  for (const auto& [endpoint, totals] : totals_) all.push_back(totals);
  return all;
}

Result<std::int64_t> LabelStore::remove_before(UtcTime before, std::span<const std::string> held) {
  MutexLock lock(mutex_);
  std::vector<std::int64_t> ids;
  {
    MODELYARD_ASSIGN(auto endpoints, writer_->prepare("SELECT id, name FROM endpoints"));
    for (;;) {
      MODELYARD_ASSIGN(const bool more, endpoints.step());
      if (!more) break;
      if (std::ranges::find(held, endpoints.text(1)) == held.end()) ids.push_back(endpoints.integer(0));
    }
  }
  std::int64_t removed = 0;
  for (const std::int64_t id : ids) {
    MODELYARD_ASSIGN(auto statement, writer_->prepare("DELETE FROM labels WHERE endpoint = ? AND time < ?"));
    MODELYARD_TRY(statement.bind(id).bind(utc_micros(before)).run());
    removed += writer_->changes();
  }
  return removed;
}

}  // namespace modelyard::journal
