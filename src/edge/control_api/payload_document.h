// A captured payload as JSON (api/openapi.yaml, Payload).
#pragma once

#include "base/json.h"
#include "journal/decision.h"
#include "journal/payload.h"

namespace modelyard::edge {

// Values that JSON cannot say, like NaN or bytes that are no text, come as `data_base64`, as they lie in memory.
Json payload_document(const journal::PayloadRecord& payload, const journal::DecisionRecord& decision);

}  // namespace modelyard::edge
