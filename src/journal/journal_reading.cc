// How the journal is read.
#include <algorithm>

#include "journal/journal.h"

namespace modelyard::journal {
namespace {

constexpr std::chrono::microseconds kSpan{999};  // of the times of one id
constexpr std::size_t kMostReads = 256;          // of a call for many ids

bool newer(const DecisionRecord& a, const DecisionRecord& b) {
  return std::pair(a.time, a.id) > std::pair(b.time, b.id);
}

bool fits(const DecisionRecord& record, const Query& query) {
  if (record.time < query.from || record.time > query.to) return false;
  if (query.before && std::pair(record.time, record.id) >= *query.before) return false;
  return !query.wanted || query.wanted(record);
}

UtcTime first_time(const Uuid& id) {
  return utc_from_micros(id.milliseconds() * 1000);
}

// Parts of sorted ids that are each read in one go: cut where nothing lies between two of them for the longest time.
std::vector<std::span<const Uuid>> parts_of(std::span<const Uuid> ids) {
  constexpr std::int64_t kWorthACut = 1000;  // milliseconds
  std::vector<std::size_t> cuts;
  const auto gap = [&](std::size_t i) { return ids[i].milliseconds() - ids[i - 1].milliseconds(); };
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (gap(i) > kWorthACut) cuts.push_back(i);
  }
  std::ranges::sort(cuts, std::greater<>{}, gap);
  cuts.resize(std::min(cuts.size(), kMostReads - 1));
  std::ranges::sort(cuts);
  std::vector<std::span<const Uuid>> parts;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) parts.push_back(ids.subspan(begin, cut - std::exchange(begin, cut)));
  parts.push_back(ids.subspan(begin));
  return parts;
}

}  // namespace

Error unknown_prediction(const Uuid& id) {
  return error(Code::kNotFound, "prediction {} is not in the journal", id.text());
}

Result<DecisionRecord> Journal::find(const Uuid& id) {
  flush();
  const UtcTime from = first_time(id);
  const UtcTime to = from + kSpan;
  std::optional<DecisionRecord> found;
  for (const auto& log : logs("")) {
    for (const SegmentInfo& segment : log->files().segments()) {
      if (segment.last_time < utc_micros(from) || segment.first_time > utc_micros(to)) continue;
      log->read(segment, from, to, [&](std::span<const DecisionRow> rows, const NameTable& names) {
        const auto row = std::ranges::find(rows, id, &DecisionRow::id);
        if (row != rows.end()) found = record_of(*row, names, log->endpoint());
        return !found;
      });
      if (found) return std::move(*found);
    }
  }
  tell_damage();
  return unknown_prediction(id);
}

Result<std::vector<DecisionRecord>> Journal::list(const Query& query) {
  flush();
  Query within = query;
  if (within.before) within.to = std::min(within.to, within.before->first);
  std::vector<std::pair<std::shared_ptr<DecisionLog>, SegmentInfo>> segments;
  for (const auto& log : logs(within.endpoint)) {
    for (SegmentInfo& segment : log->files().segments()) {
      if (segment.last_time < utc_micros(within.from) || segment.first_time > utc_micros(within.to)) continue;
      segments.emplace_back(log, std::move(segment));
    }
  }
  std::ranges::sort(segments, std::greater<>{}, [](const auto& entry) { return entry.second.last_time; });
  std::vector<DecisionRecord> found;
  // Whether nothing that ends at `time` can be among the newest any more.
  const auto is_enough = [&](std::int64_t time) {
    return found.size() >= within.limit && utc_micros(found[within.limit - 1].time) > time;
  };
  for (const auto& [log, segment] : segments) {
    if (is_enough(segment.last_time)) break;
    log->read(segment, within.from, within.to, [&](std::span<const DecisionRow> rows, const NameTable& names) {
      const auto last = std::ranges::max(rows, {}, &DecisionRow::time).time;
      if (is_enough(last)) return false;
      for (const DecisionRow& row : rows) {
        DecisionRecord record = record_of(row, names, log->endpoint());
        if (fits(record, within)) found.push_back(std::move(record));
      }
      std::ranges::sort(found, newer);
      found.resize(std::min(found.size(), within.limit));
      return true;
    });
  }
  tell_damage();
  return found;
}

void Journal::scan(const std::string& endpoint, UtcTime from, UtcTime to, const Scan& take) {
  flush();
  for (const auto& log : logs(endpoint)) {
    for (const SegmentInfo& segment : log->files().segments()) {
      if (segment.last_time < utc_micros(from) || segment.first_time > utc_micros(to)) continue;
      log->read(segment, from, to, [&](std::span<const DecisionRow> rows, const NameTable& names) {
        for (const DecisionRow& row : rows) {
          if (row.time >= utc_micros(from) && row.time <= utc_micros(to)) take(log->endpoint(), row, names);
        }
        return true;
      });
    }
  }
  tell_damage();
}

std::vector<DecisionRecord> Journal::find_all(const std::string& endpoint, std::vector<Uuid> ids) {
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<DecisionRecord> found;
  if (ids.empty()) return found;
  for (const std::span<const Uuid> part : parts_of(ids)) {
    scan(endpoint, first_time(part.front()), first_time(part.back()) + kSpan,
         [&](const std::string& of, const DecisionRow& row, const NameTable& names) {
           if (std::ranges::binary_search(part, row.id)) found.push_back(record_of(row, names, of));
         });
  }
  std::ranges::sort(found, {}, &DecisionRecord::id);
  return found;
}

}  // namespace modelyard::journal
