#include "base/uuid.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace modelyard {
namespace {

// Gives the same word for ever, so that every bit of an id can be told.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::uint64_t word) : word_(word) {}
  std::uint64_t next() override { return word_; }

 private:
  const std::uint64_t word_;
};

// The time of the example in RFC 9562 A.6: 0x017F22E279B0 ms.
constexpr std::int64_t kExampleMicros = 1'645'557'742'000'000;

TEST(Uuid, PutsTheMillisecondsFirst) {
  ConstantRandom zeros(0);

  const Uuid id = Uuid::make_v7(utc_from_micros(kExampleMicros + 999), zeros);

  EXPECT_EQ(id.text(), "017f22e2-79b0-7000-8000-000000000000");
}

TEST(Uuid, FillsTheRestWithRandomBitsButVersionAndVariant) {
  ConstantRandom ones(~std::uint64_t{0});

  const Uuid id = Uuid::make_v7(utc_from_micros(kExampleMicros), ones);

  EXPECT_EQ(id.text(), "017f22e2-79b0-7fff-bfff-ffffffffffff");
}

RC_GTEST_PROP(Uuid, AlwaysSaysVersion7AndVariant2, (std::uint64_t seed)) {
  SeededRandom random(seed);

  const Uuid id = Uuid::make_v7(utc_from_micros(kExampleMicros), random);

  RC_ASSERT((id.bytes()[6] & 0xf0) == 0x70);
  RC_ASSERT((id.bytes()[8] & 0xc0) == 0x80);
  RC_ASSERT(id.text().size() == Uuid::kTextBytes);
}

RC_GTEST_PROP(Uuid, SortsByTheMillisecondItWasMade, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const auto earlier = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 47);
  const auto later = *rc::gen::inRange<std::int64_t>(earlier + 1, std::int64_t{1} << 48);

  const Uuid first = Uuid::make_v7(utc_from_micros(earlier * 1000), random);
  const Uuid second = Uuid::make_v7(utc_from_micros(later * 1000), random);

  RC_ASSERT(first.text() < second.text());
}

TEST(Uuid, DiffersWithinOneMillisecond) {
  SeededRandom random(7);
  std::set<std::string> texts;

  for (int i = 0; i < 10'000; ++i) texts.insert(Uuid::make_v7(utc_from_micros(0), random).text());

  EXPECT_EQ(texts.size(), 10'000u);
}

RC_GTEST_PROP(Uuid, IsReadFromItsText, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const Uuid id = Uuid::make_v7(utc_from_micros(1'790'000'000'123'456), random);

  const auto read = Uuid::parse(id.text());

  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == id);
  RC_ASSERT(read->milliseconds() == 1'790'000'000'123);
}

TEST(Uuid, RefusesWhatIsNone) {
  for (const char* text : {"", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad911",
                           "0190163d+8694-739b-aea5-966c26f8ad91", "0190163g-8694-739b-aea5-966c26f8ad91",
                           "-190163d-8694-739b-aea5-966c26f8ad91", "0190163d869-4-739b-aea5-966c26f8ad91"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(Uuid, IsNilUntilMade) {
  EXPECT_EQ(Uuid().text(), "00000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace modelyard
