// FolderBlobStore keeps blobs in a folder: sha256/ab/<64 digits>, uploads/<uuid>, views/<uuid>/
// (docs/formats/blob-store.md).
//
// One process at a time owns the folder (the catalog's lock sees to it), so that what lies in uploads/ and views/
// when it is opened is left over from a crash and is removed.
#pragma once

#include "base/directory.h"
#include "base/mutex.h"
#include "base/random.h"
#include "registry/blob_store.h"

namespace modelyard::registry {

class FolderBlobStore final : public BlobStore {
 public:
  static Result<std::unique_ptr<FolderBlobStore>> open(const std::string& folder, const Clock& clock, Random& random);

  Result<std::unique_ptr<BlobUpload>> begin_upload() override;
  Result<BlobRecord> find(const Digest& digest) override;
  Result<std::vector<BlobRecord>> list() override;
  Status remove(const Digest& digest, UtcTime older_than) override;
  Status read_verified(const Digest& digest, const std::function<Status(std::span<const std::byte>)>& visit) override;
  Result<std::shared_ptr<const std::string>> make_view(std::span<const ViewFile> files) override;

 private:
  class Upload;
  FolderBlobStore(Directory root, const Clock& clock, Random& random)
      : root_(std::move(root)), clock_(clock), random_(random) {}
  Status place(const std::string& upload, const BlobRecord& record);
  Status link_view_file(const std::string& view, const ViewFile& file);

  const Directory root_;
  const Clock& clock_;
  Random& random_;
  // Held by placing and removing, so that a blob that was just uploaded again is not removed. Renames only:
  // no hashing under it.
  Mutex placement_;
};

}  // namespace modelyard::registry
