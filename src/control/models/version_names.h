// The signatures of the versions of a model, and the names that they give to their tensors.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "inference/signature.h"
#include "registry/catalog.h"

namespace modelyard::control {

// Of all versions, the oldest first.
Status for_each_signature(registry::CatalogReader& reader, const std::string& model,
                          const std::function<void(const inference::Signature& signature)>& take);

// Outputs: and their columns, OUTPUT.FEATURE. All: inputs and outputs, and the features of their columns.
enum class NamesOf { kOutputs, kAll };

// Of all its versions; empty when there is none.
Result<std::set<std::string>> names_of_versions(registry::CatalogReader& reader, const std::string& model,
                                                NamesOf which);

}  // namespace modelyard::control
