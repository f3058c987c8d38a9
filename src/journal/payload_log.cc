#include "journal/payload_log.h"

namespace modelyard::journal {
namespace {

constexpr std::size_t kBlockBytes = 1u << 20;  // of values, before they are compressed

}  // namespace

Result<std::unique_ptr<PayloadLog>> PayloadLog::open(const std::string& folder, std::string endpoint,
                                                     SegmentLimits limits, PayloadEncoder::Hash hash,
                                                     Recovery& recovery) {
  MODELYARD_ASSIGN(auto files, SegmentLog::open(folder, kPayloads, limits, nullptr, recovery));
  return std::unique_ptr<PayloadLog>(new PayloadLog(std::move(endpoint), std::move(files), std::move(hash)));
}

Status PayloadLog::add(const Payload& payload, UtcTime now) {
  if (!encoder_.has_room(payload)) MODELYARD_TRY(write(now));
  encoder_.add(payload);
  return encoder_.bytes() >= kBlockBytes ? write(now) : ok();
}

Status PayloadLog::write(UtcTime now) {
  const std::size_t rows = encoder_.rows();
  if (rows == 0) return ok();
  const TimeRange times = encoder_.times();
  const Status appended = files_->append(encoder_.encode(), rows, times, now);
  encoder_.clear();
  if (!appended) lost_ += rows;
  return appended;
}

void PayloadLog::scan(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakePayload& take) const {
  files_->read(segment, from, to, [&](std::string_view block) {
    std::vector<PayloadRecord> payloads;
    if (!decode_payloads(block, payloads)) return SegmentLog::Taken::kDamaged;
    for (PayloadRecord& payload : payloads) {
      if (payload.time >= from && payload.time <= to) take(payload);
    }
    return SegmentLog::Taken::kMore;
  });
}

Result<PayloadRecord> PayloadLog::find(const SegmentInfo& segment, const Uuid& id, UtcTime from, UtcTime to) const {
  std::vector<PayloadRecord> found;
  files_->read(segment, from, to, [&](std::string_view block) {
    if (!decode_payloads(block, found, id)) return SegmentLog::Taken::kDamaged;
    return found.empty() ? SegmentLog::Taken::kMore : SegmentLog::Taken::kEnough;
  });
  if (found.empty()) return error(Code::kNotFound, "no payload of prediction {}", id.text());
  return std::move(found.front());
}

}  // namespace modelyard::journal
