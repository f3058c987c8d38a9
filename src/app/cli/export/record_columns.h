// RecordColumns holds decision records in columns, each under the name that its field has in JSON.
//
//   prediction_id, endpoint, model, arm, principal, protocol, status  text
//   time                                                             microseconds in UTC
//   version                                                          32-bit integer
//   plan_revision, latency_us, rows                                  64-bit integers
//
// With payloads, what was captured besides the tensors comes next: captured (boolean), request_id, trace_id, unit,
// engine, cpu, route_reason, and batch_rows, row_offset, prepared_ns, queued_ns, computed_ns. Errors: Internal for a
// record that is not as the server writes it.
#pragma once

#include "app/cli/parquet/arrow_columns.h"
#include "base/json.h"

namespace modelyard::app {

class RecordColumns {
 public:
  // Adds its columns to `batch`, which must outlive it.
  RecordColumns(ColumnBatch& batch, bool with_payloads);

  Status add(const Json& record);

 private:
  struct Kept {
    const char* key;
    ColumnType type;
    Column* column;
  };
  std::vector<Kept> of_record_, of_payload_;
  Column* captured_ = nullptr;
};

}  // namespace modelyard::app
