// Call is one request on its way through serving, and the duty to tell how it ended.
//
// Ownership: edge/ derives from it, keeps behind it what the request's views point into, and hands it over whole. It
//            comes back in finish(), exactly once, on the loop it was submitted on.
// Threads:   one owner at a time. cancelled() may be asked by a worker while the client leaves.
#pragma once

#include <functional>
#include <memory>

#include "inference/request.h"
#include "serving/statistics.h"

namespace modelyard::serving {

class Call {
 public:
  virtual ~Call() = default;
  virtual inference::InferRequest& request() = 0;
  virtual std::size_t body_bytes() const = 0;
  virtual Protocol protocol() const = 0;
  virtual bool cancelled() const = 0;
  virtual void finish(Result<inference::InferResponse> response) = 0;
};

// Where a loop takes tasks of other threads.
using Post = std::function<void(std::move_only_function<void()>)>;

}  // namespace modelyard::serving
