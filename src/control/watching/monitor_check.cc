#include "control/watching/monitor_check.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "control/models/version_names.h"

namespace modelyard::control {
namespace {

// A profile's features are called as those of the signature, or NAME[2], or "NAME (output)".
std::string_view name_in_signature(std::string_view feature) {
  const auto end = feature.find_first_of("[ ");
  return feature.substr(0, end);
}

}  // namespace

std::string qualified_name(std::string_view endpoint, std::string_view monitor) {
  return fmt::format("{}.{}", endpoint, monitor);
}

Status check_monitors(registry::CatalogReader& reader, const std::string& endpoint, const std::string& model,
                      const std::vector<monitoring::Monitor>& monitors) {
  if (monitors.empty()) return ok();
  MODELYARD_ASSIGN(const auto names, names_of_versions(reader, model, NamesOf::kAll));
  for (const monitoring::Monitor& monitor : monitors) {
    const Status named = check_model_name(qualified_name(endpoint, monitor.name));
    if (!named) return named.error().with_context("monitors.{}", monitor.name);
    std::vector<std::string> features = monitor.features;
    for (const auto& [feature, weight] : monitor.drift.importance) features.push_back(feature);
    for (const std::string& feature : features) {
      const bool is_known = feature.ends_with('*') || names.empty() || names.contains(feature) ||
                            names.contains(std::string(name_in_signature(feature)));
      if (is_known) continue;
      return error(Code::kInvalidArgument, "monitors.{}: no version of model '{}' has '{}'; they have {}", monitor.name,
                   model, feature, fmt::join(names, ", "));
    }
  }
  return ok();
}

}  // namespace modelyard::control
