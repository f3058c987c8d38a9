// TypedElements collects the elements of a tensor from a repeated protobuf field, packed or not, as the bytes of its
// datatype.
//
// Errors: InvalidArgument for a number outside the datatype, and for a wire type that the field cannot have.
#pragma once

#include "base/result.h"
#include "edge/codec/protobuf/wire.h"
#include "inference/tensor.h"

namespace modelyard::edge {

class TypedElements {
 public:
  explicit TypedElements(inference::DataType type) : type_(type) {}

  // One occurrence of the field, at which `reader` stands.
  Status add(const WireReader& reader);
  std::size_t count() const { return count_; }
  // Repeats the last element until there are `count`, at most `most_bytes` in all. Pre: there is one, of fixed size.
  Status fill_up(std::size_t count, std::size_t most_bytes);
  inference::Buffer take() const;

 private:
  Status add_fixed(const WireReader& reader);
  Status put(std::uint64_t value);
  template <typename Small, typename Wide>
  Status narrow(Wide value);
  Error wrong_wire_type() const;

  const inference::DataType type_;
  std::string bytes_;
  std::size_t count_ = 0;
};

}  // namespace modelyard::edge
