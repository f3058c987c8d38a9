// Writes JSON into one growing text. Floats are the shortest text that reads back to the same value, always
// with a point or an exponent; NaN and infinities are bare, as the inference protocols write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inference/tensor.h"

namespace modelyard::edge {

void append_json(std::string& out, float value);
void append_json(std::string& out, double value);
void append_json(std::string& out, std::int64_t value);
void append_json(std::string& out, std::uint64_t value);
void append_json(std::string& out, bool value);
// Pre: valid UTF-8.
void append_json(std::string& out, std::string_view text);

// One element, by its position. Pre: not BYTES, FP16 or BF16.
void append_json_element(std::string& out, inference::DataType type, const std::byte* element);

// All elements, flat: "[1.0,2.0]". InvalidArgument for FP16 and BF16, which JSON does not carry, and for
// BYTES that are not UTF-8.
Status append_json_data(std::string& out, const inference::TensorView& tensor);

}  // namespace modelyard::edge
