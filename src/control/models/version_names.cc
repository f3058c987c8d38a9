#include "control/models/version_names.h"

namespace modelyard::control {

Status for_each_signature(registry::CatalogReader& reader, const std::string& model,
                          const std::function<void(const inference::Signature& signature)>& take) {
  registry::Page page;
  for (;;) {
    MODELYARD_ASSIGN(const auto versions, reader.versions(model, page));
    for (const registry::VersionRecord& version : versions) {
      MODELYARD_ASSIGN(const auto signature, inference::parse_signature(version.document.signature));
      take(signature);
    }
    if (versions.size() < static_cast<std::size_t>(page.limit)) return ok();
    page.after = std::to_string(versions.back().ref.version);
  }
}

Result<std::set<std::string>> names_of_versions(registry::CatalogReader& reader, const std::string& model,
                                                NamesOf which) {
  std::set<std::string> names;
  MODELYARD_TRY(for_each_signature(reader, model, [&](const inference::Signature& signature) {
    for (const auto* const specs : {&signature.outputs, &signature.inputs}) {
      if (which == NamesOf::kOutputs && specs == &signature.inputs) continue;
      for (const inference::TensorSpec& spec : *specs) {
        names.insert(spec.name);
        for (const std::string& feature : spec.features) {
          names.insert(which == NamesOf::kAll ? feature : spec.name + "." + feature);
        }
      }
    }
  }));
  return names;
}

}  // namespace modelyard::control
