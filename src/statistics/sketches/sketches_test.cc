#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "statistics/sketches/decay.h"
#include "statistics/sketches/distinct.h"
#include "statistics/sketches/frequent.h"
#include "statistics/sketches/histogram.h"
#include "statistics/sketches/moments.h"
#include "statistics/sketches/quantiles.h"
#include "statistics/test_streams.h"

namespace modelyard::statistics {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

template <typename Sketch>
Sketch filled(Sketch sketch, std::span<const double> values) {
  for (const double value : values) sketch.add(value);
  return sketch;
}

// What goes out comes back, and no beginning of it is taken for the whole.
template <typename Sketch>
void expect_survives_its_bytes(const Sketch& sketch) {
  const std::string bytes = sketch.serialize();
  const auto again = Sketch::parse(bytes);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->serialize(), bytes);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 200) {
    EXPECT_FALSE(Sketch::parse(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(Sketch::parse(bytes + "x").has_value());
  std::string newer = bytes;
  newer[1] = 99;
  EXPECT_FALSE(Sketch::parse(newer).has_value());
}

// Expected values: numpy and scipy 1.17 (stats.skew, stats.kurtosis).
TEST(Moments, AreThoseOfScipy) {
  const Moments moments = filled(Moments(), std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9, kNaN, kInfinity, -kInfinity});

  EXPECT_EQ(moments.count(), 8u);
  EXPECT_EQ(moments.missing(), 1u);
  EXPECT_EQ(moments.infinite(), 2u);
  EXPECT_DOUBLE_EQ(moments.mean(), 5);
  EXPECT_DOUBLE_EQ(moments.population_variance(), 4);
  EXPECT_DOUBLE_EQ(moments.variance(), 32.0 / 7);
  EXPECT_DOUBLE_EQ(moments.skewness(), 0.65625);
  EXPECT_DOUBLE_EQ(moments.excess_kurtosis(), -0.21875);
  EXPECT_EQ(moments.smallest(), 2);
  EXPECT_EQ(moments.largest(), 9);
}

TEST(Moments, AreNotANumberWithTooFewValues) {
  EXPECT_TRUE(std::isnan(Moments().mean()));
  const Moments one = filled(Moments(), std::vector<double>{3});
  EXPECT_EQ(one.mean(), 3);
  EXPECT_TRUE(std::isnan(one.variance()));
  EXPECT_TRUE(std::isnan(filled(Moments(), std::vector<double>(9, 3.0)).skewness())) << "nothing varies";
}

TEST(Moments, KeepTheirDigitsFarFromZero) {
  auto values = uniform_stream(1, 10'000);
  for (double& value : values) value += 1e9;
  EXPECT_NEAR(filled(Moments(), values).variance(), filled(Moments(), uniform_stream(1, 10'000)).variance(), 1e-7);
}

RC_GTEST_PROP(Moments, MergeAsIfTheStreamHadNotBeenParted, ()) {
  const auto values = *rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-100'000, 100'000), [](int value) { return value / 64.0; }));
  const auto cut = values.empty() ? 0 : *rc::gen::inRange<std::size_t>(0, values.size());
  const auto first = filled(Moments(), std::span(values).first(cut));
  const auto second = filled(Moments(), std::span(values).subspan(cut));
  const Moments whole = filled(Moments(), values);
  Moments there = first, back = second;
  RC_ASSERT(there.merge(second).has_value() && back.merge(first).has_value());

  const auto near = [](double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b));
  };
  for (const Moments& merged : {there, back}) {
    RC_ASSERT(merged.count() == whole.count());
    RC_ASSERT(near(merged.mean(), whole.mean()));
    RC_ASSERT(near(merged.variance(), whole.variance()));
    RC_ASSERT(near(merged.skewness(), whole.skewness()));
    RC_ASSERT(near(merged.excess_kurtosis(), whole.excess_kurtosis()));
    RC_ASSERT(merged.smallest() == whole.smallest() && merged.largest() == whole.largest());
  }
}

TEST(Moments, CountWhatCouldNotBeSummedUpAsInfinite) {
  Moments moments = filled(Moments(), std::vector<double>{1e70, -1e70, 1e71, -1.7e308});
  EXPECT_EQ(moments.infinite(), 2u);
  for (int i = 0; i < 45; ++i) EXPECT_TRUE(moments.merge(Moments(moments)).has_value());
  expect_survives_its_bytes(moments);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(moments.merge(Moments(moments)).has_value(), i == 0);
}

TEST(Moments, SurviveTheirBytes) {
  expect_survives_its_bytes(Moments());
  expect_survives_its_bytes(filled(Moments(), uniform_stream(1, 100)));
}

// The largest error of rank() over the stream's own values.
double worst_rank_error(const Quantiles& sketch, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); i += 1 + values.size() / 500) {
    const auto below = std::upper_bound(values.begin(), values.end(), values[i]) - values.begin();
    worst = std::max(worst, std::abs(sketch.rank(values[i]) - static_cast<double>(below) / values.size()));
  }
  return worst;
}

TEST(Quantiles, AreExactWhileTheyKeepEverything) {
  Quantiles sketch(200);
  for (int i = 100; i >= 1; --i) sketch.add(i);

  EXPECT_EQ(sketch.rank_error(), 0);
  EXPECT_EQ(sketch.quantile(0.5), 50);
  EXPECT_EQ(sketch.quantile(0.501), 51);
  EXPECT_EQ(sketch.quantile(0), 1);
  EXPECT_EQ(sketch.quantile(1), 100);
  EXPECT_EQ(sketch.rank(50), 0.5);
  EXPECT_EQ(sketch.rank(0.5), 0);
  EXPECT_EQ(sketch.rank(1e9), 1);
}

TEST(Quantiles, PassOverWhatIsNoNumberAndKnowNothingOfNothing) {
  const Quantiles empty = filled(Quantiles(), std::vector<double>{kNaN, kInfinity});

  EXPECT_EQ(empty.count(), 0u);
  EXPECT_TRUE(std::isnan(empty.quantile(0.5)));
  EXPECT_TRUE(std::isnan(empty.rank(1)));
  EXPECT_TRUE(empty.distribution().empty());
}

// A bound of 99 % each time, for the worst of all ranks a little more: of 100 streams few may be beyond it.
TEST(Quantiles, KeepTheirBoundInSmallMemory) {
  int beyond = 0;
  std::size_t kept = 0;
  for (std::uint32_t stream = 0; stream < 100; ++stream) {
    auto values = uniform_stream(stream * 2654435761u + 1, 20'000);
    if (stream % 3 == 1) std::sort(values.begin(), values.end());
    if (stream % 3 == 2) std::sort(values.rbegin(), values.rend());
    const Quantiles sketch = filled(Quantiles(200, stream), values);
    beyond += worst_rank_error(sketch, values) > sketch.rank_error() ? 1 : 0;
    kept = std::max(kept, sketch.kept());
  }

  EXPECT_LE(beyond, 8);
  EXPECT_LT(kept, 3.3 * 200);
  EXPECT_NEAR(filled(Quantiles(200), uniform_stream(1, 1000)).rank_error(), 0.0133, 0.0001);
}

TEST(Quantiles, MergeWithinTheirBoundInAnyOrder) {
  const auto values = uniform_stream(9, 60'000);
  std::vector<Quantiles> parts;
  for (std::size_t part = 0; part < 12; ++part) {
    parts.push_back(filled(Quantiles(200, part), std::span(values).subspan(part * 5000, 5000)));
  }
  Quantiles forwards(200), backwards(200);
  for (std::size_t part = 0; part < 12; ++part) {
    ASSERT_TRUE(forwards.merge(parts[part]).has_value());
    ASSERT_TRUE(backwards.merge(parts[11 - part]).has_value());
  }
  Quantiles left = parts[0], right = parts[1];  // (a + b) + c and a + (b + c)
  ASSERT_TRUE(left.merge(parts[1]).has_value());
  ASSERT_TRUE(left.merge(parts[2]).has_value());
  ASSERT_TRUE(right.merge(parts[2]).has_value());
  ASSERT_TRUE(right.merge(parts[0]).has_value());

  for (const Quantiles& merged : {forwards, backwards}) {
    EXPECT_EQ(merged.count(), 60'000u);
    EXPECT_LT(worst_rank_error(merged, values), 1.3 * merged.rank_error());
    EXPECT_LT(merged.kept(), 3.3 * 200);
  }
  for (const double share : {0.1, 0.5, 0.9}) EXPECT_NEAR(left.rank(right.quantile(share)), share, 0.03);
}

TEST(Quantiles, TakeTheSmallerKWhenTheyMerge) {
  Quantiles fine = filled(Quantiles(800), uniform_stream(1, 50'000));
  const Quantiles coarse = filled(Quantiles(100), uniform_stream(2, 50'000));

  ASSERT_TRUE(fine.merge(coarse).has_value());

  EXPECT_EQ(fine.k(), 100u);
  EXPECT_LT(fine.kept(), 3.5 * 100);
  for (const double value : uniform_stream(3, 5000)) fine.add(value);
  EXPECT_EQ(fine.count(), 105'000u);
  EXPECT_NEAR(fine.quantile(0.5), 0.5, 0.04);
}

TEST(Quantiles, SurviveTheirBytesAndGoOn) {
  expect_survives_its_bytes(Quantiles(8));
  const Quantiles sketch = filled(Quantiles(64), uniform_stream(4, 5000));
  expect_survives_its_bytes(sketch);

  Quantiles again = *Quantiles::parse(sketch.serialize()), same = sketch;
  for (const double value : uniform_stream(5, 5000)) {
    again.add(value);
    same.add(value);
  }
  EXPECT_EQ(again.serialize(), same.serialize());
}

TEST(Quantiles, RefuseToGrowBeyondTheirBound) {
  Quantiles sketch = filled(Quantiles(8), uniform_stream(1, 1024));
  for (int i = 0; i < 38; ++i) ASSERT_TRUE(sketch.merge(Quantiles(sketch)).has_value());
  EXPECT_EQ(sketch.count(), Quantiles::kMostCount);
  EXPECT_FALSE(sketch.merge(Quantiles(sketch)).has_value());
  expect_survives_its_bytes(sketch);
}

TEST(Distinct, EstimatesWithinItsError) {
  for (const double size : {1.0, 10.0, 500.0, 5000.0, 50'000.0, 500'000.0}) {
    Distinct sketch;
    for (double value = 0; value < size; ++value) {
      sketch.add(value);
      sketch.add(value);
    }
    EXPECT_NEAR(sketch.estimate(), size, 3 * 1.04 / 64 * size) << size;
  }
  EXPECT_EQ(Distinct().estimate(), 0);
}

TEST(Distinct, KnowsEqualValues) {
  Distinct sketch;
  for (const double value : {0.0, -0.0, kNaN, -kNaN, std::nan("7")}) sketch.add(value);
  sketch.add("a");
  sketch.add(std::string("a"));
  EXPECT_NEAR(sketch.estimate(), 3, 0.1);
}

TEST(Distinct, MergesExactly) {
  Distinct evens, odds, all;
  for (int value = 0; value < 20'000; ++value) {
    (value % 2 == 0 ? evens : odds).add(value);
    all.add(value);
  }
  Distinct there = evens, back = odds;
  there.merge(odds);
  back.merge(evens);
  EXPECT_EQ(there.serialize(), all.serialize());
  EXPECT_EQ(back.serialize(), all.serialize());
  expect_survives_its_bytes(all);
}

// Few are frequent, many are rare: text i comes about 1/(i+1) as often as text 0.
std::vector<std::string> skewed_texts(std::uint32_t seed, std::size_t size) {
  std::vector<std::string> texts;
  for (const double value : uniform_stream(seed, size)) {
    texts.push_back("text " + std::to_string(static_cast<int>(std::exp(value * std::log(3000.0)))));
  }
  return texts;
}

void expect_bounds(const Frequent& sketch, const std::map<std::string, std::uint64_t>& truth) {
  EXPECT_LE(sketch.slack(), sketch.count() / (sketch.places() + 1));
  for (const auto& [text, count] : truth) {
    EXPECT_LE(sketch.count_of(text), count) << text;
    EXPECT_GE(sketch.count_of(text) + sketch.slack(), count) << text;
  }
}

TEST(Frequent, IsExactWhileThereIsRoom) {
  Frequent sketch(3);
  for (const char* text : {"b", "a", "b", "c", "b", "a"}) sketch.add(text);

  const auto entries = sketch.entries();

  EXPECT_EQ(sketch.slack(), 0u);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].text, "b");
  EXPECT_EQ(entries[0].count, 3u);
}

TEST(Frequent, KeepsItsBoundsMergedOrNot) {
  std::map<std::string, std::uint64_t> truth;
  Frequent whole(40), first(40), second(40);
  const auto texts = skewed_texts(3, 30'000);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ++truth[texts[i]];
    whole.add(texts[i]);
    (i < 12'000 ? first : second).add(texts[i]);
  }
  Frequent there = first, back = second;
  ASSERT_TRUE(there.merge(second).has_value());
  ASSERT_TRUE(back.merge(first).has_value());

  for (const Frequent& sketch : {whole, there, back}) {
    expect_bounds(sketch, truth);
    EXPECT_EQ(sketch.count(), 30'000u);
    EXPECT_LE(sketch.entries().size(), 80u);
    EXPECT_EQ(sketch.entries().front().text, "text 1");
  }
}

TEST(Frequent, CutsLongTextsBetweenCharacters) {
  Frequent sketch(2);
  std::string text = "a";
  for (int i = 0; i < 200; ++i) text += "\u00e9";
  sketch.add(text);
  sketch.add(text, 0);
  EXPECT_EQ(sketch.entries().front().text.size(), 255u);
  EXPECT_EQ(sketch.count_of(text), 1u);
  EXPECT_FALSE(sketch.merge(Frequent(3)).has_value());
}

TEST(Frequent, SurvivesItsBytesAndLongTexts) {
  Frequent sketch(5);
  for (const std::string& text : skewed_texts(1, 2000)) sketch.add(text);
  sketch.add(std::string(10'000, 'x'), 100'000);
  EXPECT_EQ(sketch.entries().front().text.size(), Frequent::kLongestText);
  expect_survives_its_bytes(sketch);
}

std::shared_ptr<const Edges> edges(std::vector<double> values) {
  return std::make_shared<const Edges>(*Edges::make(std::move(values)));
}

TEST(Histogram, CountsWhatIsOutsideAndMissing) {
  Histogram histogram(edges({0, 1, 2}));

  for (const double value : {-kInfinity, -0.5, 0.0, 0.5, 1.0, 2.0, 7.0, kNaN}) histogram.add(value);

  EXPECT_TRUE(std::ranges::equal(histogram.counts(), std::vector<double>{2, 2, 1, 2}));
  EXPECT_EQ(histogram.missing(), 1);
  EXPECT_EQ(histogram.count(), 7);
  expect_survives_its_bytes(histogram);
}

TEST(Histogram, MergesExactly) {
  const auto shared = edges({0.25, 0.5, 0.75});
  Histogram a(shared), b(shared), whole(shared);
  const auto values = uniform_stream(1, 1000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    (i % 3 == 0 ? a : b).add(values[i]);
    whole.add(values[i]);
  }
  ASSERT_TRUE(b.merge(a).has_value());
  EXPECT_EQ(b.serialize(), whole.serialize());
}

TEST(Edges, CutTheReferenceIntoEqualShares) {
  const auto values = uniform_stream(1, 50'000);
  const Quantiles reference = filled(Quantiles(400), values);
  Histogram histogram(std::make_shared<const Edges>(*Edges::of_reference(reference, 10)));
  for (const double value : values) histogram.add(value);

  ASSERT_EQ(histogram.counts().size(), 12u);
  EXPECT_EQ(histogram.counts().front(), 0) << "below the reference";
  EXPECT_EQ(histogram.counts().back(), 0) << "above it";
  for (std::size_t bin = 1; bin <= 10; ++bin) EXPECT_NEAR(histogram.counts()[bin] / 50'000, 0.1, 0.02);
}

TEST(Edges, GiveAValueThatManyShareABinForItself) {
  Quantiles reference;
  for (int i = 0; i < 100; ++i) reference.add(i < 60 ? 0 : i);
  const Edges made = *Edges::of_reference(reference, 10);

  EXPECT_EQ(made.bin_of(0), 1u);
  EXPECT_EQ(made.bin_of(1e-9), 2u);
  EXPECT_EQ(made.bin_of(-1e-9), 0u);
  const Edges constant = *Edges::of_reference(filled(Quantiles(), std::vector<double>(50, 4.0)), 10);
  EXPECT_EQ(constant.bins(), 3u) << "below, the value, above";
}

TEST(Edges, EndAtTheLargestNumber) {
  const Edges made = *Edges::of_reference(filled(Quantiles(), std::vector<double>{1, 1.7976931348623157e308}), 2);
  EXPECT_EQ(made.bin_of(1.7976931348623157e308), made.bins() - 1);
  Histogram histogram(edges({1}));
  EXPECT_FALSE(histogram.merge(Histogram(edges({2}))).has_value());
}

TEST(Histogram, RefusesToMergeIntoACountThatCouldNotBeRead) {
  Histogram histogram(edges({1}));
  histogram.add(0, 6e299);
  const Histogram same = histogram;
  EXPECT_FALSE(histogram.merge(same).has_value());
  EXPECT_EQ(histogram.count(), 6e299);
  EXPECT_TRUE(Histogram::parse(histogram.serialize()).has_value());
}

TEST(Edges, RefuseWhatIsNoOrder) {
  EXPECT_FALSE(Edges::make({}).has_value());
  EXPECT_FALSE(Edges::make({1, 1}).has_value());
  EXPECT_FALSE(Edges::make({0, kNaN}).has_value());
  EXPECT_FALSE(Edges::of_reference(Quantiles(), 10).has_value());
}

// The weighted mean by definition, weights 2^(−age/half life).
TEST(DecayedMoments, WeighValuesByTheirAge) {
  const auto values = uniform_stream(8, 3000);
  DecayedMoments moments(100, 0);
  for (std::size_t i = 0; i < values.size(); ++i) moments.add(values[i], static_cast<double>(i) * 10);
  double weight = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = std::exp2((static_cast<double>(i) - 2999.0) * 10 / 100);
    weight += share;
    sum += share * values[i];
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = std::exp2((static_cast<double>(i) - 2999.0) * 10 / 100);
    squares += share * (values[i] - sum / weight) * (values[i] - sum / weight);
  }

  EXPECT_NEAR(moments.mean(), sum / weight, 1e-9);
  EXPECT_NEAR(moments.variance(), squares / weight, 1e-9);
  EXPECT_NEAR(moments.weight(29'990), weight, 1e-6);
}

TEST(DecayedMoments, PassOverWhatComesFarTooLate) {
  DecayedMoments moments(1, 1e9);
  moments.add(5, 1e9 - 5000);
  moments.add(5, kNaN);
  for (int i = 0; i < 10; ++i) moments.add(3, 1e9 + i);
  EXPECT_EQ(moments.mean(), 3);
}

TEST(Decay, ForgetsAHistogramAtTheSamePace) {
  Decay decay(10, 0);
  Histogram histogram(edges({0}));
  for (int time = 0; time < 5000; ++time) {
    histogram.scale(decay.renewal(time));
    histogram.add(time < 4980 ? -1 : 1, decay.weight_at(time));
  }
  EXPECT_NEAR(histogram.counts()[1] / histogram.count(), 0.75, 1e-3);  // two half lives
}

}  // namespace
}  // namespace modelyard::statistics
