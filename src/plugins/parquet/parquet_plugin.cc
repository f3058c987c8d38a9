#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/util/config.h>

#include <cstdio>

#include "plugins/parquet/guarded.h"
#include "plugins/parquet/parquet_interface.h"
#include "plugins/parquet/row_reader.h"
#include "plugins/parquet/row_writer.h"

struct ModelyardParquetWriter {
  std::unique_ptr<modelyard::plugins::RowWriter> rows;
};

namespace {

using modelyard::plugins::guarded;
using modelyard::plugins::open_rows;
using modelyard::plugins::RowWriter;

int told(const arrow::Status& status, ModelyardParquetFault fault) {
  if (status.ok()) return 0;
  if (fault.text != nullptr && fault.size > 0) {
    std::snprintf(fault.text, fault.size, "%s", status.message().c_str());
  }
  return 1;
}

ModelyardParquetWriter* open_writer(ArrowSchema* columns, const ModelyardParquetWriting* options,
                                    ModelyardParquetSink sink, void* context, ModelyardParquetFault fault) {
  ModelyardParquetWriter* opened = nullptr;
  const arrow::Status status = guarded([&]() -> arrow::Status {
    auto writer = std::make_unique<ModelyardParquetWriter>();
    ARROW_ASSIGN_OR_RAISE(auto schema, arrow::ImportSchema(columns));
    ARROW_ASSIGN_OR_RAISE(writer->rows, RowWriter::open(std::move(schema), *options, sink, context));
    opened = writer.release();
    return arrow::Status::OK();
  });
  told(status, fault);
  return opened;
}

int write(ModelyardParquetWriter* writer, ArrowArray* batch, ModelyardParquetFault fault) {
  return told(guarded([&] { return writer->rows->write(batch); }), fault);
}

int finish(ModelyardParquetWriter* writer, ModelyardParquetFault fault) {
  return told(guarded([&] { return writer->rows->finish(); }), fault);
}

void close_writer(ModelyardParquetWriter* writer) {
  const arrow::Status ignored = guarded([&] {
    delete writer;
    return arrow::Status::OK();
  });
}

int open_reader(const char* path, const ModelyardParquetReading* options, ArrowArrayStream* rows,
                ModelyardParquetFault fault) {
  return told(guarded([&]() -> arrow::Status {
                ARROW_ASSIGN_OR_RAISE(auto reader, open_rows(path, *options));
                return arrow::ExportRecordBatchReader(std::move(reader), rows);
              }),
              fault);
}

constexpr ModelyardParquet kInterface{ARROW_VERSION_STRING, open_writer, write, finish, close_writer, open_reader};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ModelyardParquet* modelyard_parquet_interface(
    std::uint32_t version) {
  return version == modelyard::plugins::kParquetInterfaceVersion ? &kInterface : nullptr;
}
