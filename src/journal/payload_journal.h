// PayloadJournal keeps what captured predictions were asked and what they answered, and finds it by id.
//
// Durability: payloads reach their file within kWriteInterval; a crash can lose those of that time, and of a machine
//             those since the last second before it. What a segment holds once it is sealed is durable.
// Limits:     kMostFields and half a lane for a payload; a larger one is lost.
// Loss:       a lane that is full, or a disk that takes nothing, drops payloads and counts them; serving never waits.
// Threads:    record() and end_turn() on the loop whose number is given; the rest from any. find() and scan() see all
//             that was recorded before.
#pragma once

#include <map>

#include "journal/hash_key.h"
#include "journal/lane_writer.h"
#include "journal/payload_log.h"
#include "journal/pruner.h"

namespace modelyard::journal {

struct PayloadOptions {
  std::string folder;  // the journal's, which is open
  std::size_t loops = 1;
  Bounds bounds;
  std::map<std::string, Keeping, std::less<>> keeping;  // of endpoints, until keep() says otherwise
  SegmentLimits segments{.rows = 1u << 20, .worth_a_file = 1024};
  std::size_t lane_bytes = 8u << 20;  // of each loop; a power of two
};

struct PayloadTotals {
  std::uint64_t recorded = 0;
  std::uint64_t lost_for_room = 0;
  std::uint64_t lost_for_disk = 0;
  std::uint64_t records = 0;  // on disk now
  std::uint64_t bytes = 0;
  std::uint64_t deleted_segments = 0;
  std::uint64_t damaged_blocks = 0;
};

class PayloadJournal final : private LaneWriter::Work {
 public:
  static constexpr std::chrono::seconds kWriteInterval{1};

  static Result<std::unique_ptr<PayloadJournal>> open(PayloadOptions options, telemetry::Log& log, const Clock& clock);
  ~PayloadJournal() override;

  void record(std::size_t loop, const Payload& payload);
  void end_turn(std::size_t loop);

  // NotFound when nothing of this prediction was captured, or it is not kept any more.
  Result<PayloadRecord> find(const std::string& endpoint, const Uuid& id);
  // Those of the predictions, sorted by id, that were captured and are kept, in their order.
  std::vector<PayloadRecord> find_all(const std::string& endpoint, std::span<const Uuid> ids);
  // Gives every payload of a time to `take`, in no order.
  void scan(const std::string& endpoint, UtcTime from, UtcTime to, const PayloadLog::TakePayload& take);
  void keep(std::map<std::string, Keeping, std::less<>> own);
  PayloadTotals totals() const;
  const Bounds& bounds() const { return options_.bounds; }
  // Of one endpoint.
  SegmentLog::Totals kept_of(const std::string& endpoint) const;
  // Once, when the loops have ended.
  void stop();

 private:
  struct alignas(64) Seat {
    bool recorded_in_turn = false;
    std::atomic<std::uint64_t> recorded{0};
    std::atomic<std::uint64_t> lost{0};
  };

  PayloadJournal(PayloadOptions options, HashKey key, telemetry::Log& log, const Clock& clock);
  Status open_endpoints(const Directory& root);
  Result<std::shared_ptr<PayloadLog>> log_of(const std::string& endpoint);
  std::vector<std::shared_ptr<PayloadLog>> logs() const;
  // Writes what was recorded.
  void flush();
  void write(bool awaited) override;
  void rest(bool last) override;
  void add(const Payload& payload);
  void write_all();
  Status tidy();
  void tell(std::string_view what, const Error& why);
  void tell_losses();

  const PayloadOptions options_;
  const HashKey key_;
  telemetry::Log& log_;
  const Clock& clock_;
  LaneWriter writer_;
  std::vector<std::unique_ptr<Seat>> seats_;

  mutable Mutex mutex_;
  std::map<std::string, Keeping, std::less<>> keeping_ MODELYARD_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<PayloadLog>, std::less<>> logs_ MODELYARD_GUARDED_BY(mutex_);

  // Of the writer.
  std::unique_ptr<Pruner> pruner_;
  FieldRoom room_;
  SteadyTime next_write_{};
  SteadyTime next_tidy_{};
  std::uint64_t losses_told_ = 0;
  std::string trouble_;  // that was logged and lasts
  std::atomic<std::uint64_t> lost_for_disk_{0};
};

}  // namespace modelyard::journal
