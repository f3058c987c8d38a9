// ParquetLibrary is the plug-in libmodelyard_parquet.so, looked for and opened when a command needs it; never linked.
//
// Places:    MODELYARD_PARQUET_LIB, and then no other; lib/modelyard/plugins/ beside the binary's folder; lib/ beside
// it, as a
//            checkout has it.
// Ownership: it stays open for the life of the process: its libraries do not unload cleanly.
// Errors:    FailedPrecondition when there is none, with the places that were looked at and what to do.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "plugins/parquet/parquet_interface.h"

namespace modelyard::app {

struct ParquetLibrary {
  const ModelyardParquet* calls = nullptr;
  std::string path;

  // The same one every time.
  static Result<const ParquetLibrary*> load();
};

// Writes rows to a sink as a Parquet file. Without finish() what was written is no file.
class ParquetWriter {
 public:
  using Sink = std::function<Status(std::span<const std::byte>)>;

  // Takes `columns`.
  static Result<std::unique_ptr<ParquetWriter>> open(ArrowSchema columns, Sink sink);
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;
  ~ParquetWriter();

  // Takes `batch`.
  Status write(ArrowArray batch);
  Status finish();

 private:
  ParquetWriter(const ParquetLibrary& library, Sink sink) : library_(library), sink_(std::move(sink)) {}
  Status outcome(int code, const char* text) const;

  const ParquetLibrary& library_;
  const Sink sink_;
  Status kept_;  // the sink's first failure
  ModelyardParquetWriter* writer_ = nullptr;
};

// By its first bytes.
Result<bool> is_parquet(const std::string& path);
// Writes the rows of a Parquet file as CSV, the names first, to `output`; their number. InvalidArgument for a file that
// is damaged, has other columns than plugins/parquet reads, or goes beyond the limits below.
inline constexpr std::int64_t kMostParquetColumns = 1000;  // as base/csv.h
inline constexpr std::int64_t kMostParquetRows = 100'000'000;
inline constexpr std::int64_t kMostParquetText = std::int64_t{8} << 30;
Result<std::int64_t> parquet_to_csv(const std::string& path, const std::string& output);

}  // namespace modelyard::app
