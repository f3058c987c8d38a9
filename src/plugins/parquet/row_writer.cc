#include "plugins/parquet/row_writer.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/byte_size.h>

namespace modelyard::plugins {
namespace {

constexpr int kCompressionLevel = 3;

// A file that is somebody else's: it can only grow.
class SinkStream final : public arrow::io::OutputStream {
 public:
  SinkStream(ModelyardParquetSink sink, void* context) : sink_(sink), context_(context) {
    set_mode(arrow::io::FileMode::WRITE);
  }

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* bytes, std::int64_t size) override {
    if (is_closed_) return arrow::Status::Invalid("the file is closed");
    if (sink_(context_, bytes, static_cast<std::size_t>(size)) != 0) {
      return arrow::Status::IOError("the bytes could not be kept");
    }
    written_ += size;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }
  arrow::Result<std::int64_t> Tell() const override { return written_; }

 private:
  const ModelyardParquetSink sink_;
  void* const context_;
  std::int64_t written_ = 0;
  bool is_closed_ = false;
};

}  // namespace

// A file of Parquet that is destroyed writes its end, though rows may be missing: nobody shall take it for whole.
RowWriter::~RowWriter() {
  const arrow::Status ignored = sink_->Close();
}

arrow::Result<std::unique_ptr<RowWriter>> RowWriter::open(std::shared_ptr<arrow::Schema> columns,
                                                          const ModelyardParquetWriting& options,
                                                          ModelyardParquetSink sink, void* context) {
  if (options.most_rows_of_group < 1 || options.most_bytes_of_group < 1) {
    return arrow::Status::Invalid("a group of rows needs room");
  }
  const auto form = parquet::WriterProperties::Builder()
                        .memory_pool(arrow::system_memory_pool())
                        ->compression(parquet::Compression::ZSTD)
                        ->compression_level(kCompressionLevel)
                        ->max_row_group_length(options.most_rows_of_group)
                        ->created_by("modelyard, by Apache Arrow " ARROW_VERSION_STRING)
                        ->build();
  const auto kept = parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(false)->build();
  std::unique_ptr<RowWriter> writer(new RowWriter(columns, options));
  writer->sink_ = std::make_shared<SinkStream>(sink, context);
  ARROW_ASSIGN_OR_RAISE(writer->writer_, parquet::arrow::FileWriter::Open(*columns, arrow::system_memory_pool(),
                                                                          writer->sink_, form, kept));
  return writer;
}

arrow::Status RowWriter::write(ArrowArray* batch) {
  ARROW_ASSIGN_OR_RAISE(const auto rows, arrow::ImportRecordBatch(batch, columns_));
  ARROW_RETURN_NOT_OK(rows->ValidateFull());
  const std::int64_t bytes = arrow::util::TotalBufferSize(*rows);
  const bool is_full = rows_ > 0 && (rows_ + rows->num_rows() > options_.most_rows_of_group ||
                                     bytes_ + bytes > options_.most_bytes_of_group);
  if (is_full) {
    ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
    rows_ = bytes_ = 0;
  }
  rows_ += rows->num_rows();
  bytes_ += bytes;
  return writer_->WriteRecordBatch(*rows);
}

}  // namespace modelyard::plugins
