// The names that the versions of a model give to their tensors.
#pragma once

#include <set>
#include <string>

#include "registry/catalog.h"

namespace modelyard::control {

enum class NamesOf { kOutputs, kAll };  // all: inputs and outputs, and the features of their columns

// Of all its versions; empty when there is none.
Result<std::set<std::string>> names_of_versions(registry::CatalogReader& reader, const std::string& model,
                                                NamesOf which);

}  // namespace modelyard::control
