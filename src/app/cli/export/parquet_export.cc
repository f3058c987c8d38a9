#include "app/cli/export/parquet_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/directory.h"

namespace modelyard::app {
namespace {

constexpr std::int64_t kRowsOfABatch = 1000;
constexpr std::uint64_t kBytesOfABatch = 8u << 20;  // of what was put aside

// It has no name any more, so that it ends with the process.
Result<UniqueFd> open_nameless(const std::string& beside) {
  std::error_code ignored;
  std::string pattern =
      (beside.empty() ? (std::filesystem::temp_directory_path(ignored) / "modelyard").string() : beside) + ".XXXXXX";
  UniqueFd fd(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!fd || ::unlink(pattern.c_str()) != 0) return system_error("write", pattern, errno);
  return fd;
}

// A record as CBOR, its size in bytes before it: no number becomes text and back.
std::string packed(const Json& record) {
  const std::vector<std::uint8_t> cbor = Json::to_cbor(record);
  const std::uint64_t size = cbor.size();
  std::string bytes(sizeof size + cbor.size(), '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  std::memcpy(bytes.data() + sizeof size, cbor.data(), cbor.size());
  return bytes;
}

// The next one, whose size is `size` then; nullopt at the end.
Result<std::optional<Json>> next_packed(std::FILE* file, std::uint64_t& size) {
  std::vector<std::uint8_t> cbor;
  if (std::fread(&size, sizeof size, 1, file) == 1) {
    cbor.resize(size);
    if (std::fread(cbor.data(), 1, size, file) == size) {
      Json record = Json::from_cbor(cbor, /*strict=*/true, /*allow_exceptions=*/false);
      if (!record.is_discarded()) return std::optional(std::move(record));
    }
  } else if (std::ferror(file) == 0) {
    return std::optional<Json>();
  }
  return system_error("read", "what the export put aside", errno);
}

}  // namespace

Result<std::unique_ptr<ParquetExport>> ParquetExport::begin(const std::string& output, bool with_payloads) {
  MODELYARD_TRY(ParquetLibrary::load());
  MODELYARD_ASSIGN(WholeFile file, WholeFile::begin(output));
  std::unique_ptr<ParquetExport> made(new ParquetExport(std::move(file), with_payloads));
  if (with_payloads) {
    MODELYARD_ASSIGN(made->aside_, open_nameless(output));
  } else {
    MODELYARD_TRY(made->open_writer());
  }
  return made;
}

Status ParquetExport::open_writer() {
  records_ = std::make_unique<RecordColumns>(batch_, with_payloads_);
  if (with_payloads_) fields_ = std::make_unique<FieldColumns>(batch_, census_);
  MODELYARD_ASSIGN(writer_, ParquetWriter::open(batch_.export_schema(), [this](std::span<const std::byte> bytes) {
                     return output_.write(bytes);
                   }));
  return ok();
}

Status ParquetExport::add(const Json& records) {
  for (const Json& record : records) MODELYARD_TRY(with_payloads_ ? put_aside(record) : write(record));
  return ok();
}

Status ParquetExport::write(const Json& record) {
  MODELYARD_TRY(records_->add(record));
  if (fields_) MODELYARD_TRY(fields_->add(record));
  return batch_.rows() < kRowsOfABatch ? ok() : write_batch();
}

Status ParquetExport::write_batch() {
  return batch_.rows() == 0 ? ok() : writer_->write(batch_.export_batch());
}

Status ParquetExport::put_aside(const Json& record) {
  MODELYARD_TRY(census_.add(record));
  const std::string bytes = packed(record);
  return write_all(aside_.get(), std::as_bytes(std::span(bytes)), "what the export puts aside");
}

Status ParquetExport::write_what_lies_aside() {
  MODELYARD_TRY(open_writer());
  const int fd = aside_.release();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fdopen(fd, "r+"), std::fclose);
  if (!file || std::fseek(file.get(), 0, SEEK_SET) != 0)
    return system_error("read", "what the export put aside", errno);
  std::uint64_t size = 0, bytes = 0;
  for (;;) {
    MODELYARD_ASSIGN(const std::optional<Json> record, next_packed(file.get(), size));
    if (!record) return ok();
    MODELYARD_TRY(write(*record));
    bytes += size;
    if (bytes < kBytesOfABatch) continue;
    MODELYARD_TRY(write_batch());
    bytes = 0;
  }
}

Status ParquetExport::finish() {
  if (with_payloads_) MODELYARD_TRY(write_what_lies_aside());
  MODELYARD_TRY(write_batch());
  MODELYARD_TRY(writer_->finish());
  return output_.finish();
}

}  // namespace modelyard::app
