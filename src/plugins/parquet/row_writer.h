// RowWriter writes batches of rows as a Parquet file, group by group, to a sink of bytes: nothing is sought, so that a
// pipe will do.
//
// Memory: one group of rows, encoded and compressed; a group ends with most_rows_of_group or most_bytes_of_group.
// Form:   zstd, format version 2.6, the types of Arrow kept beside.
// Errors: Arrow's Status. What the sink cannot keep is an IOError.
#pragma once

#include <parquet/arrow/writer.h>

#include <memory>

#include "plugins/parquet/parquet_interface.h"

namespace modelyard::plugins {

class RowWriter {
 public:
  static arrow::Result<std::unique_ptr<RowWriter>> open(std::shared_ptr<arrow::Schema> columns,
                                                        const ModelyardParquetWriting& options,
                                                        ModelyardParquetSink sink, void* context);
  ~RowWriter();

  arrow::Status write(ArrowArray* batch);
  arrow::Status finish() { return writer_->Close(); }

 private:
  RowWriter(std::shared_ptr<arrow::Schema> columns, const ModelyardParquetWriting& options)
      : columns_(std::move(columns)), options_(options) {}

  const std::shared_ptr<arrow::Schema> columns_;
  const ModelyardParquetWriting options_;
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t rows_ = 0;  // of the group that is being written
  std::int64_t bytes_ = 0;
};

}  // namespace modelyard::plugins
