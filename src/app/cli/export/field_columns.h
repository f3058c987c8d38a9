// FieldColumns holds what predictions were asked and what they answered in columns, those of each tensor side by side.
//
//   input.NAME, output.NAME  the values, flat and row-major, as a list of the tensor's datatype; null when they were
//   not
//                            kept. FP16 and BF16 are 32-bit floats. BYTES are text, and bytes when some are no text.
//   input_shape.NAME …       the shape, a list of 64-bit integers; null when the prediction does not have the tensor
//   input_treatment.NAME …   kept, masked, hashed or too_large; only where some were not kept
//
// A tensor that came with several datatypes has columns for each: input.NAME:FP32, input.NAME:BYTES.
// Errors: Internal for a payload that is not as the server writes it; InvalidArgument for more than kMostFields
// tensors.
#pragma once

#include <string>
#include <vector>

#include "app/cli/parquet/arrow_columns.h"
#include "base/json.h"
#include "inference/data_type.h"

namespace modelyard::app {

// The tensors of all predictions that were shown to it, in the order of their appearance.
class FieldCensus {
 public:
  static constexpr std::size_t kMostFields = 2000;

  struct Field {
    bool is_input = true;
    std::string name;
    inference::DataType type{};
    bool is_text = true;      // of BYTES: each value so far
    bool is_treated = false;  // not always kept
  };

  Status add(const Json& record);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  Status add_side(const Json& fields, bool is_input);
  std::vector<Field> fields_;
};

class FieldColumns {
 public:
  // Adds its columns to `batch`, which must outlive it. `census` has seen all records that come.
  FieldColumns(ColumnBatch& batch, const FieldCensus& census);

  Status add(const Json& record);

 private:
  struct Kept {
    FieldCensus::Field field;
    Column* values;
    Column* shape;
    Column* treatment;  // null: there is none
  };
  std::vector<Kept> kept_;
};

}  // namespace modelyard::app
