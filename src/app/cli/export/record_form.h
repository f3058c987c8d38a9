// RecordForm is the form that a prediction takes in an exported file.
//
//   jsonl      the decision record as one line of JSON, with its payload under "payload" when that is asked for
//   sagemaker  a line of SageMaker's data capture, in and out as Open Inference Protocol
//   tfrecord   a PredictionLog of TensorFlow Serving in a TFRecord file
//
// `record` is what the server gives: a decision record, and under "payload" what was captured, or null.
// Errors: a prediction that the form cannot hold is nullopt, not an error: it failed, or was not captured.
// Sources: Amazon SageMaker data capture; tensorflow_serving/apis/prediction_log.proto; TFRecord.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace modelyard::app {

enum class RecordForm { kJsonLines, kSageMaker, kTfRecord };

// Whether it was answered, and the answer was captured.
bool has_answer(const Json& record);
Result<std::optional<std::string>> encode(RecordForm form, const Json& record);

// What a caller of the Open Inference Protocol sent and got: fields that were masked or too large are left out.
Json request_body(const Json& record);
Json answer_body(const Json& record);

}  // namespace modelyard::app
