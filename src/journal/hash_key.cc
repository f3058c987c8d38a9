#include "journal/hash_key.h"

#include <fcntl.h>
#include <sys/random.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/digest.h"

namespace modelyard::journal {
namespace {

constexpr std::string_view kFile = "hash.key";

}  // namespace

Result<HashKey> HashKey::open(const Directory& folder) {
  std::array<std::uint8_t, 32> key{};
  const std::string name(kFile);
  const auto present = folder.open_file(name, O_RDONLY);
  if (present) {
    MODELYARD_ASSIGN(const std::string bytes, read_all(present->get(), name, 64));
    if (bytes.size() != key.size()) {
      return error(Code::kFailedPrecondition, "{}/{} is not a key of {} bytes: put the right one back, or remove it",
                   folder.path(), name, key.size());
    }
    std::memcpy(key.data(), bytes.data(), key.size());
    return HashKey(key);
  }
  if (present.error().code() != Code::kNotFound) return present.error();
  MODELYARD_CHECK(getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()),
                  "the kernel gives 32 bytes");
  const std::string unfinished = name + ".tmp";
  MODELYARD_ASSIGN(const UniqueFd fd, folder.open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC));
  MODELYARD_TRY(write_all(fd.get(), std::as_bytes(std::span(key)), unfinished));
  MODELYARD_TRY(sync_file(fd.get(), unfinished));
  MODELYARD_TRY(folder.rename(unfinished, name));
  MODELYARD_TRY(folder.sync(""));
  return HashKey(key);
}

std::string HashKey::text_of(std::string_view field, std::string_view element) const {
  std::string message(field);
  message += '\0';
  message += element;
  const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
  return hmac_sha256(key, message).hex().substr(0, kTextBytes);
}

}  // namespace modelyard::journal
