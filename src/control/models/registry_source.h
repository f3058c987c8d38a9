// RegistrySource tells lifecycle what the catalog wants, and gives it the files of a version, verified.
//
// Threads: as lifecycle::Source says; changed() is for the catalog's change feed.
#pragma once

#include "base/mutex.h"
#include "lifecycle/source.h"
#include "registry/blob_store.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct SourceOptions {
  std::chrono::milliseconds grace{30'000};
  int intra_op_threads = 1;
};

// Of scheduling and journal, as they stand in the catalog.
using SettingsTexts = std::pair<std::string, std::string>;

class RegistrySource final : public lifecycle::Source {
 public:
  RegistrySource(registry::Catalog& catalog, registry::BlobStore& blobs, SourceOptions options)
      : catalog_(catalog), blobs_(blobs), options_(options) {}

  Result<std::shared_ptr<const lifecycle::DesiredState>> desired(std::span<const VersionRef> held) override;
  Result<lifecycle::Artifact> fetch(const VersionRef& version) override;
  void subscribe(std::function<void()> changed) override;
  void unsubscribe() override;

  // The catalog has a new revision.
  void changed();
  void set_grace(std::chrono::milliseconds grace);

 private:
  Status take_settings(lifecycle::DesiredState& desired, const std::map<std::string, SettingsTexts>& texts)
      MODELYARD_REQUIRES(mutex_);

  registry::Catalog& catalog_;
  registry::BlobStore& blobs_;
  Mutex mutex_;
  SourceOptions options_ MODELYARD_GUARDED_BY(mutex_);
  std::function<void()> subscriber_ MODELYARD_GUARDED_BY(mutex_);
  // By endpoint, with the text they were read from: what they count goes on while the text is the same.
  std::map<std::string, std::pair<SettingsTexts, std::shared_ptr<lifecycle::EndpointSettings>>> settings_
      MODELYARD_GUARDED_BY(mutex_);
};

// Desired state as of one revision, but for the settings, which it gives as their texts. Pure but for the reader.
Status read_desired(registry::CatalogReader& reader, lifecycle::DesiredState& desired,
                    std::map<std::string, SettingsTexts>& settings);

}  // namespace modelyard::control
