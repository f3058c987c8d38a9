#include "edge/shared_memory/region_name.h"

#include <algorithm>
#include <array>

#include "base/names.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kLongest = 255;  // bytes of a file name
// Memory that servers and the C library keep for themselves: a Triton beside us, POSIX semaphores.
constexpr std::array<std::string_view, 2> kReserved{"triton_python_backend_shm_region_", "sem."};

bool is_plain(std::string_view text) {
  return is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/';
         });
}

bool is_reserved(std::string_view name) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

Status check_region_name(std::string_view name) {
  if (name.empty()) return error(Code::kInvalidArgument, "a shared memory region needs a name");
  if (name.size() > kLongest) {
    return error(Code::kInvalidArgument, "the name of a shared memory region has at most {} bytes", kLongest);
  }
  if (!is_plain(name)) {
    return error(Code::kInvalidArgument, "the name of a shared memory region has no slash and no control character");
  }
  if (!is_reserved(name)) return ok();
  return error(Code::kInvalidArgument, "'{}' is a reserved name of shared memory; choose another", name);
}

Result<std::string> object_of_key(std::string_view key) {
  const std::string_view object = key.starts_with('/') ? key.substr(1) : key;
  if (object.empty() || object == "." || object == ".." || object.size() > kLongest || !is_plain(object)) {
    return error(Code::kInvalidArgument, "a shared memory key is '/' and a name without a slash of at most {} bytes",
                 kLongest);
  }
  if (is_reserved(object)) {
    return error(Code::kInvalidArgument, "the shared memory key '{}' is reserved; choose another", key);
  }
  return std::string(object);
}

}  // namespace modelyard::edge
