// Finds out whether requests of a version may share a run: made-up rows are run alone and together, and must get the
// same answers.
#pragma once

#include "backend/api/backend.h"
#include "lifecycle/batching.h"

namespace modelyard::lifecycle {

// Most rows of a shared run. Beyond, what is won per row is little, and everybody waits for everybody.
inline constexpr std::int64_t kMostBatchRows = 64;

// ok() when rows are answered alike alone and in company; otherwise why not.
Status probe_batching(const inference::Signature& signature, backend::ExecutionContext& context);

}  // namespace modelyard::lifecycle
