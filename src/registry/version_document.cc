#include "registry/version_document.h"

#include <algorithm>

#include "base/names.h"

namespace modelyard::registry {
namespace {

Result<VersionFile> parse_file(const Json& value, std::string path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, std::move(path)));
  VersionFile file;
  MODELYARD_ASSIGN(file.path, reader.string("path"));
  MODELYARD_TRY(check_relative_path(file.path));
  MODELYARD_ASSIGN(const std::string digest, reader.string("digest"));
  MODELYARD_ASSIGN(file.digest, Digest::parse(digest));
  MODELYARD_ASSIGN(file.size, reader.integer("size"));
  if (file.size < 0) return error(Code::kInvalidArgument, "{}: negative", reader.path_of("size"));
  MODELYARD_TRY(reader.finish());
  return file;
}

}  // namespace

Status check_relative_path(std::string_view path) {
  const auto bad = [&](std::string_view why) {
    return error(Code::kInvalidArgument, "file path '{}': {}", path.substr(0, 100), why);
  };
  if (path.empty() || path.size() > kMaxPathBytes) return bad("must have 1 to 1024 bytes");
  if (!is_valid_utf8(path) || path.find('\0') != std::string_view::npos) return bad("must be UTF-8 without NUL");
  for (std::string_view rest = path;;) {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return bad("must be relative, without '.' or '..'");
    if (slash == std::string_view::npos) return ok();
    rest = rest.substr(slash + 1);
  }
}

Result<VersionDocument> parse_version_document(const Json& value) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, ""));
  VersionDocument document;
  MODELYARD_ASSIGN(document.format, reader.string("format"));
  MODELYARD_ASSIGN(const Json* files, reader.array("files"));
  MODELYARD_ASSIGN(const Json* signature, reader.object("signature"));
  MODELYARD_TRY(reader.finish());
  document.signature = *signature;
  if (document.format != "onnx") {
    return error(Code::kInvalidArgument, "format: '{}' is not known; known is 'onnx'", document.format);
  }
  if (files->empty() || files->size() > kMaxFiles) {
    return error(Code::kInvalidArgument, "files: expected 1 to {}, got {}", kMaxFiles, files->size());
  }
  for (std::size_t i = 0; i < files->size(); ++i) {
    MODELYARD_ASSIGN(VersionFile file, parse_file((*files)[i], fmt::format("files[{}]", i)));
    document.files.push_back(std::move(file));
  }
  std::sort(document.files.begin(), document.files.end(),
            [](const VersionFile& a, const VersionFile& b) { return a.path < b.path; });
  const auto twice = std::adjacent_find(document.files.begin(), document.files.end(),
                                        [](const VersionFile& a, const VersionFile& b) { return a.path == b.path; });
  if (twice != document.files.end()) return error(Code::kInvalidArgument, "files: '{}' stands twice", twice->path);
  return document;
}

Json to_json(const VersionDocument& document) {
  Json files = Json::array();
  for (const VersionFile& file : document.files) {
    files.push_back({{"path", file.path}, {"digest", file.digest.hex()}, {"size", file.size}});
  }
  return {{"format", document.format}, {"files", std::move(files)}, {"signature", document.signature}};
}

Result<Digest> identity_of(const VersionDocument& document) {
  MODELYARD_ASSIGN(const std::string text, canonical_json(to_json(document)));
  return sha256(text);
}

}  // namespace modelyard::registry
