#include "journal/verify.h"

#include <fcntl.h>

#include <algorithm>

#include "base/digest.h"
#include "base/directory.h"
#include "base/json.h"
#include "journal/decision_log.h"
#include "journal/payload_log.h"

namespace modelyard::journal {
namespace {

bool is_open(std::string_view file) {
  return file.ends_with(".open");
}

Result<TimeRange> decision_times(std::string_view block) {
  NameTable names;
  std::vector<DecisionRow> rows;
  MODELYARD_TRY(decode_decisions(block, names, rows));
  return time_range(std::span<const DecisionRow>(rows));
}
Result<TimeRange> payload_times(std::string_view block) {
  std::vector<PayloadRecord> payloads;
  MODELYARD_TRY(decode_payloads(block, payloads));
  const auto [least, most] = std::ranges::minmax(payloads, {}, &PayloadRecord::time);
  return TimeRange{utc_micros(least.time), utc_micros(most.time)};
}

// The records of a block, and whether its columns say what its head says.
Status verify_block(SegmentKind kind, std::string_view block, const BlockPlace& place, std::uint64_t& records) {
  MODELYARD_ASSIGN(const TimeRange times, kind.stem == kPayloads.stem ? payload_times(block) : decision_times(block));
  records += place.rows;
  if (times.first == place.first_time && times.last == place.last_time) return ok();
  return error(Code::kInvalidArgument, "its records are of another time than it says");
}

Status verify_index(std::string_view file, const std::vector<BlockPlace>& blocks) {
  MODELYARD_ASSIGN(const auto index, read_index(file, file.size()));
  const auto same = [](const BlockPlace& a, const BlockPlace& b) {
    return a.offset == b.offset && a.bytes == b.bytes && a.first_time == b.first_time && a.last_time == b.last_time &&
           a.rows == b.rows;
  };
  if (std::ranges::equal(index, blocks, same)) return ok();
  return error(Code::kInvalidArgument, "its index does not lead to its blocks");
}

void verify_segment(std::string_view text, FileVerdict& verdict) {
  verdict.bytes = text.size();
  const SegmentKind kind = verdict.file.starts_with(kPayloads.stem) ? kPayloads : kDecisions;
  const auto scan = scan_segment(kind, text);
  if (!scan) return verdict.damage.push_back(scan.error().message());
  for (const BlockPlace& place : scan->blocks) {
    const Status block = verify_block(kind, text.substr(place.offset, place.bytes), place, verdict.records);
    if (!block) verdict.damage.push_back(fmt::format("block at {}: {}", place.offset, block.error().message()));
  }
  if (scan->damaged_bytes > 0) {
    verdict.damage.push_back(fmt::format("{} bytes between its blocks are none", scan->damaged_bytes));
  }
  if (is_open(verdict.file)) return;  // its end may be on its way
  const Status index = verify_index(text, scan->blocks);
  if (!index) verdict.damage.push_back(index.error().message());
}

void verify_deletions(std::string_view text, std::string_view file, JournalVerdict& verdict) {
  std::string before;
  std::uint64_t line_number = 0;
  while (true) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return;  // what follows the last line's end was cut off by a crash
    const std::string line(text.substr(0, end));
    text.remove_prefix(end + 1);
    ++verdict.deletions;
    ++line_number;
    const auto document = parse_json(line);
    const std::string expected = before.empty() ? "" : sha256(before).hex();
    const bool follows = document && document->is_object() && document->value("previous", Json()) == expected;
    if (!follows) {
      verdict.deletions_damage.push_back(fmt::format(
          "{}: line {} does not follow the one before: it, or one before it, was changed", file, line_number));
    }
    before = line;
  }
}

}  // namespace

bool JournalVerdict::is_whole() const {
  return deletions_damage.empty() &&
         std::ranges::all_of(files, [](const FileVerdict& file) { return file.damage.empty(); });
}

Result<JournalVerdict> verify_journal(const std::string& folder,
                                      const std::function<void(std::size_t, std::size_t)>& progress) {
  JournalVerdict verdict;
  MODELYARD_ASSIGN(const Directory root, Directory::open(folder));
  MODELYARD_ASSIGN(const auto endpoints, root.list("endpoints"));
  for (const std::string& endpoint : endpoints) {
    MODELYARD_ASSIGN(const auto files, root.list("endpoints/" + endpoint));
    for (const std::string& file : files) {
      if (is_open(file) || file.ends_with(".segment")) verdict.files.push_back({endpoint, file});
    }
  }
  std::size_t done = 0;
  for (FileVerdict& file : verdict.files) {
    progress(done++, verdict.files.size());
    const std::string path = fmt::format("endpoints/{}/{}", file.endpoint, file.file);
    const auto fd = root.open_file(path, O_RDONLY);
    if (!fd && fd.error().code() == Code::kNotFound) continue;  // sealed or deleted since it was listed
    MODELYARD_TRY(fd);
    const auto text = read_all(fd->get(), path, kMostSegmentBytes);
    if (text) {
      verify_segment(*text, file);
    } else {
      file.damage.push_back(text.error().message());
    }
  }
  progress(done, verdict.files.size());
  for (const char* const proofs : {"deletions.jsonl", "payload-deletions.jsonl"}) {
    const auto log = root.open_file(proofs, O_RDONLY);
    if (!log) continue;
    MODELYARD_ASSIGN(const std::string text, read_all(log->get(), proofs, 1u << 30));
    verify_deletions(text, proofs, verdict);
  }
  return verdict;
}

}  // namespace modelyard::journal
