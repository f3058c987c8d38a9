#include "journal/decision_log.h"

namespace modelyard::journal {
namespace {

constexpr std::size_t kRowsOfSealedBlock = 8192;

// In the order of time, under one table of names.
Rewritten rewrite(std::span<const std::string> blocks) {
  Rewritten sealed;
  NameTable names;
  std::vector<DecisionRow> rows;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!decode_decisions(blocks[i], names, rows)) sealed.damaged.push_back(i);
  }
  if (rows.empty()) return sealed;
  if (!std::ranges::is_sorted(rows, {}, &DecisionRow::time)) std::ranges::sort(rows, {}, &DecisionRow::time);
  sealed.file = seal_decisions(rows, names);
  sealed.rows = rows.size();
  sealed.times = {rows.front().time, rows.back().time};
  return sealed;
}

}  // namespace

std::string seal_decisions(std::span<const DecisionRow> rows, const NameTable& names) {
  std::string file = segment_head(kDecisions);
  std::vector<BlockPlace> places;
  DecisionEncoder encoder;
  for (; !rows.empty(); rows = rows.subspan(std::min(rows.size(), kRowsOfSealedBlock))) {
    const auto some = rows.first(std::min(rows.size(), kRowsOfSealedBlock));
    const std::string_view block = encoder.encode(some, names, Packing::kCompressed);
    places.push_back(
        {file.size(), block.size(), some.front().time, some.back().time, static_cast<std::uint32_t>(some.size())});
    file += block;
  }
  return file + index_and_trailer(places);
}

Result<std::unique_ptr<DecisionLog>> DecisionLog::open(const std::string& folder, std::string endpoint,
                                                       SegmentLimits limits, Recovery& recovery) {
  MODELYARD_ASSIGN(auto files, SegmentLog::open(folder, kDecisions, limits, rewrite, recovery));
  return std::unique_ptr<DecisionLog>(new DecisionLog(std::move(endpoint), std::move(files)));
}

Status DecisionLog::append(std::span<const DecisionRow> rows, const NameTable& names, UtcTime now) {
  for (; !rows.empty(); rows = rows.subspan(std::min(rows.size(), kMostRows))) {
    const auto some = rows.first(std::min(rows.size(), kMostRows));
    const std::string_view block = encoder_.encode(some, names, Packing::kPlain);
    MODELYARD_TRY(files_->append(block, some.size(), time_range(some), now));
  }
  return ok();
}

void DecisionLog::read(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakeRows& take) const {
  files_->read(segment, from, to, [&](std::string_view block) {
    NameTable names;
    std::vector<DecisionRow> rows;
    if (!decode_decisions(block, names, rows)) return SegmentLog::Taken::kDamaged;
    return take(rows, names) ? SegmentLog::Taken::kMore : SegmentLog::Taken::kEnough;
  });
}

}  // namespace modelyard::journal
