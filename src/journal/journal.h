// Journal keeps the decision record of every prediction on disk, and finds it again.
//
// An event loop puts a record into its own lane and goes on. One writer takes what has gathered in all lanes, some
// milliseconds later and many records at once, and appends it to the endpoints' segments.
//
// Durability: what a crash can lose of the records of answers that were given:
//               kNone      the process dies: those of the last LaneWriter::kGathering; the machine dies: what its
//               system had not
//                          written yet, half a minute or so
//               kInterval  the process dies: the same; the machine dies: those of the last kSyncInterval and kGathering
//               kGroup     nothing: answers wait for their records (`on_kept`), many for one sync
// Loss:       a lane that is full, or a disk that takes nothing, drops records and counts them; serving never waits.
//             But a record that was promised has its room, its answer waits until it was written, and is told when it
//             could not be.
// Threads:    promise(), record() and end_turn() on the loop whose number is given; the rest from any. Reading and
//             report() see all that was recorded before. on_kept is called by the writer.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "journal/decision_log.h"
#include "journal/lane_writer.h"
#include "journal/pruner.h"

namespace modelyard::journal {

enum class Durability { kNone, kInterval, kGroup };
std::optional<Durability> parse_durability(std::string_view name);
std::string_view durability_name(Durability durability);

struct JournalOptions {
  std::string folder;
  std::size_t loops = 1;
  Durability durability = Durability::kInterval;
  Bounds bounds;
  std::map<std::string, Keeping, std::less<>> keeping;  // of endpoints, until keep() says otherwise
  SegmentLimits segments;
  std::size_t lane_bytes = 2u << 20;  // of each loop; a power of two
  // The records of the loop up to this position, from the position that was told before, are kept; or some of them
  // are lost, and counted.
  std::function<void(std::size_t loop, std::uint64_t position, bool kept)> on_kept;
};

// Which records, the newest first.
struct Query {
  std::string endpoint;  // "": of all
  UtcTime from = UtcTime::min();
  UtcTime to = UtcTime::max();
  std::size_t limit = 100;
  std::function<bool(const DecisionRecord&)> wanted;  // may be empty
  // Only what is older than this one: where the page before has ended.
  std::optional<std::pair<UtcTime, Uuid>> before;
};

struct JournalTotals {
  std::uint64_t recorded = 0;
  std::uint64_t lost_for_room = 0;  // the lane was full
  std::uint64_t lost_for_disk = 0;  // it could not be written
  std::uint64_t bytes = 0;          // on disk now
  std::uint64_t records = 0;        // on disk now
  std::uint64_t deleted_segments = 0;
  std::uint64_t damaged_blocks = 0;  // found since the start
};

// What is kept, of each endpoint, and within which bounds.
struct JournalReport {
  struct Endpoint {
    std::string endpoint;
    SegmentLog::Totals totals;
    Keeping keeping;
  };
  Durability durability{};
  Bounds bounds;
  JournalTotals totals;
  std::vector<Endpoint> endpoints;
};

enum class Record { kIfRoom, kPromised };

// NotFound, in the journal's words.
Error unknown_prediction(const Uuid& id);

class Journal final : private LaneWriter::Work {
 public:
  static constexpr std::chrono::milliseconds kSyncInterval{1000};

  // FailedPrecondition while another one has the folder.
  static Result<std::unique_ptr<Journal>> open(JournalOptions options, telemetry::Log& log, const Clock& clock);
  ~Journal();

  // Keeps room for a record that must not be lost. Unavailable when there is none, or when the disk took nothing just
  // now.
  Status promise(std::size_t loop);
  // The position that the answer waits for; 0 when it waits for none.
  std::uint64_t record(std::size_t loop, const Decision& decision, Record how = Record::kIfRoom);
  void end_turn(std::size_t loop);

  // NotFound when there is none.
  Result<DecisionRecord> find(const Uuid& id);
  Result<std::vector<DecisionRecord>> list(const Query& query);
  // Those of the ids that are kept, in their order. "": of any endpoint.
  std::vector<DecisionRecord> find_all(const std::string& endpoint, std::vector<Uuid> ids);
  // Gives every record of a time to `take`, in no order.
  using Scan = std::function<void(const std::string& endpoint, const DecisionRow& row, const NameTable& names)>;
  void scan(const std::string& endpoint, UtcTime from, UtcTime to, const Scan& take);
  JournalTotals totals() const;
  JournalReport report();
  // How endpoints' records are kept from now on.
  void keep(std::map<std::string, Keeping, std::less<>> own);
  // Writes what was recorded.
  void flush();
  // Once, when the loops have ended.
  void stop();

 private:
  struct alignas(64) Seat {
    bool recorded_in_turn = false;
    bool waits_in_turn = false;
    std::size_t promised = 0;
    std::atomic<std::uint64_t> waits_for{0};  // the last position that an answer waits for
    std::atomic<std::uint64_t> recorded{0};
    std::atomic<std::uint64_t> lost{0};
    std::uint64_t told = 0;  // of the writer: the position it has told
  };
  // Records of one endpoint on their way to disk.
  struct Waiting {
    std::vector<DecisionRow> rows;
    NameTable names;
  };

  Journal(JournalOptions options, telemetry::Log& log, const Clock& clock);
  Status open_endpoints();
  Result<DecisionLog*> log_of(const std::string& endpoint);
  std::vector<std::shared_ptr<DecisionLog>> logs(const std::string& endpoint) const;

  void write(bool awaited) override;
  void rest(bool last) override;
  void write_gathered();
  bool append(const std::string& endpoint, Waiting& waiting);
  void sync_all();
  void make_durable();
  void tell_loops();
  void tidy();
  void tell(std::string_view what, const Error& why);
  void tell_losses();
  void tell_damage();

  const JournalOptions options_;
  telemetry::Log& log_;
  const Clock& clock_;
  LaneWriter writer_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::atomic<std::int64_t> refuses_until_{0};  // steady nanoseconds: the disk took nothing

  mutable Mutex logs_mutex_;
  std::map<std::string, Keeping, std::less<>> keeping_ MODELYARD_GUARDED_BY(logs_mutex_);
  std::map<std::string, std::shared_ptr<DecisionLog>, std::less<>> logs_ MODELYARD_GUARDED_BY(logs_mutex_);

  UniqueFd lock_;  // of the folder: two writers would write over one another
  // Of the writer.
  std::unique_ptr<Pruner> pruner_;
  std::map<std::string, Waiting, std::less<>> waiting_;
  bool pass_kept_all_ = true;
  std::vector<DecisionLog*> unsynced_;
  SteadyTime last_sync_{};
  SteadyTime next_tidy_{};
  std::uint64_t losses_told_ = 0;
  std::string trouble_;  // that was logged and lasts
  std::atomic<std::uint64_t> lost_for_disk_{0};
  std::atomic<std::uint64_t> damage_told_{0};
};

}  // namespace modelyard::journal
