// DriftInspector tells which inputs and outputs of an endpoint have changed.
//
// Sources:   live profiles, of a share of all predictions (monitoring/profile/live_profiler.h), or what was captured of
//            them.
// Reference: a period, or, without one, the profile that was published with the version that answered most, else the
//            kUsualReference before the period that is looked at.
// Features:  monitoring/profile/tensor_profiler.h. What is masked, or was taken apart by capture in part only, is left
//            out.
// Errors:    FailedPrecondition when there is nothing of one of the periods, or the source is off.
// Threads:   blocking, any.
#pragma once

#include "base/json.h"
#include "control/watching/reference_profiles.h"
#include "journal/payload_journal.h"
#include "monitoring/drift/comparison.h"
#include "monitoring/profile/profile_store.h"

namespace modelyard::control {

struct Period {
  UtcTime from{};
  UtcTime to{};  // not included
};

enum class DriftSource { kLive, kCaptured };

struct DriftQuery {
  std::string endpoint;
  std::optional<Period> reference;
  Period current;
  DriftSource source = DriftSource::kLive;
  monitoring::DriftRule rule;
};

// One side of the comparison.
struct DriftSide {
  Period period;
  VersionRef attached;            // version 0: it is what was predicted in the period
  std::uint64_t predictions = 0;  // answered, or captured
  std::uint64_t rows = 0, profiled = 0;
  double least_share = 1;
  monitoring::Profiles profiles;
};

struct DriftReport {
  DriftQuery query;
  DriftSide reference;
  DriftSide current;
  std::vector<monitoring::FeatureDrift> features;
};

class DriftInspector {
 public:
  static constexpr std::chrono::days kUsualReference{7};

  // Null: off.
  struct Sources {
    registry::Catalog& catalog;
    journal::PayloadJournal* payloads;
    monitoring::ProfileStore* profiles;
    ReferenceProfiles* references;
  };
  explicit DriftInspector(Sources sources) : sources_(sources) {}

  Result<DriftReport> inspect(const DriftQuery& query);
  // What is kept of a period, for a reference: live profiles of one version, or of all when it is 0.
  Result<monitoring::WindowProfile> profile_of(const std::string& endpoint, const Period& period);

 private:
  Result<DriftReport> inspect_live(const DriftQuery& query);
  Result<DriftReport> inspect_captured(const DriftQuery& query);

  const Sources sources_;
};

Json to_json(const DriftReport& report);

}  // namespace modelyard::control
