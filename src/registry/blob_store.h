// BlobStore keeps files by the SHA-256 of their bytes. A digest names a content for ever.
//
// Threads:   every call from any thread; a BlobUpload belongs to one thread at a time.
// Ownership: an upload that is destroyed before commit() leaves nothing visible.
// Errors:    InvalidArgument when the bytes do not have the digest that was promised, NotFound, Internal when
//            stored bytes no longer have their digest, ResourceExhausted when the disk is full.
// Durable:   when commit() has answered, the blob survives a power cut.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"

namespace modelyard::registry {

struct BlobRecord {
  Digest digest;
  std::int64_t size = 0;
  UtcTime stored;  // the last time its bytes were uploaded
};

class BlobUpload {
 public:
  virtual ~BlobUpload() = default;
  virtual Status write(std::span<const std::byte> bytes) = 0;
  virtual Result<BlobRecord> commit(const std::optional<Digest>& expected) = 0;
};

// A file of a folder that is made of blobs.
struct ViewFile {
  std::string path;
  Digest digest;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual Result<std::unique_ptr<BlobUpload>> begin_upload() = 0;
  virtual Result<BlobRecord> find(const Digest& digest) = 0;
  virtual Result<std::vector<BlobRecord>> list() = 0;
  // Removes the blob if it was stored before `older_than`; ok when it is younger, and then stays. The check and
  // the removal are one step beside commit() of the same bytes.
  virtual Status remove(const Digest& digest, UtcTime older_than) = 0;
  // Hashes the bytes again. Calls visit with pieces of them on the way, when it is given.
  virtual Status read_verified(const Digest& digest,
                               const std::function<Status(std::span<const std::byte>)>& visit) = 0;
  // Makes a folder that holds the blobs under the paths, each verified. Destroying the answer removes it.
  virtual Result<std::shared_ptr<const std::string>> make_view(std::span<const ViewFile> files) = 0;
};

}  // namespace modelyard::registry
