// VersionDocument is what a version is: format, files, signature. Its canonical JSON is hashed to the version's
// identity, so it never changes (docs/formats/version.md).
//
// Format: {"files":[{"digest","path","size"}],"format","signature"}; files ascend by path.
// Limits: kMaxFiles files, paths of at most kMaxPathBytes, relative, without "." or ".." segments.
// Errors: InvalidArgument that names the field; unknown fields are refused.
#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "base/json.h"

namespace modelyard::registry {

inline constexpr std::size_t kMaxFiles = 10'000;
inline constexpr std::size_t kMaxPathBytes = 1024;

struct VersionFile {
  std::string path;
  Digest digest;
  std::int64_t size = 0;

  friend bool operator==(const VersionFile&, const VersionFile&) = default;
};

struct VersionDocument {
  std::string format;
  std::vector<VersionFile> files;
  Json signature;  // read by whoever knows signatures; here it is only canonical
};

// Sorts the files by path.
Result<VersionDocument> parse_version_document(const Json& value);
Json to_json(const VersionDocument& document);
Result<Digest> identity_of(const VersionDocument& document);
Status check_relative_path(std::string_view path);

}  // namespace modelyard::registry
