// Source is where lifecycle learns what should be served and gets the files of a version. Its owner is
// this room; control/ implements it over the registry.
//
// Threads:   desired() and fetch() are called on lifecycle's threads; fetch() may take long.
// Ownership: a DesiredState is immutable and shared; an Artifact owns its folder until it is destroyed.
// Errors:    fetch() answers NotFound when the version is gone, Internal when a digest does not match.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "backend/api/backend.h"
#include "base/names.h"
#include "base/result.h"
#include "inference/signature.h"
#include "lifecycle/scheduling.h"
#include "rollout/traffic_plan.h"

namespace modelyard::lifecycle {

// What the catalog says should be, at one revision. The full set, never a difference: what is not named
// is not wanted.
struct DesiredState {
  std::int64_t revision = 0;
  std::vector<rollout::TrafficPlan> plans;                 // one for each deployed endpoint, by endpoint name
  std::map<VersionRef, std::vector<std::string>> aliases;  // version → its aliases; kept loaded while an
                                                           // endpoint of the model is deployed
  std::map<std::string, std::shared_ptr<EndpointSettings>> settings;  // by endpoint; the same object while the same
  std::vector<VersionRef> pins;                                       // kept loaded, whatever the plans say
  std::map<VersionRef, backend::LoadOptions> options;                 // of versions of plans
  backend::LoadOptions other_options;                                 // of all others
  std::chrono::milliseconds grace{0};  // how long a version stays after it is no longer wanted
  std::set<VersionRef> withdrawn;      // of those that were asked about: deleted, so that they go without grace

  const backend::LoadOptions& options_of(const VersionRef& version) const {
    const auto own = options.find(version);
    return own == options.end() ? other_options : own->second;
  }
};

// One recorded answer that a version must reproduce before it is ready.
struct GoldenSample {
  std::vector<inference::Tensor> inputs;
  std::vector<inference::Tensor> outputs;
};

struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

struct Golden {
  std::vector<GoldenSample> samples;
  Tolerance tolerance;  // for outputs not named below
  std::map<std::string, Tolerance> by_output;
};

// The verified files of one version.
struct Artifact {
  std::string folder;  // every digest in it was checked just now
  std::string format;  // "onnx"
  std::int64_t file_bytes = 0;
  inference::Signature signature;  // as published; the engine's own must agree
  Golden golden;
  std::shared_ptr<void> keep;  // the folder is removed with the last reference
};

class Source {
 public:
  virtual ~Source() = default;

  // `held` are the versions that lifecycle has.
  virtual Result<std::shared_ptr<const DesiredState>> desired(std::span<const VersionRef> held) = 0;
  virtual Result<Artifact> fetch(const VersionRef& version) = 0;

  // Has `changed` called, from any thread, whenever desired() may answer something new. Called once, at
  // start. After unsubscribe() has returned, `changed` is not called again.
  virtual void subscribe(std::function<void()> changed) = 0;
  virtual void unsubscribe() = 0;
};

// What lifecycle did, for the event log. Called without locks; must not block for long.
struct Happening {
  VersionRef version;
  std::string kind;  // "version_loading", "version_ready", "version_failed", "version_unloaded", "version_replacing",
                     // "version_replaced", "version_not_replaced", "endpoint_switched"
  std::string message;
};
using Report = std::function<void(const Happening&)>;

}  // namespace modelyard::lifecycle
