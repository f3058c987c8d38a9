// Reads and writes TensorFlow Serving's REST predict: row form ("instances" → "predictions") and column form
// ("inputs" → "outputs"), with {"b64": …} for bytes.
//
// Beyond TensorFlow Serving: for a model with one 2-D input whose signature names its features, a row may be an
// object keyed by feature name, in any order.
// Ownership: the request's views point into PredictAsk. Errors: InvalidArgument that names the field.
#pragma once

#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inference/request.h"
#include "inference/signature.h"

namespace modelyard::edge::tfs {

// Its lists live in `memory`, which must outlive it.
struct PredictAsk {
  explicit PredictAsk(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : request(memory), shapes(memory) {}

  inference::InferRequest request;
  bool rows = true;  // row form
  std::pmr::list<inference::Shape> shapes;

  std::pmr::memory_resource* memory() const { return shapes.get_allocator().resource(); }
};

// Into an empty `out`; after an error it is of no use.
Status decode_predict(std::string_view body, const inference::Signature& signature, PredictAsk& out);

Result<std::string> encode_predict(const inference::InferResponse& response, const PredictAsk& asked);

}  // namespace modelyard::edge::tfs
