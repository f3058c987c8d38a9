// Reads and writes TensorFlow Serving's REST predict: row form ("instances" → "predictions") and column form
// ("inputs" → "outputs"), with {"b64": …} for bytes.
//
// Beyond TensorFlow Serving: for a model with one 2-D input whose signature names its features, a row may be an
// object keyed by feature name, in any order.
// Ownership: the request's views point into PredictAsk. Errors: InvalidArgument that names the field.
#pragma once

#include <list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inference/request.h"
#include "inference/signature.h"

namespace modelyard::edge::tfs {

struct PredictAsk {
  inference::InferRequest request;
  bool rows = true;  // row form
  std::list<inference::Shape> shapes;
};

Result<PredictAsk> decode_predict(std::string_view body, const inference::Signature& signature);

Result<std::string> encode_predict(const inference::InferResponse& response, const PredictAsk& asked);

}  // namespace modelyard::edge::tfs
