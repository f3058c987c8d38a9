// MonitorJudge gathers what a monitor needs to know of a window, and has it judged (monitoring/monitors/judge.h).
//
// Windows:    live profiles of all versions that answered in it; against an attached reference only those of the
//             version with the most rows.
// Without data: what is missing (no reference, no labels, no objective) is a finding of kNoData that says so.
// Errors:     those of the disk.
// Threads:    blocking, any.
#pragma once

#include <string>
#include <vector>

#include "control/predictions/evaluator.h"
#include "control/watching/reference_profiles.h"
#include "journal/payload_journal.h"
#include "monitoring/monitors/judge.h"
#include "monitoring/profile/profile_store.h"

namespace modelyard::control {

class MonitorJudge {
 public:
  struct Sources {
    registry::Catalog& catalog;
    monitoring::ProfileStore& profiles;
    ReferenceProfiles& references;
    Evaluator* evaluator;                         // null: no journal
    journal::LabelStore* labels;                  // likewise
    std::chrono::seconds fine;                    // the width of the narrowest windows of profiles
    journal::PayloadJournal* payloads = nullptr;  // null: nothing is captured
  };
  explicit MonitorJudge(Sources sources) : sources_(sources) {}

  // Of the window that ends at `end`.
  Result<std::vector<monitoring::Finding>> judge(const registry::EndpointRecord& endpoint,
                                                 const monitoring::Monitor& monitor, UtcTime end);

 private:
  struct Window;
  Result<std::vector<monitoring::Finding>> judge_features(const Window& window);
  Result<std::vector<monitoring::Finding>> judge_estimate(const Window& window, const VersionRef& ref,
                                                          const monitoring::Profiles& reference,
                                                          const monitoring::Profiles& current);
  Result<std::vector<monitoring::Finding>> judge_classes(const Window& window, const VersionRef& ref,
                                                         const monitoring::Profiles& reference,
                                                         const monitoring::Profiles& current);
  Result<std::vector<monitoring::Finding>> judge_traffic(const Window& window);
  Result<std::vector<monitoring::Finding>> judge_labels(const Window& window);
  Result<std::vector<monitoring::Finding>> judge_rows(const Window& window);
  // What the labels say, of `monitor`, which has its limit.
  Result<std::vector<monitoring::Finding>> judge_part(const Window& window, const monitoring::Monitor& monitor);
  Result<std::vector<monitoring::Finding>> judge_version_age(const Window& window);

  const Sources sources_;
};

}  // namespace modelyard::control
