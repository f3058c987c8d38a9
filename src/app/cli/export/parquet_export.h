// ParquetExport writes predictions as a Parquet file, by the plug-in.
//
// Columns: record_columns.h; of payloads also the tensors, field_columns.h. Which tensors there are is known only when
// all
//          predictions have come: until then they lie, packed, in a nameless file beside the output.
// Memory:  a page of predictions, and a group of rows.
// Errors:  of the plug-in and of the output; FailedPrecondition when there is no plug-in.
#pragma once

#include <memory>
#include <string>

#include "app/cli/export/field_columns.h"
#include "app/cli/export/record_columns.h"
#include "app/cli/export/whole_file.h"
#include "app/cli/parquet/parquet_library.h"

namespace modelyard::app {

class ParquetExport {
 public:
  static Result<std::unique_ptr<ParquetExport>> begin(const std::string& output, bool with_payloads);

  // A page of predictions, as the server lists them.
  Status add(const Json& records);
  // The file is whole.
  Status finish();

 private:
  ParquetExport(WholeFile output, bool with_payloads) : output_(std::move(output)), with_payloads_(with_payloads) {}
  Status open_writer();
  Status write(const Json& record);
  Status write_batch();
  Status put_aside(const Json& record);
  Status write_what_lies_aside();

  WholeFile output_;
  const bool with_payloads_;
  UniqueFd aside_;
  FieldCensus census_;
  ColumnBatch batch_;
  std::unique_ptr<RecordColumns> records_;
  std::unique_ptr<FieldColumns> fields_;
  std::unique_ptr<ParquetWriter> writer_;
};

}  // namespace modelyard::app
