// Capturer decides which predictions leave their payload, and puts together what of it may be kept.
//
// Threads: one for each loop, on that loop.
#pragma once

#include <vector>

#include "journal/payload.h"
#include "serving/tap.h"

namespace modelyard::app {

// Whether a prediction is of the captured share: by its unit, else its trace, else the request's own id, else its own.
bool is_captured(const lifecycle::Capture& capture, const serving::Ended& ended);

class Capturer {
 public:
  // `cpu` outlives it.
  explicit Capturer(std::string_view cpu) : cpu_(cpu) {}

  // Valid until the next call, while what `ended` refers to is there. A tensor of whose columns some are named by the
  // capture comes as a field for each column, TENSOR.FEATURE.
  journal::Payload payload_of(const lifecycle::Capture& capture, const serving::Ended& ended);

 private:
  void add_tensor(const lifecycle::Capture& capture, journal::Side side, const inference::TensorSpec* spec,
                  const inference::TensorView& tensor);
  void add_columns(const lifecycle::Capture& capture, journal::Side side, const inference::TensorSpec& spec,
                   const inference::TensorView& tensor);
  void add(const lifecycle::Capture& capture, journal::Field field, journal::Treatment treatment);

  const std::string_view cpu_;
  std::vector<journal::Field> fields_;
  std::vector<std::string> names_;   // of columns; those that are used come first
  std::vector<std::string> values_;  // of the same columns
  std::vector<std::int64_t> rows_;   // their shapes, one dimension each
  std::string long_unit_;
  std::size_t columns_ = 0;
  std::size_t bytes_ = 0;  // of values
};

}  // namespace modelyard::app
