#include "registry/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <ranges>
#include <vector>

#include "base/directory.h"
#include "base/sqlite/sqlite_connection.h"
#include "registry/folder_blob_store.h"
#include "registry/sqlite_catalog.h"

namespace modelyard::registry {
namespace {

namespace fs = std::filesystem;
constexpr int kManifestFormat = 1;
constexpr std::size_t kPieceBytes = 1u << 20;
constexpr std::string_view kCatalog = "catalog.db";

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
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open", path, errno);
  std::vector<std::byte> piece(kPieceBytes);
  Sha256 digest;
  for (;;) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path, errno);
    if (got == 0) return digest.finish();
    digest.update(std::span(piece).first(static_cast<std::size_t>(got)));
  }
}

Status sync_path(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? sync_file(fd.get(), path) : Status(system_error("open", path, errno));
}

// Digests by name, of what the backup has beside the catalog.
using Databases = std::map<std::string, std::string>;

Result<Databases> copy_databases(std::span<const FurtherDatabase> databases, const std::string& folder) {
  Databases copied;
  for (const FurtherDatabase& database : databases) {
    std::error_code ignored;
    if (!fs::exists(database.path, ignored)) continue;
    const SqliteNames names{database.path, "put it aside, and do without what it has"};
    const std::string path = folder + "/" + database.name;
    {
      MODELYARD_ASSIGN(const auto source,
                       SqliteConnection::open(database.path, SqliteConnection::Access::kReadOnly, names));
      MODELYARD_TRY(source->copy_to(path));
      MODELYARD_ASSIGN(const auto copy, SqliteConnection::open(path, SqliteConnection::Access::kReadOnly, names));
      MODELYARD_TRY(copy->check());
    }
    MODELYARD_TRY(sync_path(path));
    MODELYARD_ASSIGN(const Digest digest, digest_of_file(path));
    copied.emplace(database.name, digest.hex());
  }
  return copied;
}

// A name that leads nowhere else, and is none that the backup itself has.
bool may_be_database(const std::string& name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  return is_plain && name.ends_with(".db") && !name.starts_with('.') && name != kCatalog;
}

Status check_database(const std::string& folder, const std::string& name, const std::string& expected) {
  MODELYARD_ASSIGN(const Digest digest, digest_of_file(folder + "/" + name));
  if (digest.hex() == expected) return ok();
  return error(Code::kInternal, "the backup's {} is damaged: its digest is not the manifest's", name);
}

// Backups of before know no further databases.
Result<Databases> check_databases(ObjectReader& manifest, const std::string& folder) {
  MODELYARD_ASSIGN(const Json* const listed, manifest.optional_object("databases"));
  Databases databases;
  if (listed == nullptr) return databases;
  for (const auto& [name, digest] : listed->items()) {
    if (!may_be_database(name) || !digest.is_string()) {
      return error(Code::kInternal, "the backup's manifest.json is damaged: '{}' is no database with its digest", name);
    }
    MODELYARD_TRY(check_database(folder, name, digest.get<std::string>()));
    databases.emplace(name, digest.get<std::string>());
  }
  return databases;
}

Result<Databases> check_manifest(const std::string& folder) {
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
  MODELYARD_TRY(check_database(folder, std::string(kCatalog), expected));
  return check_databases(reader, folder);
}

}  // namespace

Result<BackupReport> make_backup(Catalog& catalog, BlobStore& blobs, std::span<const FurtherDatabase> databases,
                                 const std::string& folder, const Clock& clock) {
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
  MODELYARD_ASSIGN(const Databases copied, copy_databases(databases, folder));
  for (const std::string& name : std::views::keys(copied)) report.databases.push_back(name);
  MODELYARD_TRY(write_file_atomically(folder + "/manifest.json", Json{{"format", kManifestFormat},
                                                                      {"created", format_utc(clock.utc_now())},
                                                                      {"revision", report.revision},
                                                                      {"blobs", report.blobs},
                                                                      {"bytes", report.bytes},
                                                                      {"catalog", digest.hex()},
                                                                      {"databases", copied}}
                                                                         .dump(1) +
                                                                     "\n"));
  return report;
}

namespace {

Status copy_whole(const std::string& from, const std::string& to) {
  std::error_code failure;
  fs::copy_file(from, to, failure);
  if (failure) return error(Code::kInternal, "cannot copy '{}': {}", from, failure.message());
  return sync_path(to);
}

Result<BackupReport> build_from_backup(const std::string& folder, const Databases& databases,
                                       const std::string& building, const Clock& clock, Random& random) {
  MODELYARD_ASSIGN(const auto source, FolderBlobStore::open(folder + "/blobs", clock, random));
  MODELYARD_ASSIGN(const Directory root, Directory::create(building));
  MODELYARD_TRY(copy_whole(folder + "/catalog.db", building + "/catalog.db"));
  BackupReport report;
  for (const auto& [name, digest] : databases) {
    MODELYARD_TRY(copy_whole(folder + "/" + name, building + "/" + name));
    MODELYARD_TRY(check_database(building, name, digest));
    report.databases.push_back(name);
  }
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
  MODELYARD_ASSIGN(const Databases databases, check_manifest(folder));
  // Built beside and renamed, so that an interrupted restore is never mistaken for data.
  const std::string building = data + ".restoring";
  std::error_code failure;
  fs::remove_all(building, failure);
  auto report = build_from_backup(folder, databases, building, clock, random);
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
