// Labels as people and systems send them (docs/guides/accuracy.md):
//
//   application/json        one label, a list of them, or {"labels": [...]}
//   application/x-ndjson    a label on each line; also a line of SageMaker's ground truth
//                           {"groundTruthData": {"data", "encoding"}, "eventMetadata": {"eventId"}}
//   text/csv                with a line of names first
//
// A label: prediction_id, or unit and time; row; value, or values of all rows; event_time; endpoint. Values of CSV
// are texts without a type; null takes back what was said before.
//
// Limits: kMostLabels, kMostLabelBytes; of one label those of label_limits.h. Errors: InvalidArgument that names the
//         first lines that cannot be read; nothing is given then.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/ground_truth/label.h"

namespace modelyard::edge {

inline constexpr std::size_t kMostLabels = 100'000;
inline constexpr std::size_t kMostLabelBytes = 16u << 20;

struct LabelForm {
  std::string content_type;  // "": JSON
  std::string endpoint;      // of those that name none
  // Of CSV: what the file calls our columns; others are passed over then. Empty: they have our names.
  std::map<std::string, std::string> columns;
  std::size_t line_offset = 0;  // of a part of a file: its lines are told with so many more
};

Result<std::vector<journal::GivenLabel>> read_labels(std::string_view body, const LabelForm& form);

// "prediction_id=request,value=paid"
Result<std::map<std::string, std::string>> parse_label_columns(std::string_view text);

}  // namespace modelyard::edge
