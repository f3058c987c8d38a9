#include "app/calculations/calculation.h"
#include "statistics/sketches/distinct.h"
#include "statistics/sketches/frequent.h"
#include "statistics/sketches/histogram.h"
#include "statistics/sketches/moments.h"
#include "statistics/sketches/quantiles.h"

namespace modelyard::app {
namespace {

namespace st = statistics;

Result<Json> moments(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto values, read_numbers(input, "values"));
  st::Moments sketch;
  for (const double value : values) sketch.add(value);
  return Json{{"count", sketch.count()},       {"mean", sketch.mean()},
              {"variance", sketch.variance()}, {"skewness", sketch.skewness()},
              {"smallest", sketch.smallest()}, {"excess_kurtosis", sketch.excess_kurtosis()},
              {"largest", sketch.largest()}};
}

Result<st::Quantiles> read_quantiles(ObjectReader& input, std::string_view key, std::size_t otherwise) {
  MODELYARD_ASSIGN(const auto values, read_numbers(input, key));
  MODELYARD_ASSIGN(const std::size_t k, read_count(input, "k", otherwise));
  if (k < st::Quantiles::kLeastK || k > st::Quantiles::kMostK) {
    return error(Code::kInvalidArgument, "k: must lie in {} … {}, not {}", st::Quantiles::kLeastK,
                 st::Quantiles::kMostK, k);
  }
  st::Quantiles sketch(static_cast<std::uint32_t>(k));
  for (const double value : values) sketch.add(value);
  return sketch;
}

Result<Json> quantiles(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto shares, read_numbers(input, "shares"));
  MODELYARD_ASSIGN(const st::Quantiles sketch, read_quantiles(input, "values", 200));
  Json found = Json::array();
  for (const double share : shares) found.push_back(sketch.quantile(share));
  return Json{{"quantiles", std::move(found)},
              {"kept", sketch.kept()},
              {"rank_error", sketch.rank_error()},
              {"difference_error", sketch.difference_error()}};
}

bool is_exact(const Json& integer) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  if (integer.is_number_unsigned()) return integer.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost);
  return integer.get<std::int64_t>() >= -kMost && integer.get<std::int64_t>() <= kMost;
}

// Numbers, or texts.
Result<Json> distinct(ObjectReader& input) {
  MODELYARD_ASSIGN(const Json* values, input.array("values"));
  st::Distinct sketch;
  for (const Json& value : *values) {
    if (value.is_number_integer() && !is_exact(value)) {
      return error(Code::kInvalidArgument, "values: {} is beyond 2^53 and would be rounded; pass ids as texts",
                   value.dump());
    }
    if (value.is_number()) {
      sketch.add(value.get<double>());
    } else if (value.is_string()) {
      sketch.add(value.get<std::string>());
    } else {
      return error(Code::kInvalidArgument, "values: expected numbers or texts");
    }
  }
  return Json{{"estimate", sketch.estimate()}};
}

Result<Json> frequent(ObjectReader& input) {
  MODELYARD_ASSIGN(const Json* values, input.array("values"));
  MODELYARD_ASSIGN(const std::size_t places, read_count(input, "places", 64));
  if (places == 0 || places > st::Frequent::kMostPlaces) {
    return error(Code::kInvalidArgument, "places: must lie in 1 … {}, not {}", st::Frequent::kMostPlaces, places);
  }
  st::Frequent sketch(places);
  for (const Json& value : *values) {
    if (!value.is_string()) return error(Code::kInvalidArgument, "values: expected texts");
    sketch.add(value.get<std::string>());
  }
  Json entries = Json::array();
  for (const auto& entry : sketch.entries()) entries.push_back({{"text", entry.text}, {"count", entry.count}});
  return Json{{"entries", std::move(entries)}, {"slack", sketch.slack()}};
}

Result<Json> histogram(ObjectReader& input) {
  MODELYARD_ASSIGN(const auto current, read_numbers(input, "current"));
  MODELYARD_ASSIGN(const std::size_t bins, read_count(input, "bins", 10));
  MODELYARD_ASSIGN(const st::Quantiles reference, read_quantiles(input, "reference", 800));
  MODELYARD_ASSIGN(st::Edges edges, st::Edges::of_reference(reference, bins));
  st::Histogram counted(std::make_shared<const st::Edges>(std::move(edges)));
  for (const double value : current) counted.add(value);
  const auto to_list = [](std::span<const double> values) { return std::vector<double>(values.begin(), values.end()); };
  return Json{{"edges", to_list(counted.edges().values())}, {"counts", to_list(counted.counts())}};
}

}  // namespace

std::vector<Calculation> sketch_calculations() {
  return {
      {"moments", "values", "count, mean, variance (n − 1), skewness, kurtosis, extremes", moments},
      {"quantiles", "values, shares [, k]", "by a sketch of about 3·k numbers, with its bounds", quantiles},
      {"distinct", "values: numbers or texts", "about how many are different", distinct},
      {"frequent", "values: texts [, places]", "the most frequent; counts are low by slack at most", frequent},
      {"histogram", "reference, current: numbers [, bins] [, k]",
       "current counted in bins of equal share of the reference", histogram},
  };
}

}  // namespace modelyard::app
