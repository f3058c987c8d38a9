// Replayer asks the version that answered a captured prediction the same again, and compares.
//
// A run is repeated as it was: as many rows, the prediction's at the same place, the others filled with its own. When
// engine and processor are those of then, too, the answer must be the same bit for bit; else within the version's
// tolerance (that of its golden samples, or kUsualTolerance).
//
// Errors:  FailedPrecondition for a prediction that cannot be asked again (masked or hashed inputs, one that failed)
//          or whose version is not loaded, Unimplemented for none.
// Threads: blocking, any; a context of its own.
#pragma once

#include "base/json.h"
#include "journal/decision.h"
#include "journal/payload.h"
#include "lifecycle/serving_table.h"
#include "lifecycle/source.h"
#include "registry/catalog.h"

namespace modelyard::control {

enum class Verdict { kSame, kWithinTolerance, kDifferent };
std::string_view verdict_name(Verdict verdict);

struct Replay {
  Verdict verdict{};
  // What was not as it was: a difference there may lie within the tolerance. Empty: it must be the same.
  std::vector<std::string> unlike;
  std::string difference;  // the first beyond the tolerance; "" when there is none
  bool is_reproduced() const {
    return verdict == Verdict::kSame || (verdict == Verdict::kWithinTolerance && !unlike.empty());
  }
};

// How far a version's answers may be from its golden samples. The samples are left out.
Result<lifecycle::Golden> tolerances_of(registry::CatalogReader& reader, const VersionRef& version);

// `tolerances` are the version's; its samples are of no interest.
Result<Replay> replay(lifecycle::Servable& servable, const journal::PayloadRecord& payload,
                      const lifecycle::Golden& tolerances, std::string_view cpu);

Json to_json(const Replay& replay);

}  // namespace modelyard::control
