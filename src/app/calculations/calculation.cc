#include "app/calculations/calculation.h"

#include <algorithm>
#include <cmath>

#include "base/nearest_name.h"

namespace modelyard::app {

std::vector<Calculation> calculations() {
  std::vector<Calculation> all = distance_calculations();
  for (const auto& group :
       {hypothesis_calculations(), sequential_calculations(), experiment_calculations(), detector_calculations(),
        estimate_calculations(), score_calculations(), sketch_calculations()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

Result<Json> calculate(std::string_view name, const Json& input) {
  std::vector<std::string> names;
  for (const Calculation& calculation : calculations()) {
    names.emplace_back(calculation.name);
    if (calculation.name != name) continue;
    MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(input, ""));
    MODELYARD_ASSIGN(Json result, calculation.run(reader));
    MODELYARD_TRY(reader.finish());
    return result;
  }
  const auto nearest = nearest_name(name, names);
  return error(Code::kNotFound, "there is no calculation '{}'{}; `modelyard stats list` shows all", name,
               nearest ? fmt::format(", did you mean '{}'?", *nearest) : std::string());
}

Result<std::vector<double>> read_numbers(ObjectReader& input, std::string_view key) {
  MODELYARD_ASSIGN(const Json* array, input.array(key));
  std::vector<double> numbers;
  numbers.reserve(array->size());
  for (const Json& element : *array) {
    if (!element.is_number()) {
      return error(Code::kInvalidArgument, "{}[{}]: expected a number", input.path_of(key), numbers.size());
    }
    numbers.push_back(element.get<double>());
  }
  return numbers;
}

Result<double> read_number(ObjectReader& input, std::string_view key, double otherwise) {
  MODELYARD_ASSIGN(const auto number, input.optional_number(key));
  return number.value_or(otherwise);
}

Result<std::size_t> read_count(ObjectReader& input, std::string_view key, std::optional<std::size_t> otherwise) {
  std::int64_t number = 0;
  if (otherwise) {
    MODELYARD_ASSIGN(const auto given, input.optional_integer(key));
    if (!given) return *otherwise;
    number = *given;
  } else {
    MODELYARD_ASSIGN(number, input.integer(key));
  }
  if (number < 0) return error(Code::kInvalidArgument, "{}: {} is no count", input.path_of(key), number);
  return static_cast<std::size_t>(number);
}

}  // namespace modelyard::app
