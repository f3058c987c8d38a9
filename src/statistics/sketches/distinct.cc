#include "statistics/sketches/distinct.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {
namespace {

constexpr std::uint8_t kVersion = 1;

// Ertl's σ: Σ of what registers of rank zero add; and τ, for those of the highest rank. Both converge quadratically.
double sigma(double share) {
  if (share == 1) return std::numeric_limits<double>::infinity();
  double power = 1, sum = share, before = 0;
  do {
    share *= share;
    before = sum;
    sum += share * power;
    power += power;
  } while (sum != before);
  return sum;
}

double tau(double share) {
  if (share == 0 || share == 1) return 0;
  double power = 1, sum = 1 - share, before = 0;
  do {
    share = std::sqrt(share);
    before = sum;
    power /= 2;
    sum -= (1 - share) * (1 - share) * power;
  } while (sum != before);
  return sum / 3;
}

}  // namespace

void Distinct::add_hash(std::uint64_t hash) {
  const std::size_t index = hash >> (64 - kIndexBits);
  const std::uint64_t rest = hash << kIndexBits;
  const int rank = rest == 0 ? kMostRank : std::countl_zero(rest) + 1;
  ranks_[index] = std::max(ranks_[index], static_cast<std::uint8_t>(rank));
}

void Distinct::add(double value) {
  if (value == 0) value = 0;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  add_hash(XXH3_64bits(&value, sizeof value));
}

void Distinct::add(std::string_view text) {
  add_hash(XXH3_64bits_withSeed(text.data(), text.size(), 1));  // other hashes than those of numbers
}

void Distinct::merge(const Distinct& other) {
  for (std::size_t i = 0; i < kRegisters; ++i) ranks_[i] = std::max(ranks_[i], other.ranks_[i]);
}

double Distinct::estimate() const {
  std::array<double, kMostRank + 1> registers{};  // by rank
  for (const std::uint8_t rank : ranks_) registers[rank] += 1;
  constexpr double kAll = kRegisters;
  double sum = kAll * tau(1 - registers[kMostRank] / kAll);
  for (int rank = kMostRank - 1; rank >= 1; --rank) sum = (sum + registers[static_cast<std::size_t>(rank)]) / 2;
  sum += kAll * sigma(registers[0] / kAll);
  return kAll * kAll / (2 * std::numbers::ln2 * sum);
}

std::string Distinct::serialize() const {
  SketchWriter writer(SketchKind::kDistinct, kVersion);
  for (const std::uint8_t rank : ranks_) writer.put(rank);
  return std::move(writer).finish();
}

Result<Distinct> Distinct::parse(std::string_view bytes) {
  MODELYARD_ASSIGN(SketchReader reader, SketchReader::open(bytes, "distinct", SketchKind::kDistinct, kVersion));
  Distinct sketch;
  for (std::uint8_t& rank : sketch.ranks_) {
    MODELYARD_ASSIGN(rank, reader.take<std::uint8_t>());
    if (rank > kMostRank) return reader.damaged("a rank is out of bounds");
  }
  MODELYARD_TRY(reader.finish());
  return sketch;
}

}  // namespace modelyard::statistics
