// DriftInspector tells which inputs and outputs of an endpoint have changed between two periods, by what was captured
// of them.
//
// Profiles are made of an input or output of up to kMostColumns numbers a row: by its feature names where the signature
// has them, else as NAME[0], NAME[1]…; texts and booleans are categories. What is wider, masked or was taken apart by
// capture in part only is left out.
// Errors:  FailedPrecondition when nothing was captured in one of the periods.
// Threads: blocking, any.
#pragma once

#include "base/json.h"
#include "journal/payload_journal.h"
#include "monitoring/drift/comparison.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct Period {
  UtcTime from{};
  UtcTime to{};  // not included
};

struct DriftQuery {
  std::string endpoint;
  Period reference;
  Period current;
  monitoring::DriftRule rule;
};

struct DriftReport {
  DriftQuery query;
  std::uint64_t reference_predictions = 0;  // captured
  std::uint64_t current_predictions = 0;
  std::vector<monitoring::FeatureDrift> features;
};

class DriftInspector {
 public:
  static constexpr std::int64_t kMostColumns = 512;

  DriftInspector(registry::Catalog& catalog, journal::PayloadJournal& payloads)
      : catalog_(catalog), payloads_(payloads) {}

  Result<DriftReport> inspect(const DriftQuery& query);

 private:
  registry::Catalog& catalog_;
  journal::PayloadJournal& payloads_;
};

Json to_json(const DriftReport& report);

}  // namespace modelyard::control
