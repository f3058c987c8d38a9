#include "plugins/parquet/row_reader.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "plugins/parquet/guarded.h"

namespace modelyard::plugins {
namespace {

constexpr std::int64_t kPieceOfAColumn = 1 << 20;
// Of the lists and texts that the end of the file says there are.
constexpr std::int32_t kMostThriftString = 16 << 20;
constexpr std::int32_t kMostThriftList = 1 << 20;

bool is_readable(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::STRING_VIEW:
    case Type::LARGE_STRING: return true;
    case Type::TIMESTAMP: {
      const std::string& zone = static_cast<const arrow::TimestampType&>(type).timezone();
      return !zone.empty();
    }
    case Type::DICTIONARY: {
      const Type::type values = static_cast<const arrow::DictionaryType&>(type).value_type()->id();
      return values == Type::STRING || values == Type::LARGE_STRING;
    }
    default: return false;
  }
}

arrow::Status check_columns(const arrow::Schema& schema, std::int64_t most) {
  if (schema.num_fields() == 0) return arrow::Status::Invalid("it has no columns");
  if (schema.num_fields() > most) {
    return arrow::Status::Invalid("it has ", schema.num_fields(), " columns, at most ", most, " are read");
  }
  for (const auto& field : schema.fields()) {
    if (is_readable(*field->type())) continue;
    return arrow::Status::Invalid("column '", field->name(), "' is ", field->type()->ToString(),
                                  "; integers, floats, booleans, text and times in UTC are read: leave it out, or "
                                  "write it as one of them");
  }
  return arrow::Status::OK();
}

// Rows as they come, each batch checked; owns all that they are read from.
class Rows final : public arrow::RecordBatchReader {
 public:
  explicit Rows(const ModelyardParquetReading& limits)
      : limits_(limits), pool_(arrow::system_memory_pool(), limits.most_bytes_in_memory) {}

  arrow::Status open(const std::string& path) {
    parquet::ReaderProperties how(&pool_);
    how.enable_buffered_stream();
    how.set_buffer_size(kPieceOfAColumn);
    how.set_thrift_string_size_limit(kMostThriftString);
    how.set_thrift_container_size_limit(kMostThriftList);
    how.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_how(/*use_threads=*/false);
    arrow_how.set_batch_size(limits_.rows_of_batch);
    arrow_how.set_pre_buffer(false);
    ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::ReadableFile::Open(path, &pool_));
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file, how));
    const std::int64_t rows = builder.raw_reader()->metadata()->num_rows();
    if (rows < 0 || rows > limits_.most_rows) {
      return arrow::Status::Invalid("it has ", rows, " rows, at most ", limits_.most_rows, " are read");
    }
    ARROW_ASSIGN_OR_RAISE(reader_, builder.memory_pool(&pool_)->properties(arrow_how)->Build());
    ARROW_RETURN_NOT_OK(reader_->GetSchema(&schema_));
    ARROW_RETURN_NOT_OK(check_columns(*schema_, limits_.most_columns));
    ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader());
    return arrow::Status::OK();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return guarded([&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(batches_->ReadNext(batch));
      if (*batch == nullptr) return arrow::Status::OK();
      ARROW_RETURN_NOT_OK((*batch)->ValidateFull());
      rows_ += (*batch)->num_rows();
      if (rows_ <= limits_.most_rows) return arrow::Status::OK();
      return arrow::Status::Invalid("it has more rows than it says, and more than ", limits_.most_rows);
    });
  }

 private:
  const ModelyardParquetReading limits_;
  arrow::CappedMemoryPool pool_;  // outlives what it gave
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::int64_t rows_ = 0;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> open_rows(const std::string& path,
                                                                   const ModelyardParquetReading& limits) {
  auto rows = std::make_shared<Rows>(limits);
  ARROW_RETURN_NOT_OK(rows->open(path));
  return rows;
}

}  // namespace modelyard::plugins
