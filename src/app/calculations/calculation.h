// Calculation is one computation of `statistics` on JSON: what `modelyard stats` offers to notebooks, audits and checks
// from other languages.
//
// Input:  one object; unknown fields are errors. Numbers are finite; a result that is infinite or not defined is null.
// Errors: InvalidArgument with the path of the field, or the calculation's own refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace modelyard::app {

struct Calculation {
  std::string_view name;
  std::string_view input;  // "reference, current [, alpha]"
  std::string_view help;
  Result<Json> (*run)(ObjectReader& input);
};

std::vector<Calculation> distance_calculations();
std::vector<Calculation> hypothesis_calculations();
std::vector<Calculation> sequential_calculations();
std::vector<Calculation> experiment_calculations();
std::vector<Calculation> detector_calculations();
std::vector<Calculation> sketch_calculations();
std::vector<Calculation> estimate_calculations();
std::vector<Calculation> score_calculations();
// All of them.
std::vector<Calculation> calculations();

// NotFound for an unknown name, with the nearest one.
Result<Json> calculate(std::string_view name, const Json& input);

// Reading inputs.
Result<std::vector<double>> read_numbers(ObjectReader& input, std::string_view key);
Result<double> read_number(ObjectReader& input, std::string_view key, double otherwise);
Result<std::size_t> read_count(ObjectReader& input, std::string_view key, std::optional<std::size_t> otherwise = {});

}  // namespace modelyard::app
