#include "edge/codec/labels/label_limits.h"

namespace modelyard::edge {
namespace {

// Of names, texts and numbers; what stands between them does not count.
std::size_t bytes_of(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  std::size_t bytes = sizeof(double);
  for (auto one = value.begin(); value.is_structured() && one != value.end(); ++one) {
    bytes += (value.is_object() ? one.key().size() : 0) + bytes_of(*one);
  }
  return bytes;
}

}  // namespace

Status check_bytes(std::size_t bytes, std::size_t most) {
  if (bytes <= most) return ok();
  return error(Code::kInvalidArgument, "the label has {} bytes, at most {} are taken: {}", bytes, most,
               most == kMostBytesOfRows ? "send rows one by one, with row and value" : "send nothing but its fields");
}

Status check_name(std::string_view name) {
  if (name.size() <= kMostNameBytes) return ok();
  return error(Code::kInvalidArgument, "the name of a field has {} bytes, at most {} are taken", name.size(),
               kMostNameBytes);
}

Status check_label_size(const Json& one) {
  if (!one.is_object()) return ok();
  for (const auto& [name, value] : one.items()) MODELYARD_TRY(check_name(name));
  const bool is_of_rows = one.contains("values") || one.contains("groundTruthData");
  return check_bytes(bytes_of(one), is_of_rows ? kMostBytesOfRows : kMostBytesOfLabel);
}

}  // namespace modelyard::edge
