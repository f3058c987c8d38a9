#include "statistics/sketches/frequent.h"

#include <algorithm>

#include "base/check.h"
#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint8_t kVersion = 1;

std::string_view beginning(std::string_view text) {
  if (text.size() <= Frequent::kLongestText) return text;
  std::size_t end = Frequent::kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

Frequent::Frequent(std::size_t places) : places_(places) {
  MODELYARD_CHECK(places >= 1 && places <= kMostPlaces, "the places of a frequent-items sketch are out of bounds");
  counts_.reserve(2 * places);
}

void Frequent::add(std::string_view text, std::uint64_t times) {
  if (times == 0) return;
  text = beginning(text);
  count_ += times;
  const auto known = counts_.find(text);
  if (known != counts_.end()) {
    known->second += times;
    return;
  }
  counts_.emplace(text, times);
  // Twice the places, so that shrinking costs a constant a text.
  if (counts_.size() > 2 * places_) shrink();
}

// Takes the count of the first one beyond the places from all, as if it had met as many texts of each.
void Frequent::shrink() {
  if (counts_.size() <= places_) return;
  std::vector<std::uint64_t> sorted;
  sorted.reserve(counts_.size());
  for (const auto& [text, count] : counts_) sorted.push_back(count);
  const auto first_beyond = sorted.begin() + static_cast<std::ptrdiff_t>(places_);
  std::nth_element(sorted.begin(), first_beyond, sorted.end(), std::greater<>());
  const std::uint64_t taken = *first_beyond;
  slack_ += taken;
  for (auto entry = counts_.begin(); entry != counts_.end();) {
    if (entry->second <= taken) {
      entry = counts_.erase(entry);
    } else {
      entry->second -= taken;
      ++entry;
    }
  }
}

Status Frequent::merge(const Frequent& other) {
  if (places_ != other.places_) {
    return error(Code::kInvalidArgument, "frequent: sketches of {} and {} places", places_, other.places_);
  }
  if (other.count_ > kMostCount - count_) return error(Code::kInvalidArgument, "frequent: more than 2^48 texts");
  for (const auto& [text, count] : other.counts_) counts_[text] += count;
  count_ += other.count_;
  slack_ += other.slack_;
  if (counts_.size() > 2 * places_) shrink();
  return ok();
}

std::uint64_t Frequent::count_of(std::string_view text) const {
  const auto known = counts_.find(beginning(text));
  return known == counts_.end() ? 0 : known->second;
}

std::vector<Frequent::Entry> Frequent::entries() const {
  std::vector<Entry> entries;
  for (const auto& [text, count] : counts_) entries.push_back({text, count});
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.count != b.count ? a.count > b.count : a.text < b.text; });
  return entries;
}

std::string Frequent::serialize() const {
  SketchWriter writer(SketchKind::kFrequent, kVersion);
  writer.put(static_cast<std::uint32_t>(places_));
  writer.put(count_);
  writer.put(slack_);
  const auto sorted = entries();
  writer.put(static_cast<std::uint32_t>(sorted.size()));
  for (const Entry& entry : sorted) {
    writer.put_text(entry.text);
    writer.put(entry.count);
  }
  return std::move(writer).finish();
}

Result<Frequent> Frequent::parse(std::string_view bytes) {
  MODELYARD_ASSIGN(SketchReader reader, SketchReader::open(bytes, "frequent", SketchKind::kFrequent, kVersion));
  MODELYARD_ASSIGN(const auto places, reader.take<std::uint32_t>());
  if (places == 0 || places > kMostPlaces) return reader.damaged("its places are out of bounds");
  Frequent sketch(places);
  MODELYARD_ASSIGN(sketch.count_, reader.take<std::uint64_t>());
  MODELYARD_ASSIGN(sketch.slack_, reader.take<std::uint64_t>());
  MODELYARD_ASSIGN(const std::size_t size, reader.take_count(sizeof(std::uint32_t) + sizeof(std::uint64_t)));
  if (size > 2 * sketch.places_) return reader.damaged("it has more entries than room");
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i < size; ++i) {
    MODELYARD_ASSIGN(const std::string_view text, reader.take_text());
    MODELYARD_ASSIGN(const auto count, reader.take<std::uint64_t>());
    if (text.size() > kLongestText || count == 0 || count > sketch.count_ - kept) {
      return reader.damaged("an entry is out of bounds");
    }
    kept += count;
    if (!sketch.counts_.emplace(text, count).second) return reader.damaged("an entry stands twice");
  }
  MODELYARD_TRY(reader.finish());
  const std::uint64_t gone = sketch.count_ - kept;
  if (sketch.count_ > kMostCount || sketch.slack_ > gone / (sketch.places_ + 1)) {
    return reader.damaged("its count or its slack is out of bounds");
  }
  return sketch;
}

}  // namespace modelyard::statistics
