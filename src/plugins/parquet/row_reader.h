// open_rows() reads a Parquet file in batches of rows. The file is a stranger's, and may be made to do harm.
//
// Columns: flat ones of the types that parquet_interface.h lists; any other is refused by its name and type.
// Limits:  columns and rows by what the file says of itself and by what comes; memory by a pool that gives no more.
// Memory:  a page of each column and a batch; column chunks are read piece by piece.
// Errors:  Arrow's Status; exceptions of its libraries become one.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <string>

#include "plugins/parquet/parquet_interface.h"

namespace modelyard::plugins {

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> open_rows(const std::string& path,
                                                                   const ModelyardParquetReading& limits);

}  // namespace modelyard::plugins
