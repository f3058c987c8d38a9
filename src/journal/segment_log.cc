#include "journal/segment_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace modelyard::journal {
namespace {

constexpr std::string_view kOpen = ".open";
constexpr std::string_view kSealed = ".segment";
constexpr std::string_view kUnfinished = ".tmp";
constexpr std::string_view kDamaged = ".damaged";
constexpr std::chrono::days kLongestOpen{1};

Status write_at(int fd, std::string_view bytes, std::uint64_t offset, std::string_view file) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", file, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return ok();
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::uint64_t bytes, std::string_view file) {
  std::string text(bytes, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", file, errno);
    if (got == 0) return error(Code::kInvalidArgument, "{} is shorter than it was", file);
    done += static_cast<std::size_t>(got);
  }
  return text;
}

Result<std::uint64_t> size_of(int fd, std::string_view file) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_error("look at", file, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void take_bounds(SegmentInfo& info, std::span<const BlockPlace> places) {
  for (const BlockPlace& place : places) {
    info.first_time = info.rows == 0 ? place.first_time : std::min(info.first_time, place.first_time);
    info.last_time = info.rows == 0 ? place.last_time : std::max(info.last_time, place.last_time);
    info.rows += place.rows;
  }
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(const std::string& folder, SegmentKind kind, SegmentLimits limits,
                                                     Rewrite rewrite, Recovery& recovery) {
  MODELYARD_ASSIGN(Directory directory, Directory::create(folder));
  std::unique_ptr<SegmentLog> log(new SegmentLog(std::move(directory), kind, limits, std::move(rewrite)));
  MODELYARD_TRY(log->find_segments(recovery));
  return log;
}

std::string SegmentLog::file_name(std::uint64_t number, std::string_view ending) const {
  return fmt::format("{}{:010}{}", kind_.stem, number, ending);
}

std::uint64_t SegmentLog::number_of(std::string_view file) const {
  if (!file.starts_with(kind_.stem)) return 0;
  std::uint64_t number = 0;
  std::from_chars(file.data() + kind_.stem.size(), file.data() + file.size(), number);
  return number;
}

Status SegmentLog::find_segments(Recovery& recovery) {
  MODELYARD_ASSIGN(const std::vector<std::string> files, folder_.list(""));
  std::vector<std::string> open;
  for (const std::string& file : files) {
    const std::uint64_t number = number_of(file);
    next_number_ = std::max(next_number_, number + 1);
    if (number == 0) continue;
    if (file.ends_with(kUnfinished)) {
      MODELYARD_TRY(folder_.remove(file));
    } else if (file.ends_with(kSealed)) {
      const bool is_copy = std::ranges::binary_search(files, file_name(number, kOpen)) && !is_whole(file);
      MODELYARD_TRY(is_copy ? put_aside(file) : adopt_sealed(file, recovery));
    } else if (!file.ends_with(kOpen)) {
      continue;
    } else if (std::ranges::binary_search(files, file_name(number, kSealed)) && is_whole(file_name(number, kSealed))) {
      MODELYARD_TRY(folder_.remove(file));  // it was sealed, and a crash kept it from being removed
    } else {
      open.push_back(file);
    }
  }
  for (const std::string& file : open) {
    MODELYARD_TRY(adopt_open(file, recovery));
    if (file != open.back()) MODELYARD_TRY(seal());
  }
  return ok();
}

// Whether the file is a segment that can be read. What is none is put aside.
Result<bool> SegmentLog::is_readable(const std::string& file, int fd, std::uint64_t bytes, Recovery& recovery) const {
  MODELYARD_ASSIGN(const std::string head, read_at(fd, 0, std::min<std::uint64_t>(bytes, kSegmentHeadBytes), file));
  const Status known =
      bytes > kMostSegmentBytes ? Status(error(Code::kInvalidArgument, "too large")) : check_segment_head(kind_, head);
  if (known) return true;
  if (known.error().code() == Code::kUnimplemented) {
    return error(Code::kFailedPrecondition, "{}/{}: {}; use the newer modelyard that wrote it", folder_.path(), file,
                 known.error().message());
  }
  if (head.size() < kSegmentHeadBytes &&
      segment_head(kind_).starts_with(head)) {  // a crash came before there was anything in it
    MODELYARD_TRY(folder_.remove(file));
    return false;
  }
  recovery.damaged_bytes += bytes;
  MODELYARD_TRY(put_aside(file));
  return false;
}

Status SegmentLog::put_aside(const std::string& file) const {
  return folder_.rename(file, file + std::string(kDamaged));
}

// Whether a sealed segment is there to its end.
bool SegmentLog::is_whole(const std::string& sealed) const {
  const auto fd = folder_.open_file(sealed, O_RDONLY);
  if (!fd) return false;
  const auto bytes = size_of(fd->get(), sealed);
  if (!bytes || *bytes > kMostSegmentBytes) return false;
  const auto text = read_at(fd->get(), 0, *bytes, sealed);
  return text && check_segment_head(kind_, *text) && read_index(*text, *bytes);
}

// One whose end is damaged is read by its blocks.
Status SegmentLog::adopt_sealed(const std::string& file, Recovery& recovery) {
  MODELYARD_ASSIGN(const UniqueFd fd, folder_.open_file(file, O_RDONLY));
  SegmentInfo info;
  info.file = file;
  MODELYARD_ASSIGN(info.bytes, size_of(fd.get(), file));
  MODELYARD_ASSIGN(const bool readable, is_readable(file, fd.get(), info.bytes, recovery));
  if (!readable) return ok();
  MODELYARD_ASSIGN(const auto places, places_of(info, fd.get()));
  take_bounds(info, places);
  MutexLock lock(mutex_);
  segments_.push_back(std::move(info));
  return ok();
}

Status SegmentLog::adopt_open(const std::string& file, Recovery& recovery) {
  MODELYARD_ASSIGN(UniqueFd fd, folder_.open_file(file, O_RDWR));
  MODELYARD_ASSIGN(const std::uint64_t bytes, size_of(fd.get(), file));
  MODELYARD_ASSIGN(const bool readable, is_readable(file, fd.get(), bytes, recovery));
  if (!readable) return ok();
  MODELYARD_ASSIGN(const std::string text, read_at(fd.get(), 0, std::min(bytes, kMostSegmentBytes), file));
  MODELYARD_ASSIGN(SegmentScan scan, scan_segment(kind_, text));
  recovery.cut_bytes += bytes - scan.end;
  recovery.damaged_bytes += scan.damaged_bytes;
  if (scan.blocks.empty()) {
    const auto first = read_block_head(std::string_view(text).substr(kSegmentHeadBytes));
    const std::uint64_t rest = bytes - kSegmentHeadBytes;
    const bool is_cut_off = rest < BlockHead::kBytes || (first && BlockHead::kBytes + first->body_bytes > rest);
    return is_cut_off ? folder_.remove(file) : put_aside(file);
  }
  if (scan.end != bytes && ::ftruncate(fd.get(), static_cast<off_t>(scan.end)) != 0) {
    return system_error("shorten", file, errno);
  }
  SegmentInfo info;
  info.file = file;
  info.bytes = scan.end;
  info.open = std::make_shared<UniqueFd>(std::move(fd));
  take_bounds(info, scan.blocks);
  open_blocks_ = std::move(scan.blocks);
  open_ = info;
  opened_ = utc_from_micros(info.first_time);
  MutexLock lock(mutex_);
  segments_.push_back(std::move(info));
  return ok();
}

std::vector<SegmentInfo> SegmentLog::segments() const {
  MutexLock lock(mutex_);
  return segments_;
}

Status SegmentLog::begin_segment(UtcTime now) {
  SegmentInfo info;
  info.file = file_name(next_number_, kOpen);
  MODELYARD_ASSIGN(UniqueFd fd, folder_.open_file(info.file, O_RDWR | O_CREAT | O_TRUNC));
  const std::string head = segment_head(kind_);
  MODELYARD_TRY(write_at(fd.get(), head, 0, info.file));
  MODELYARD_TRY(folder_.sync(""));
  info.bytes = head.size();
  info.open = std::make_shared<UniqueFd>(std::move(fd));
  open_ = info;
  open_blocks_.clear();
  opened_ = now;
  ++next_number_;
  MutexLock lock(mutex_);
  segments_.push_back(std::move(info));
  return ok();
}

Status SegmentLog::append(std::string_view block, std::size_t rows, TimeRange times, UtcTime now) {
  if (!open_) MODELYARD_TRY(begin_segment(now));
  if (open_->bytes + block.size() > kMostSegmentBytes) {
    return error(Code::kResourceExhausted, "{}/{} is full and cannot be sealed", folder_.path(), open_->file);
  }
  MODELYARD_TRY(write_at(open_->open->get(), block, open_->bytes, open_->file));
  open_blocks_.push_back({open_->bytes, block.size(), times.first, times.last, static_cast<std::uint32_t>(rows)});
  take_bounds(*open_, {&open_blocks_.back(), 1});
  open_->bytes += block.size();
  replace_last(*open_);
  return ok();
}

void SegmentLog::replace_last(SegmentInfo info) {
  MutexLock lock(mutex_);
  segments_.back() = std::move(info);
}

Status SegmentLog::sync() {
  return open_ ? sync_file(open_->open->get(), open_->file) : ok();
}

bool SegmentLog::should_seal(UtcTime now) const {
  if (!open_) return false;
  const bool is_old = now >= opened_ + limits_.age && open_->rows >= limits_.worth_a_file;
  return open_->rows >= limits_.rows || open_->bytes >= limits_.bytes || is_old || now >= opened_ + kLongestOpen;
}

Status SegmentLog::seal() {
  if (!open_ || open_->rows == 0) return ok();
  return rewrite_ ? seal_anew() : seal_in_place();
}

// A crash between its index and its name leaves an open file with something behind its blocks, which is cut off.
Status SegmentLog::seal_in_place() {
  const std::string end = index_and_trailer(open_blocks_);
  MODELYARD_TRY(write_at(open_->open->get(), end, open_->bytes, open_->file));
  // A sealing that failed may have left more behind.
  if (::ftruncate(open_->open->get(), static_cast<off_t>(open_->bytes + end.size())) != 0) {
    return system_error("shorten", open_->file, errno);
  }
  MODELYARD_TRY(sync_file(open_->open->get(), open_->file));
  SegmentInfo sealed = *open_;
  sealed.file = file_name(number_of(open_->file), kSealed);
  sealed.bytes += end.size();
  sealed.open = nullptr;
  MODELYARD_TRY(folder_.rename(open_->file, sealed.file));
  open_.reset();
  replace_last(std::move(sealed));
  return folder_.sync("");
}

// Nothing of the open segment can be read.
Status SegmentLog::give_up_open() {
  const std::string file = std::exchange(open_, std::nullopt)->file;
  {
    MutexLock lock(mutex_);
    segments_.pop_back();
  }
  return put_aside(file);
}

Status SegmentLog::seal_anew() {
  std::vector<std::string> blocks;
  MODELYARD_ASSIGN(const bool only_blocks, read_all_blocks(blocks));
  const Rewritten anew = rewrite_(blocks);
  for (const std::size_t i : anew.damaged) count_damage(open_->file, open_blocks_[i].offset);
  if (anew.rows == 0) return give_up_open();
  const std::uint64_t number = number_of(open_->file);
  const std::string unfinished = file_name(number, kUnfinished);
  MODELYARD_ASSIGN(const UniqueFd fd, folder_.open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC));
  MODELYARD_TRY(write_at(fd.get(), anew.file, 0, unfinished));
  MODELYARD_TRY(sync_file(fd.get(), unfinished));
  const SegmentInfo sealed{file_name(number, kSealed), anew.times.first, anew.times.last, anew.rows,
                           anew.file.size(),           nullptr};
  MODELYARD_TRY(folder_.rename(unfinished, sealed.file));
  // From here on nothing is appended to the open one, whatever fails: at the next start the sealed one counts.
  const SegmentInfo open = *std::exchange(open_, std::nullopt);
  replace_last(sealed);
  MODELYARD_TRY(folder_.sync(""));
  return only_blocks && sealed.rows == open.rows ? folder_.remove(open.file) : put_aside(open.file);
}

Status SegmentLog::remove(const std::string& file) {
  // One that could not be removed when it was sealed must not come back.
  for (const std::string& name : {file_name(number_of(file), kOpen), file}) {
    const Status removed = folder_.remove(name);
    if (!removed && removed.error().code() != Code::kNotFound) return removed;
  }
  MutexLock lock(mutex_);
  std::erase_if(segments_, [&](const SegmentInfo& segment) { return !segment.open && segment.file == file; });
  return ok();
}

SegmentLog::Totals SegmentLog::totals() const {
  MutexLock lock(mutex_);
  Totals totals;
  totals.damaged_blocks = damaged_.size();
  for (const SegmentInfo& segment : segments_) {
    totals.bytes += segment.bytes;
    if (segment.rows == 0) continue;
    totals.first_time = totals.records == 0 ? segment.first_time : std::min(totals.first_time, segment.first_time);
    totals.last_time = totals.records == 0 ? segment.last_time : std::max(totals.last_time, segment.last_time);
    totals.records += segment.rows;
  }
  return totals;
}

Result<std::vector<BlockPlace>> SegmentLog::places_of(const SegmentInfo& segment, int fd) const {
  if (!segment.open && segment.bytes >= SegmentTrailer::kBytes) {
    const std::uint64_t trailer_at = segment.bytes - SegmentTrailer::kBytes;
    MODELYARD_ASSIGN(const std::string last, read_at(fd, trailer_at, SegmentTrailer::kBytes, segment.file));
    const auto trailer = read_trailer(last);
    if (trailer && trailer->index_bytes() <= trailer_at) {
      MODELYARD_ASSIGN(const std::string index, read_at(fd, trailer_at - trailer->index_bytes(),
                                                        trailer->index_bytes() + SegmentTrailer::kBytes, segment.file));
      auto places = read_index(index, segment.bytes);
      if (places) return places;
    }
  }
  // One that is open has no index, and a damaged one is read by its blocks.
  MODELYARD_ASSIGN(const std::string text, read_at(fd, 0, std::min(segment.bytes, kMostSegmentBytes), segment.file));
  MODELYARD_ASSIGN(SegmentScan scan, scan_segment(kind_, text));
  return std::move(scan.blocks);
}

Result<bool> SegmentLog::read_all_blocks(std::vector<std::string>& blocks) const {
  std::uint64_t bytes = kSegmentHeadBytes;
  for (const BlockPlace& place : open_blocks_) {
    bytes += place.bytes;
    MODELYARD_ASSIGN(blocks.emplace_back(), read_at(open_->open->get(), place.offset, place.bytes, open_->file));
  }
  return bytes == open_->bytes;
}

void SegmentLog::count_damage(const std::string& file, std::uint64_t offset) const {
  MutexLock lock(mutex_);
  damaged_.emplace(file, offset);
}

void SegmentLog::read(const SegmentInfo& segment, UtcTime from, UtcTime to, const TakeBlock& take) const {
  UniqueFd own;
  if (!segment.open) {
    auto opened = folder_.open_file(segment.file, O_RDONLY);
    if (!opened && opened.error().code() == Code::kNotFound) return;
    if (!opened) return count_damage(segment.file, 0);
    own = std::move(*opened);
  }
  const int fd = segment.open ? segment.open->get() : own.get();
  auto places = places_of(segment, fd);
  if (!places) return count_damage(segment.file, 0);
  std::erase_if(*places, [&](const BlockPlace& place) {
    return place.last_time < utc_micros(from) || place.first_time > utc_micros(to);
  });
  std::ranges::sort(*places, std::greater<>{}, &BlockPlace::last_time);
  for (const BlockPlace& place : *places) {
    const auto block = read_at(fd, place.offset, place.bytes, segment.file);
    const Taken taken = block ? take(*block) : Taken::kDamaged;
    if (taken == Taken::kDamaged) count_damage(segment.file, place.offset);
    if (taken == Taken::kEnough) break;
  }
}

}  // namespace modelyard::journal
