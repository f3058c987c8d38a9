// SharedUse is what one request uses of shared memory: inputs are copied out of their regions before it runs, outputs
// are copied into theirs before it is answered. Private to this room.
//
// Ownership: keeps the regions of outputs until the request has been answered, also when they are unregistered
// meanwhile.
#pragma once

#include <vector>

#include "edge/codec/oip/infer_request.h"
#include "edge/shared_memory/shared_regions.h"
#include "security/access.h"

namespace modelyard::edge {

class SharedUse {
 public:
  // Fills the inputs that lie in shared memory. `regions` is null where shared memory is off; then, and for regions
  // that are not there or ranges beyond them, the request is refused; so it is for callers that may not use every
  // model, whose regions these may be.
  static Result<SharedUse> take(const SharedRegions* regions, const security::Caller& caller, oip::OipInfer& asked);

  std::size_t input_bytes() const { return input_bytes_; }
  Status write_outputs(const inference::InferResponse& response) const;

 private:
  struct Place {
    std::string_view output;
    SharedRegions::Held region;
    std::uint64_t offset;
  };

  Status read_inputs(const SharedRegions& regions, oip::OipInfer& asked);
  Status find_outputs(const SharedRegions& regions, const oip::OipInfer& asked);

  std::vector<Place> places_;
  std::size_t input_bytes_ = 0;
};

Error shared_memory_is_off();

}  // namespace modelyard::edge
