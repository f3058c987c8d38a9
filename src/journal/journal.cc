#include "journal/journal.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <utility>

namespace modelyard::journal {
namespace {

constexpr std::chrono::seconds kTidyInterval{1};
constexpr std::chrono::seconds kRefusal{1};  // then one may try whether the disk takes records again
constexpr std::size_t kMostNames = 4096;     // of an endpoint between passes; then it begins anew

void bump(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

std::string_view durability_name(Durability durability) {
  switch (durability) {
    case Durability::kNone: return "none";
    case Durability::kInterval: return "interval";
    case Durability::kGroup: return "group";
  }
  return "?";
}

std::optional<Durability> parse_durability(std::string_view name) {
  for (const Durability durability : {Durability::kNone, Durability::kInterval, Durability::kGroup}) {
    if (durability_name(durability) == name) return durability;
  }
  return std::nullopt;
}

Journal::Journal(JournalOptions options, telemetry::Log& log, const Clock& clock)
    : options_(std::move(options)),
      log_(log),
      clock_(clock),
      writer_(options_.loops, options_.lane_bytes),
      keeping_(options_.keeping) {
  for (std::size_t i = 0; i < options_.loops; ++i) seats_.push_back(std::make_unique<Seat>());
}

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, telemetry::Log& log, const Clock& clock) {
  std::unique_ptr<Journal> journal(new Journal(std::move(options), log, clock));
  MODELYARD_TRY(journal->open_endpoints());
  journal->writer_.start("journal", *journal);
  return journal;
}

Journal::~Journal() {
  stop();
}

Status Journal::open_endpoints() {
  MODELYARD_ASSIGN(const Directory root, Directory::create(options_.folder));
  MODELYARD_ASSIGN(lock_, root.open_file("lock", O_RDWR | O_CREAT));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return error(Code::kFailedPrecondition, "another server writes {}: stop it, or give this one another data folder",
                 options_.folder);
  }
  MODELYARD_ASSIGN(pruner_, Pruner::open(root, "deletions.jsonl", log_));
  MODELYARD_ASSIGN(const Directory endpoints, Directory::create(options_.folder + "/endpoints"));
  MODELYARD_ASSIGN(const auto names, endpoints.list(""));
  for (const std::string& name : names) {
    if (check_model_name(name)) MODELYARD_TRY(log_of(name));
  }
  return ok();
}

Result<DecisionLog*> Journal::log_of(const std::string& endpoint) {
  {
    MutexLock lock(logs_mutex_);
    if (const auto known = logs_.find(endpoint); known != logs_.end()) return known->second.get();
  }
  Recovery recovery;
  MODELYARD_ASSIGN(std::shared_ptr<DecisionLog> log, DecisionLog::open(options_.folder + "/endpoints/" + endpoint,
                                                                       endpoint, options_.segments, recovery));
  if (recovery.cut_bytes > 0) {
    log_.warning("the journal was cut off in the middle of a record: what follows its last whole block is dropped",
                 {{"endpoint", endpoint}, {"bytes", static_cast<std::int64_t>(recovery.cut_bytes)}});
  }
  if (recovery.damaged_bytes > 0) {
    log_.error("the journal is damaged: records are missing",
               {{"endpoint", endpoint}, {"bytes", static_cast<std::int64_t>(recovery.damaged_bytes)}});
  }
  MutexLock lock(logs_mutex_);
  return (logs_[endpoint] = std::move(log)).get();
}

std::vector<std::shared_ptr<DecisionLog>> Journal::logs(const std::string& endpoint) const {
  std::vector<std::shared_ptr<DecisionLog>> logs;
  MutexLock lock(logs_mutex_);
  for (const auto& [name, log] : logs_) {
    if (endpoint.empty() || name == endpoint) logs.push_back(log);
  }
  return logs;
}

Status Journal::promise(std::size_t loop) {
  Seat& seat = *seats_[loop];
  const bool refuses = clock_.steady_now().time_since_epoch().count() < refuses_until_.load(std::memory_order_relaxed);
  if (refuses || !writer_.lane(loop).has_room((seat.promised + 2) * kMostPackedBytes)) {
    return error(Code::kUnavailable, "{}, and this endpoint answers nothing without a record",
                 refuses ? "the disk does not take records" : "there is no room for the record");
  }
  ++seat.promised;
  return ok();
}

std::uint64_t Journal::record(std::size_t loop, const Decision& decision, Record how) {
  Seat& seat = *seats_[loop];
  seat.recorded_in_turn = true;
  if (how == Record::kPromised) --seat.promised;
  const std::size_t kept_free = (seat.promised + 1) * kMostPackedBytes;
  const bool may =
      how == Record::kPromised || seat.promised == 0 || writer_.lane(loop).has_room(kept_free + kMostPackedBytes);
  std::byte* const room = may ? writer_.lane(loop).room(packed_bytes(decision)) : nullptr;
  if (room == nullptr) {
    bump(seat.lost);
    return 0;
  }
  const bool waits = how == Record::kPromised || options_.durability == Durability::kGroup;
  pack(decision, room);
  const std::uint64_t position = writer_.lane(loop).position_after();
  if (waits) {
    seat.waits_for.store(position, std::memory_order_relaxed);  // before the record is seen
    seat.waits_in_turn = true;
  }
  writer_.lane(loop).commit();
  bump(seat.recorded);
  return waits ? position : 0;
}

void Journal::end_turn(std::size_t loop) {
  Seat& seat = *seats_[loop];
  if (!std::exchange(seat.recorded_in_turn, false)) return;
  const bool waits = std::exchange(seat.waits_in_turn, false);
  const bool hurries = waits || !writer_.lane(loop).has_room(options_.lane_bytes / 2);
  writer_.end_turn(loop, hurries ? LaneWriter::Wake::kHurry : LaneWriter::Wake::kGather);
}

void Journal::flush() {
  writer_.flush();
}

void Journal::stop() {
  writer_.stop();
}

void Journal::write(bool) {
  write_gathered();
  make_durable();
  tell_loops();
}

void Journal::rest(bool last) {
  if (clock_.steady_now() >= next_tidy_) tidy();
  if (!last) return;
  sync_all();
  tell_losses();
}

void Journal::write_gathered() {
  for (std::size_t loop = 0; loop < writer_.loops(); ++loop) {
    writer_.take(loop, [this](std::span<const std::byte> packed) {
      const Decision decision = unpack(packed);
      auto waiting = waiting_.find(decision.endpoint);
      if (waiting == waiting_.end()) waiting = waiting_.emplace(decision.endpoint, Waiting{}).first;
      waiting->second.rows.push_back(row_of(decision, waiting->second.names));
    });
  }
  pass_kept_all_ = true;
  bool appended = false;
  for (auto& [endpoint, waiting] : waiting_) {
    if (waiting.rows.empty()) continue;
    if (!append(endpoint, waiting)) lost_for_disk_.fetch_add(waiting.rows.size(), std::memory_order_relaxed);
    waiting.rows.clear();
    if (waiting.names.size() > kMostNames) waiting.names = NameTable();
    appended = true;
  }
  if (appended && pass_kept_all_) trouble_.clear();
}

bool Journal::append(const std::string& endpoint, Waiting& waiting) {
  const auto log = log_of(endpoint);
  const Status appended = log ? (*log)->append(waiting.rows, waiting.names, clock_.utc_now()) : Status(log.error());
  if (!appended) {
    tell("decision records cannot be written", appended.error());
    pass_kept_all_ = false;
    return false;
  }
  if (std::ranges::find(unsynced_, *log) == unsynced_.end()) unsynced_.push_back(*log);
  return true;
}

void Journal::sync_all() {
  std::erase_if(unsynced_, [this](DecisionLog* log) {
    const Status synced = log->files().sync();
    if (synced) return true;
    tell("decision records cannot be made durable", synced.error());
    pass_kept_all_ = false;
    return false;  // it is tried again
  });
}

void Journal::make_durable() {
  const SteadyTime now = clock_.steady_now();
  const bool due = options_.durability == Durability::kGroup ||
                   (options_.durability == Durability::kInterval && now >= last_sync_ + kSyncInterval);
  if (due && !unsynced_.empty()) {
    sync_all();
    last_sync_ = now;
  }
  if (!pass_kept_all_) {
    refuses_until_.store((now + kRefusal).time_since_epoch().count(), std::memory_order_relaxed);
  }
}

// Of the loops where answers wait.
void Journal::tell_loops() {
  for (std::size_t loop = 0; loop < seats_.size(); ++loop) {
    Seat& seat = *seats_[loop];
    const bool somebody_waits = seat.waits_for.load(std::memory_order_relaxed) > seat.told;
    const std::uint64_t taken = writer_.taken(loop);
    if (somebody_waits && taken > seat.told) options_.on_kept(loop, taken, pass_kept_all_);
    seat.told = taken;
  }
}

void Journal::tidy() {
  next_tidy_ = clock_.steady_now() + kTidyInterval;
  std::vector<EndpointFiles> files;
  for (const auto& log : logs("")) files.push_back({log->endpoint(), &log->files()});
  const auto keeping = [this] {
    MutexLock lock(logs_mutex_);
    return keeping_;
  };
  const Status done = pruner_->tidy(files, options_.bounds, keeping, clock_);
  if (!done) tell("the journal cannot be tidied up", done.error());
  tell_losses();
}

// Once, as long as it lasts.
void Journal::tell(std::string_view what, const Error& why) {
  if (trouble_ == why.message()) return;
  trouble_ = why.message();
  log_.error(what, {{"error", why.message()}});
}

void Journal::tell_losses() {
  std::uint64_t lost = lost_for_disk_.load(std::memory_order_relaxed);
  for (const auto& seat : seats_) lost += seat->lost.load(std::memory_order_relaxed);
  if (lost == losses_told_) return;
  log_.warning("decision records were lost", {{"records", static_cast<std::int64_t>(lost - losses_told_)},
                                              {"since_start", static_cast<std::int64_t>(lost)}});
  losses_told_ = lost;
}

void Journal::tell_damage() {
  const std::uint64_t damaged = totals().damaged_blocks;
  if (damage_told_.exchange(damaged) >= damaged) return;
  log_.error("blocks of the journal are damaged: their records are missing",
             {{"blocks", static_cast<std::int64_t>(damaged)}, {"folder", options_.folder}});
}

void Journal::keep(std::map<std::string, Keeping, std::less<>> own) {
  MutexLock lock(logs_mutex_);
  keeping_ = std::move(own);
}

JournalReport Journal::report() {
  flush();
  JournalReport report{options_.durability, options_.bounds, totals(), {}};
  for (const auto& log : logs("")) {
    JournalReport::Endpoint endpoint{log->endpoint(), log->files().totals(), {}};
    if (endpoint.totals.records == 0) continue;
    MutexLock lock(logs_mutex_);
    if (const auto own = keeping_.find(endpoint.endpoint); own != keeping_.end()) endpoint.keeping = own->second;
    report.endpoints.push_back(std::move(endpoint));
  }
  return report;
}

JournalTotals Journal::totals() const {
  JournalTotals totals;
  for (const auto& seat : seats_) {
    totals.recorded += seat->recorded.load(std::memory_order_relaxed);
    totals.lost_for_room += seat->lost.load(std::memory_order_relaxed);
  }
  totals.lost_for_disk = lost_for_disk_.load(std::memory_order_relaxed);
  totals.deleted_segments = pruner_->deleted();
  for (const auto& log : logs("")) {
    const SegmentLog::Totals kept = log->files().totals();
    totals.bytes += kept.bytes;
    totals.records += kept.records;
    totals.damaged_blocks += kept.damaged_blocks;
  }
  return totals;
}

}  // namespace modelyard::journal
