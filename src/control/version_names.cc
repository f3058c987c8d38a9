#include "control/version_names.h"

#include "inference/signature.h"

namespace modelyard::control {

Result<std::set<std::string>> names_of_versions(registry::CatalogReader& reader, const std::string& model,
                                                NamesOf which) {
  std::set<std::string> names;
  registry::Page page;
  for (;;) {
    MODELYARD_ASSIGN(const auto versions, reader.versions(model, page));
    for (const registry::VersionRecord& version : versions) {
      MODELYARD_ASSIGN(const auto signature, inference::parse_signature(version.document.signature));
      for (const inference::TensorSpec& spec : signature.outputs) {
        names.insert(spec.name);
        if (which == NamesOf::kAll) names.insert(spec.features.begin(), spec.features.end());
      }
      if (which == NamesOf::kOutputs) continue;
      for (const inference::TensorSpec& spec : signature.inputs) {
        names.insert(spec.name);
        names.insert(spec.features.begin(), spec.features.end());
      }
    }
    if (versions.size() < static_cast<std::size_t>(page.limit)) return names;
    page.after = std::to_string(versions.back().ref.version);
  }
}

}  // namespace modelyard::control
