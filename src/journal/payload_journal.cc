#include "journal/payload_journal.h"

#include "base/names.h"

namespace modelyard::journal {
namespace {

constexpr std::chrono::seconds kTidyInterval{1};

void bump(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

PayloadJournal::PayloadJournal(PayloadOptions options, HashKey key, telemetry::Log& log, const Clock& clock)
    : options_(std::move(options)),
      key_(key),
      log_(log),
      clock_(clock),
      writer_(options_.loops, options_.lane_bytes),
      keeping_(options_.keeping) {
  for (std::size_t i = 0; i < options_.loops; ++i) seats_.push_back(std::make_unique<Seat>());
}

Result<std::unique_ptr<PayloadJournal>> PayloadJournal::open(PayloadOptions options, telemetry::Log& log,
                                                             const Clock& clock) {
  MODELYARD_ASSIGN(const Directory root, Directory::create(options.folder));
  MODELYARD_ASSIGN(const HashKey key, HashKey::open(root));
  std::unique_ptr<PayloadJournal> journal(new PayloadJournal(std::move(options), key, log, clock));
  MODELYARD_ASSIGN(journal->pruner_, Pruner::open(root, "payload-deletions.jsonl", log));
  MODELYARD_TRY(journal->open_endpoints(root));
  journal->writer_.start("payloads", *journal);
  return journal;
}

PayloadJournal::~PayloadJournal() {
  stop();
}

Status PayloadJournal::open_endpoints(const Directory& root) {
  MODELYARD_TRY(Directory::create(options_.folder + "/endpoints"));
  MODELYARD_ASSIGN(const auto names, root.list("endpoints"));
  for (const std::string& name : names) {
    if (!check_model_name(name)) continue;
    MODELYARD_ASSIGN(const auto files, root.list("endpoints/" + name));
    const bool has_some =
        std::ranges::any_of(files, [](const std::string& file) { return file.starts_with(kPayloads.stem); });
    if (has_some) MODELYARD_TRY(log_of(name));
  }
  return ok();
}

Result<std::shared_ptr<PayloadLog>> PayloadJournal::log_of(const std::string& endpoint) {
  {
    MutexLock lock(mutex_);
    if (const auto known = logs_.find(endpoint); known != logs_.end()) return known->second;
  }
  Recovery recovery;
  const auto hash = [this](std::string_view field, std::string_view element) { return key_.text_of(field, element); };
  MODELYARD_ASSIGN(std::shared_ptr<PayloadLog> log, PayloadLog::open(options_.folder + "/endpoints/" + endpoint,
                                                                     endpoint, options_.segments, hash, recovery));
  if (recovery.cut_bytes + recovery.damaged_bytes > 0) {
    log_.warning("captured payloads are missing: their file was cut off or damaged",
                 {{"endpoint", endpoint},
                  {"cut_bytes", static_cast<std::int64_t>(recovery.cut_bytes)},
                  {"damaged_bytes", static_cast<std::int64_t>(recovery.damaged_bytes)}});
  }
  MutexLock lock(mutex_);
  return logs_[endpoint] = std::move(log);
}

std::vector<std::shared_ptr<PayloadLog>> PayloadJournal::logs() const {
  std::vector<std::shared_ptr<PayloadLog>> logs;
  MutexLock lock(mutex_);
  for (const auto& [name, log] : logs_) logs.push_back(log);
  return logs;
}

void PayloadJournal::record(std::size_t loop, const Payload& payload) {
  Seat& seat = *seats_[loop];
  Lane& lane = writer_.lane(loop);
  seat.recorded_in_turn = true;
  const std::size_t bytes = packed_bytes(payload);
  const bool may = bytes <= options_.lane_bytes / 2 && payload.fields.size() <= kMostFields;
  std::byte* const room = may ? lane.room(bytes) : nullptr;
  if (room == nullptr) return bump(seat.lost);
  pack(payload, room);
  lane.commit();
  bump(seat.recorded);
}

void PayloadJournal::end_turn(std::size_t loop) {
  if (!std::exchange(seats_[loop]->recorded_in_turn, false)) return;
  const bool is_full = !writer_.lane(loop).has_room(options_.lane_bytes / 2);
  writer_.end_turn(loop, is_full ? LaneWriter::Wake::kHurry : LaneWriter::Wake::kGather);
}

void PayloadJournal::write(bool awaited) {
  for (std::size_t loop = 0; loop < writer_.loops(); ++loop) {
    writer_.take(loop, [this](std::span<const std::byte> packed) { add(unpack_payload(packed, room_)); });
  }
  const SteadyTime now = clock_.steady_now();
  if (!awaited && now < next_write_) return;
  next_write_ = now + kWriteInterval;
  write_all();
}

void PayloadJournal::add(const Payload& payload) {
  const auto log = log_of(std::string(payload.endpoint));
  if (!log) {
    lost_for_disk_.fetch_add(1, std::memory_order_relaxed);
    return tell("payloads cannot be written", log.error());
  }
  const std::uint64_t before = (*log)->lost();
  const Status added = (*log)->add(payload, clock_.utc_now());
  if (added) return;
  lost_for_disk_.fetch_add((*log)->lost() - before, std::memory_order_relaxed);
  tell("payloads cannot be written", added.error());
}

void PayloadJournal::write_all() {
  bool wrote_all = true;
  for (const auto& log : logs()) {
    const std::uint64_t before = log->lost();
    Status written = log->write(clock_.utc_now());
    if (written) written = log->files().sync();
    if (written) continue;
    wrote_all = false;
    lost_for_disk_.fetch_add(log->lost() - before, std::memory_order_relaxed);
    tell("payloads cannot be written", written.error());
  }
  if (wrote_all) trouble_.clear();
}

void PayloadJournal::rest(bool last) {
  if (last) write_all();
  if (!last && clock_.steady_now() < next_tidy_) return;
  next_tidy_ = clock_.steady_now() + kTidyInterval;
  const Status tidied = tidy();
  if (!tidied) tell("captured payloads cannot be tidied up", tidied.error());
  tell_losses();
}

Status PayloadJournal::tidy() {
  std::vector<EndpointFiles> files;
  for (const auto& log : logs()) files.push_back({log->endpoint(), &log->files()});
  const auto keeping = [this] {
    MutexLock lock(mutex_);
    return keeping_;
  };
  return pruner_->tidy(files, options_.bounds, keeping, clock_);
}

// Once, as long as it lasts.
void PayloadJournal::tell(std::string_view what, const Error& why) {
  if (trouble_ == why.message()) return;
  trouble_ = why.message();
  log_.error(what, {{"error", why.message()}});
}

void PayloadJournal::tell_losses() {
  const PayloadTotals now = totals();
  const std::uint64_t lost = now.lost_for_room + now.lost_for_disk;
  if (lost == losses_told_) return;
  log_.warning("captured payloads were lost", {{"payloads", static_cast<std::int64_t>(lost - losses_told_)},
                                               {"since_start", static_cast<std::int64_t>(lost)}});
  losses_told_ = lost;
}

void PayloadJournal::flush() {
  writer_.flush();
}

void PayloadJournal::scan(const std::string& endpoint, UtcTime from, UtcTime to, const PayloadLog::TakePayload& take) {
  flush();
  for (const auto& log : logs()) {
    if (log->endpoint() != endpoint) continue;
    for (const SegmentInfo& segment : log->files().segments()) {
      if (segment.last_time < utc_micros(from) || segment.first_time > utc_micros(to)) continue;
      log->scan(segment, from, to, take);
    }
  }
}

std::vector<PayloadRecord> PayloadJournal::find_all(const std::string& endpoint, std::span<const Uuid> ids) {
  std::vector<PayloadRecord> found;
  if (ids.empty()) return found;
  const UtcTime from = utc_from_micros(ids.front().milliseconds() * 1000);
  const UtcTime to = utc_from_micros(ids.back().milliseconds() * 1000 + 999);
  scan(endpoint, from, to, [&](PayloadRecord& payload) {
    if (std::ranges::binary_search(ids, payload.id)) found.push_back(std::move(payload));
  });
  std::ranges::sort(found, {}, &PayloadRecord::id);
  return found;
}

Result<PayloadRecord> PayloadJournal::find(const std::string& endpoint, const Uuid& id) {
  flush();
  const std::int64_t first = id.milliseconds() * 1000;
  const std::int64_t last = first + 999;
  for (const auto& log : logs()) {
    if (log->endpoint() != endpoint) continue;
    for (const SegmentInfo& segment : log->files().segments()) {
      if (segment.last_time < first || segment.first_time > last) continue;
      auto found = log->find(segment, id, utc_from_micros(first), utc_from_micros(last));
      if (found || found.error().code() != Code::kNotFound) return found;
    }
  }
  return error(Code::kNotFound,
               "nothing of what prediction {} was asked was captured, or it is not kept any more: modelyard record {} "
               "shows what is captured",
               id.text(), endpoint);
}

void PayloadJournal::keep(std::map<std::string, Keeping, std::less<>> own) {
  MutexLock lock(mutex_);
  keeping_ = std::move(own);
}

PayloadTotals PayloadJournal::totals() const {
  PayloadTotals totals;
  for (const auto& seat : seats_) {
    totals.recorded += seat->recorded.load(std::memory_order_relaxed);
    totals.lost_for_room += seat->lost.load(std::memory_order_relaxed);
  }
  totals.lost_for_disk = lost_for_disk_.load(std::memory_order_relaxed);
  totals.deleted_segments = pruner_->deleted();
  for (const auto& log : logs()) {
    const SegmentLog::Totals kept = log->files().totals();
    totals.records += kept.records;
    totals.bytes += kept.bytes;
    totals.damaged_blocks += kept.damaged_blocks;
  }
  return totals;
}

SegmentLog::Totals PayloadJournal::kept_of(const std::string& endpoint) const {
  MutexLock lock(mutex_);
  const auto log = logs_.find(endpoint);
  return log == logs_.end() ? SegmentLog::Totals() : log->second->files().totals();
}

void PayloadJournal::stop() {
  writer_.stop();
}

}  // namespace modelyard::journal
