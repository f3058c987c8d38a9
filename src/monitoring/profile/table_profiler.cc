#include "monitoring/profile/table_profiler.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/csv.h"
#include "inference/element.h"
#include "monitoring/profile/tensor_profiler.h"

namespace modelyard::monitoring {
namespace {

constexpr std::size_t kMostNamesTold = 20;

bool is_missing(std::string_view field) {
  constexpr std::array<std::string_view, 7> kMissing{"", "NaN", "nan", "NA", "null", "None", "NULL"};
  return std::ranges::find(kMissing, field) != kMissing.end();
}

std::optional<double> number_of(std::string_view field) {
  if (field == "true" || field == "True") return 1;
  if (field == "false" || field == "False") return 0;
  double number = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), number);
  return failure == std::errc{} && end == field.data() + field.size() ? std::optional(number) : std::nullopt;
}

double rounded(inference::DataType type, double number) {
  return inference::is_floating(type) && type != inference::DataType::kFp64
             ? static_cast<double>(static_cast<float>(number))
             : number;
}

}  // namespace

TableProfiler::TableProfiler(const inference::Signature& signature) {
  std::set<std::string> seen;
  for (const auto& [specs, suffix] : {std::pair(&signature.inputs, ""), std::pair(&signature.outputs, " (output)")}) {
    for (const inference::TensorSpec& spec : *specs) {
      for (const std::string& name : column_names(spec)) {
        const bool is_new = seen.insert(name).second;
        known_.push_back({is_new ? name : name + suffix, spec.type});
      }
    }
  }
}

// As CsvReader reads it.
TableProfiler::Place TableProfiler::behind(Place place, char next) {
  if (place == Place::kQuoted) return next == '"' ? Place::kBehindQuote : Place::kQuoted;
  if (next == ',' || next == '\n') return Place::kBegin;
  if (next == '"' && place != Place::kPlain) return Place::kQuoted;
  return Place::kPlain;
}

Status TableProfiler::add(std::string_view piece) {
  std::size_t end = 0;  // behind the last line's end
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] == '\n' && place_ != Place::kQuoted) end = i + 1;
    place_ = behind(place_, piece[i]);
  }
  rest_ += piece.substr(0, end);
  if (end > 0) {
    MODELYARD_TRY(add_lines(rest_));
    rest_.clear();
  }
  rest_ += piece.substr(end);
  if (rest_.size() <= kMostLine) return ok();
  return error(Code::kInvalidArgument, "line {}: longer than {} bytes", lines_ + 1, kMostLine);
}

Status TableProfiler::add_lines(std::string_view lines) {
  CsvReader reader(lines);
  for (;;) {
    const auto fields = reader.next();
    if (!fields) return fields.error();
    if (!*fields) break;
    MODELYARD_TRY(has_names_ ? add_row(**fields, lines_ + reader.line()) : take_names(**fields));
  }
  lines_ += static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  return ok();
}

Status TableProfiler::take_names(const std::vector<std::string>& names) {
  has_names_ = true;
  names_ = names;
  if (!names_.empty() && names_.front().starts_with("\xEF\xBB\xBF")) names_.front().erase(0, 3);
  bool is_any_known = false;
  for (const std::string& name : names_) {
    const auto found = std::ranges::find(known_, name, &Known::name);
    Column column;
    if (found != known_.end()) {
      const auto [place, is_new] = profile_.features.try_emplace(name, kind_of(found->type));
      if (!is_new) return error(Code::kInvalidArgument, "column '{}' comes twice", name);
      column = {&place->second, found->type};
      is_any_known = true;
    }
    columns_.push_back(column);
  }
  if (is_any_known) return ok();
  std::vector<std::string_view> features;
  for (const Known& known : known_) {
    if (features.size() < kMostNamesTold) features.push_back(known.name);
  }
  return error(Code::kInvalidArgument, "no column is an input or output of the model: it has {}",
               fmt::join(features, ", "));
}

Status TableProfiler::add_row(const std::vector<std::string>& fields, std::size_t line) {
  if (fields.size() != columns_.size()) {
    return error(Code::kInvalidArgument, "line {}: {} fields, the first line names {}", line, fields.size(),
                 columns_.size());
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    FeatureProfile* const profile = columns_[i].profile;
    if (profile == nullptr) continue;
    const bool missing = is_missing(fields[i]);
    if (profile->kind() == FeatureKind::kCategory) {
      profile->add(missing ? std::string_view() : std::string_view(fields[i]));
      continue;
    }
    const auto number = missing ? std::optional(std::nan("")) : number_of(fields[i]);
    if (!number) {
      return error(Code::kInvalidArgument, "line {}, column '{}': '{}' is no number", line, names_[i],
                   fields[i].substr(0, 40));
    }
    profile->add(rounded(columns_[i].type, *number));
  }
  ++profile_.rows;
  return ok();
}

Result<WindowProfile> TableProfiler::finish() {
  if (!rest_.empty()) MODELYARD_TRY(add_lines(rest_));
  if (profile_.rows == 0) return error(Code::kInvalidArgument, "there are no rows");
  profile_.profiled = profile_.rows;
  return std::move(profile_);
}

}  // namespace modelyard::monitoring
