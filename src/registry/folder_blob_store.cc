#include "registry/folder_blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/uuid.h"

namespace modelyard::registry {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kReadBytes = 1u << 20;

std::string blob_folder(const Digest& digest) {
  return "sha256/" + digest.hex().substr(0, 2);
}
std::string blob_path(const Digest& digest) {
  return blob_folder(digest) + "/" + digest.hex();
}

Result<BlobRecord> describe(int fd, const Digest& digest) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_error("read", digest.hex(), errno);
  return BlobRecord{digest, status.st_size,
                    utc_from_micros(status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000)};
}

// The time of storing, by our clock; what garbage collection goes by.
Status set_stored_time(int fd, UtcTime time, const std::string& which) {
  const std::int64_t micros = utc_micros(time);
  const timespec stamp{micros / 1'000'000, micros % 1'000'000 * 1000};
  const timespec times[2] = {stamp, stamp};
  return ::futimens(fd, times) == 0 ? ok() : Status(system_error("date", which, errno));
}

// A folder that is removed with its last user.
struct ViewFolder {
  explicit ViewFolder(std::string where) : path(std::move(where)) {}
  ~ViewFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ViewFolder(const ViewFolder&) = delete;
  ViewFolder& operator=(const ViewFolder&) = delete;
  const std::string path;
};

void remove_leftovers(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) fs::remove_all(entry.path(), ignored);
}

}  // namespace

class FolderBlobStore::Upload final : public BlobUpload {
 public:
  Upload(FolderBlobStore& store, std::string path, UniqueFd fd)
      : store_(store), path_(std::move(path)), fd_(std::move(fd)) {}
  ~Upload() override {
    if (!placed_) (void)store_.root_.remove(path_).has_value();
  }

  Status write(std::span<const std::byte> bytes) override {
    hash_.update(bytes);
    size_ += static_cast<std::int64_t>(bytes.size());
    return write_all(fd_.get(), bytes, path_);
  }

  Result<BlobRecord> commit(const std::optional<Digest>& expected) override {
    const BlobRecord record{hash_.finish(), size_, store_.clock_.utc_now()};
    if (expected && *expected != record.digest) {
      return error(Code::kInvalidArgument, "the bytes have the digest {}, not {}; send them again", record.digest.hex(),
                   expected->hex());
    }
    MODELYARD_TRY(set_stored_time(fd_.get(), record.stored, path_));
    MODELYARD_TRY(sync_file(fd_.get(), path_));
    MODELYARD_TRY(store_.place(path_, record));
    placed_ = true;
    return record;
  }

 private:
  FolderBlobStore& store_;
  const std::string path_;
  const UniqueFd fd_;
  Sha256 hash_;
  std::int64_t size_ = 0;
  bool placed_ = false;
};

Result<std::unique_ptr<FolderBlobStore>> FolderBlobStore::open(const std::string& folder, const Clock& clock,
                                                               Random& random) {
  MODELYARD_ASSIGN(Directory root, Directory::create(folder));
  for (const char* part : {"sha256", "uploads", "views"}) MODELYARD_TRY(root.make_directory(part));
  MODELYARD_TRY(root.sync(""));
  remove_leftovers(folder + "/uploads");
  remove_leftovers(folder + "/views");
  return std::unique_ptr<FolderBlobStore>(new FolderBlobStore(std::move(root), clock, random));
}

Result<std::unique_ptr<BlobUpload>> FolderBlobStore::begin_upload() {
  const std::string path = "uploads/" + Uuid::make_v7(clock_.utc_now(), random_).text();
  MODELYARD_ASSIGN(UniqueFd fd, root_.open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0400));
  return std::unique_ptr<BlobUpload>(std::make_unique<Upload>(*this, path, std::move(fd)));
}

// The same bytes may be there already: then the new file takes the old one's place, with the new time.
Status FolderBlobStore::place(const std::string& upload, const BlobRecord& record) {
  MODELYARD_TRY(root_.make_directory(blob_folder(record.digest)));
  MODELYARD_TRY(root_.sync("sha256"));
  {
    MutexLock lock(placement_);
    MODELYARD_TRY(root_.rename(upload, blob_path(record.digest)));
  }
  return root_.sync(blob_folder(record.digest));
}

Result<BlobRecord> FolderBlobStore::find(const Digest& digest) {
  const auto fd = root_.open_file(blob_path(digest), O_RDONLY);
  if (fd) return describe(fd->get(), digest);
  if (fd.error().code() != Code::kNotFound) return fd.error();
  return error(Code::kNotFound, "blob {} is not stored", digest.hex());
}

Result<std::vector<BlobRecord>> FolderBlobStore::list() {
  std::vector<BlobRecord> records;
  MODELYARD_ASSIGN(const auto folders, root_.list("sha256"));
  for (const std::string& folder : folders) {
    MODELYARD_ASSIGN(const auto names, root_.list("sha256/" + folder));
    for (const std::string& name : names) {
      const auto digest = Digest::parse(name);
      if (!digest) continue;  // not ours
      auto record = find(*digest);
      if (record) records.push_back(*record);
    }
  }
  return records;
}

Status FolderBlobStore::remove(const Digest& digest, UtcTime older_than) {
  MutexLock lock(placement_);
  MODELYARD_ASSIGN(const BlobRecord record, find(digest));
  if (record.stored >= older_than) return ok();
  return root_.remove(blob_path(digest));
}

Status FolderBlobStore::read_verified(const Digest& digest,
                                      const std::function<Status(std::span<const std::byte>)>& visit) {
  const auto fd = root_.open_file(blob_path(digest), O_RDONLY);
  if (!fd) return find(digest).has_value() ? fd.error() : find(digest).error();
  Sha256 hash;
  std::vector<std::byte> piece(kReadBytes);
  for (;;) {
    const ssize_t got = ::read(fd->get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", digest.hex(), errno);
    if (got == 0) break;
    const auto bytes = std::span(piece).first(static_cast<std::size_t>(got));
    hash.update(bytes);
    if (visit) MODELYARD_TRY(visit(bytes));
  }
  if (hash.finish() == digest) return ok();
  return error(Code::kInternal, "blob {} is damaged: its bytes have another digest; restore it from a backup",
               digest.hex());
}

// Hard links cost nothing; a file system without them gets a copy.
Status FolderBlobStore::link_view_file(const std::string& view, const ViewFile& file) {
  for (auto slash = file.path.find('/'); slash != std::string::npos; slash = file.path.find('/', slash + 1)) {
    MODELYARD_TRY(root_.make_directory(view + "/" + file.path.substr(0, slash)));
  }
  const std::string source = root_.path() + "/" + blob_path(file.digest);
  const std::string target = root_.path() + "/" + view + "/" + file.path;
  if (::link(source.c_str(), target.c_str()) == 0) return ok();
  std::error_code failure;
  fs::copy_file(source, target, failure);
  return failure ? Status(error(Code::kInternal, "cannot copy blob {}: {}", file.digest.hex(), failure.message()))
                 : ok();
}

Result<std::shared_ptr<const std::string>> FolderBlobStore::make_view(std::span<const ViewFile> files) {
  const std::string view = "views/" + Uuid::make_v7(clock_.utc_now(), random_).text();
  MODELYARD_TRY(root_.make_directory(view));
  const auto owner = std::make_shared<const ViewFolder>(root_.path() + "/" + view);
  const std::shared_ptr<const std::string> folder(owner, &owner->path);
  for (const ViewFile& file : files) {
    MODELYARD_TRY(read_verified(file.digest, nullptr));
    MODELYARD_TRY(link_view_file(view, file));
  }
  return folder;
}

}  // namespace modelyard::registry
