#include "registry/backup.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>

#include "base/directory.h"
#include "registry/folder_blob_store.h"
#include "registry/sqlite_catalog.h"

namespace modelyard::registry {
namespace {

namespace fs = std::filesystem;
constexpr int kManifestFormat = 1;

Status require_empty(const std::string& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored) || fs::is_empty(folder, ignored)) return ok();
  return error(Code::kFailedPrecondition, "'{}' is not empty; name a new folder", folder);
}

Status copy_blob(BlobStore& from, BlobStore& to, const Digest& digest, BackupReport& report) {
  MODELYARD_ASSIGN(auto upload, to.begin_upload());
  MODELYARD_TRY(from.read_verified(digest, [&](std::span<const std::byte> piece) { return upload->write(piece); }));
  MODELYARD_ASSIGN(const BlobRecord record, upload->commit(digest));
  ++report.blobs;
  report.bytes += record.size;
  return ok();
}

Status copy_blobs(Catalog& copied, BlobStore& from, BlobStore& to, BackupReport& report) {
  return copied.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(report.revision, reader.revision());
    MODELYARD_ASSIGN(const auto digests, reader.referenced_blobs());
    for (const Digest& digest : digests) MODELYARD_TRY(copy_blob(from, to, digest, report));
    return ok();
  });
}

Result<Digest> digest_of_file(const std::string& path) {
  MODELYARD_ASSIGN(const std::string content, read_file(path, std::uint64_t{1} << 40));
  return sha256(content);
}

Status sync_path(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? sync_file(fd.get(), path) : Status(system_error("open", path, errno));
}

Status check_manifest(const std::string& folder) {
  const auto text = read_file(folder + "/manifest.json", 1u << 20);
  if (!text) {
    return error(Code::kFailedPrecondition, "'{}' holds no complete backup: {}", folder, text.error().message());
  }
  MODELYARD_ASSIGN(const Json manifest, parse_json(*text));
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(manifest, "manifest"));
  MODELYARD_ASSIGN(const std::int64_t format, reader.integer("format"));
  MODELYARD_ASSIGN(const std::string expected, reader.string("catalog"));
  if (format != kManifestFormat) {
    return error(Code::kFailedPrecondition, "backup format {} is not known; this program knows {}", format,
                 kManifestFormat);
  }
  MODELYARD_ASSIGN(const Digest catalog, digest_of_file(folder + "/catalog.db"));
  if (catalog.hex() == expected) return ok();
  return error(Code::kInternal, "the backup's catalog.db is damaged: its digest is not the manifest's");
}

}  // namespace

Result<BackupReport> make_backup(Catalog& catalog, BlobStore& blobs, const std::string& folder, const Clock& clock) {
  MODELYARD_TRY(require_empty(folder));
  MODELYARD_ASSIGN(const Directory root, Directory::create(folder));
  const std::string path = folder + "/catalog.db";
  MODELYARD_TRY(catalog.copy_to(path));
  BackupReport report;
  {
    MODELYARD_ASSIGN(const auto copied, SqliteCatalog::open({path}, clock));
    MODELYARD_ASSIGN(const auto store, FolderBlobStore::open(folder + "/blobs", clock, system_random()));
    MODELYARD_TRY(copy_blobs(*copied, blobs, *store, report));
    MODELYARD_TRY(verify_audit_chain(*copied));
  }
  std::error_code ignored;
  for (const char* extra : {"catalog.db.lock", "catalog.db-wal", "catalog.db-shm"})
    fs::remove(root.path() + "/" + extra, ignored);
  MODELYARD_TRY(sync_path(path));
  MODELYARD_ASSIGN(const Digest digest, digest_of_file(path));
  MODELYARD_TRY(write_file_atomically(folder + "/manifest.json", Json{{"format", kManifestFormat},
                                                                      {"created", format_utc(clock.utc_now())},
                                                                      {"revision", report.revision},
                                                                      {"blobs", report.blobs},
                                                                      {"bytes", report.bytes},
                                                                      {"catalog", digest.hex()}}
                                                                         .dump(1) +
                                                                     "\n"));
  return report;
}

namespace {

Result<BackupReport> build_from_backup(const std::string& folder, const std::string& building, const Clock& clock,
                                       Random& random) {
  MODELYARD_ASSIGN(const auto source, FolderBlobStore::open(folder + "/blobs", clock, random));
  MODELYARD_ASSIGN(const Directory root, Directory::create(building));
  std::error_code failure;
  fs::copy_file(folder + "/catalog.db", building + "/catalog.db", failure);
  if (failure) return error(Code::kInternal, "cannot copy the catalog: {}", failure.message());
  BackupReport report;
  MODELYARD_ASSIGN(const auto catalog, SqliteCatalog::open({building + "/catalog.db"}, clock));
  MODELYARD_TRY(verify_audit_chain(*catalog));
  MODELYARD_ASSIGN(const auto blobs, FolderBlobStore::open(building + "/blobs", clock, random));
  MODELYARD_TRY(copy_blobs(*catalog, *source, *blobs, report));
  return report;
}

}  // namespace

Result<BackupReport> restore_backup(const std::string& folder, const std::string& data, const Clock& clock,
                                    Random& random) {
  MODELYARD_TRY(require_empty(data));
  MODELYARD_TRY(check_manifest(folder));
  // Built beside and renamed, so that an interrupted restore is never mistaken for data.
  const std::string building = data + ".restoring";
  std::error_code failure;
  fs::remove_all(building, failure);
  auto report = build_from_backup(folder, building, clock, random);
  if (!report) {
    fs::remove_all(building, failure);
    return report;
  }
  fs::remove(data, failure);
  fs::rename(building, data, failure);
  if (failure) return error(Code::kInternal, "cannot rename '{}': {}", building, failure.message());
  return report;
}

}  // namespace modelyard::registry
