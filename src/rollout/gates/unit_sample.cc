#include "rollout/gates/unit_sample.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace modelyard::rollout {
namespace {

constexpr std::size_t kPlaces = 2 * UnitSample::kMostUnits;
constexpr std::size_t kHexDigits = 16;
constexpr int kBucketBits = 8;

// Bits of a hash that say less of level and arm than its ends do.
std::size_t place_of(std::uint64_t key) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;
  return (key * kGolden) >> (64 - std::countr_zero(kPlaces));
}

bool is_in(std::uint64_t key, std::size_t level) {
  return ((key >> kBucketBits) & ((std::uint64_t{1} << level) - 1)) == 0;
}

}  // namespace

bool UnitSample::is_in_level(Key key) const {
  return is_in(key, left_.size());
}

void UnitSample::add_key(Key key) {
  if (is_closed_ || key == 0 || !is_in_level(key)) return;
  table_.resize(kPlaces);
  std::size_t place = place_of(key);
  while (table_[place] != 0) {
    if (table_[place] == key) return;
    place = (place + 1) % kPlaces;
  }
  table_[place] = key;
  ++size_;
  ++((key & 1u) != 0 ? now_.candidate : now_.stable);
  while (size_ > kMostUnits) rise();
}

void UnitSample::rise() {
  const std::vector<Key> before = keys();
  left_.push_back(now_);
  now_ = {};
  size_ = 0;
  std::ranges::fill(table_, Key{0});
  if (left_.size() == kMostLevels) {
    left_.pop_back();
    return close();
  }
  for (const Key key : before) add_key(key);
}

std::vector<UnitSample::Key> UnitSample::keys() const {
  std::vector<Key> keys;
  std::ranges::copy_if(table_, std::back_inserter(keys), [](Key key) { return key != 0; });
  return keys;
}

void UnitSample::merge(const UnitSample& other) {
  if (is_closed_ || other.is_closed_) return;
  while (!is_closed_ && left_.size() < other.left_.size()) rise();
  for (const Key key : other.keys()) add_key(key);
}

void UnitSample::close() {
  if (is_closed_) return;
  left_.push_back(now_);
  is_closed_ = true;
  table_ = {};
  size_ = 0;
  now_ = {};
}

std::vector<UnitCounts> UnitSample::levels() const {
  std::vector<UnitCounts> levels = left_;
  if (!is_closed_) levels.push_back(now_);
  return levels;
}

Json to_json(const UnitSample& sample) {
  Json levels = Json::array();
  for (const UnitCounts& level : sample.left_) {
    levels.push_back(level.candidate);
    levels.push_back(level.stable);
  }
  Json json = {{"levels", std::move(levels)}, {"units", nullptr}};
  if (sample.is_closed_) return json;
  std::vector<UnitSample::Key> keys = sample.keys();
  std::ranges::sort(keys);
  std::string text;
  for (const UnitSample::Key key : keys) fmt::format_to(std::back_inserter(text), "{:016x}", key);
  json["units"] = std::move(text);
  return json;
}

Result<UnitSample> parse_unit_sample(const Json& value, std::string path) {
  UnitSample sample;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, std::move(path)));
  MODELYARD_ASSIGN(const Json* const levels, reader.array("levels"));
  MODELYARD_ASSIGN(const auto units, reader.optional_string("units"));
  MODELYARD_TRY(reader.finish());
  const auto is_count = [](const Json& count) {
    return count.is_number_unsigned() && count.get<std::uint64_t>() <= 2 * UnitSample::kMostUnits;
  };
  const bool are_levels = levels->size() % 2 == 0 && levels->size() <= 2 * UnitSample::kMostLevels &&
                          std::ranges::all_of(*levels, is_count) && (units || !levels->empty());
  if (!are_levels || (units && levels->size() == 2 * UnitSample::kMostLevels)) {
    return error(Code::kInvalidArgument, "{}: expected counts of candidate and stable, of at most {} levels",
                 reader.path_of("levels"), UnitSample::kMostLevels);
  }
  for (std::size_t i = 0; i < levels->size(); i += 2) {
    sample.left_.push_back({(*levels)[i].get<std::uint64_t>(), (*levels)[i + 1].get<std::uint64_t>()});
  }
  sample.is_closed_ = !units;
  const std::string text = units.value_or("");
  UnitSample::Key last = 0;
  for (std::size_t i = 0; i < text.size(); i += kHexDigits) {
    const std::string_view digits = std::string_view(text).substr(i, kHexDigits);
    UnitSample::Key key = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), key, 16);
    const bool is_key = failure == std::errc{} && end == digits.data() + kHexDigits && key > last;
    if (!is_key || !sample.is_in_level(key) || i / kHexDigits >= UnitSample::kMostUnits) {
      return error(Code::kInvalidArgument, "{}: expected ascending hashes of the last level, {} digits each",
                   reader.path_of("units"), kHexDigits);
    }
    sample.add_key(key);
    last = key;
  }
  return sample;
}

}  // namespace modelyard::rollout
