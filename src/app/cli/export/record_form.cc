#include "app/cli/export/record_form.h"

#include <cstring>

#include "app/cli/screen.h"
#include "base/base64.h"
#include "base/crc32c.h"
#include "inference/data_type.h"
#include "inference/tensor.h"
#include "tensorflow_serving/apis/prediction_log.pb.h"

namespace modelyard::app {
namespace {

using inference::DataType;
using tensorflow::TensorProto;

Json tensors(const Json& fields) {
  Json list = Json::array();
  for (const Json& field : fields) {
    if (!field.contains("data") && !field.contains("data_base64")) continue;
    Json tensor{{"name", field["name"]}, {"datatype", field["datatype"]}, {"shape", field["shape"]}};
    for (const char* key : {"data", "data_base64"}) {
      if (field.contains(key)) tensor[key] = field[key];
    }
    list.push_back(std::move(tensor));
  }
  return list;
}

std::string sagemaker_line(const Json& record) {
  const auto side = [](const char* mode, const Json& body) {
    return Json{
        {"observedContentType", "application/json"}, {"mode", mode}, {"data", body.dump()}, {"encoding", "JSON"}};
  };
  const Json& payload = record["payload"];
  Json metadata{{"eventId", record["prediction_id"]}, {"inferenceTime", record["time"]}};
  if (!payload["request_id"].is_null()) metadata["inferenceId"] = payload["request_id"];
  const Json line{{"captureData",
                   {{"endpointInput", side("INPUT", request_body(record))},
                    {"endpointOutput", side("OUTPUT", answer_body(record))}}},
                  {"eventMetadata", std::move(metadata)},
                  {"eventVersion", "0"}};
  return line.dump() + "\n";
}

tensorflow::DataType type_of(DataType type) {
  switch (type) {
    case DataType::kBool: return tensorflow::DT_BOOL;
    case DataType::kUint8: return tensorflow::DT_UINT8;
    case DataType::kUint16: return tensorflow::DT_UINT16;
    case DataType::kUint32: return tensorflow::DT_UINT32;
    case DataType::kUint64: return tensorflow::DT_UINT64;
    case DataType::kInt8: return tensorflow::DT_INT8;
    case DataType::kInt16: return tensorflow::DT_INT16;
    case DataType::kInt32: return tensorflow::DT_INT32;
    case DataType::kInt64: return tensorflow::DT_INT64;
    case DataType::kFp16: return tensorflow::DT_HALF;
    case DataType::kBf16: return tensorflow::DT_BFLOAT16;
    case DataType::kFp32: return tensorflow::DT_FLOAT;
    case DataType::kFp64: return tensorflow::DT_DOUBLE;
    case DataType::kBytes: return tensorflow::DT_STRING;
  }
  return tensorflow::DT_INVALID;
}

void add_value(TensorProto& tensor, DataType type, const Json& value) {
  switch (type) {
    case DataType::kBool: return tensor.add_bool_val(value.is_boolean() ? value.get<bool>() : value != 0);
    case DataType::kUint32: return tensor.add_uint32_val(value.get<std::uint32_t>());
    case DataType::kUint64: return tensor.add_uint64_val(value.get<std::uint64_t>());
    case DataType::kInt64: return tensor.add_int64_val(value.get<std::int64_t>());
    case DataType::kFp32: return tensor.add_float_val(value.get<float>());
    case DataType::kFp64: return tensor.add_double_val(value.get<double>());
    case DataType::kBytes: return tensor.add_string_val(value.get<std::string>());
    default: return tensor.add_int_val(value.get<std::int32_t>());
  }
}

// A field whose values JSON cannot hold has its bytes instead; halves always have.
Status fill(TensorProto& tensor, const Json& field) {
  const auto type = inference::parse_data_type(text_of(field["datatype"]));
  if (!type) return error(Code::kInvalidArgument, "unknown datatype {}", field["datatype"].dump());
  tensor.set_dtype(type_of(*type));
  for (const Json& dim : field["shape"]) tensor.mutable_tensor_shape()->add_dim()->set_size(dim.get<std::int64_t>());
  if (!field.contains("data_base64")) {
    for (const Json& value : field["data"]) add_value(tensor, *type, value);
    return ok();
  }
  MODELYARD_ASSIGN(const std::string bytes, base64_decode(field["data_base64"].get<std::string>()));
  inference::Shape shape;
  for (const Json& dim : field["shape"]) shape.push_back(dim.get<std::int64_t>());
  MODELYARD_TRY(inference::check_tensor_bytes({text_of(field["name"]), *type, shape, std::as_bytes(std::span(bytes))}));
  if (*type != DataType::kBytes) {
    tensor.set_tensor_content(bytes);
    return ok();
  }
  inference::for_each_bytes_element(std::as_bytes(std::span(bytes)),
                                    [&](std::string_view text) { tensor.add_string_val(std::string(text)); });
  return ok();
}

template <typename Map>
Status fill_all(Map& map, const Json& fields) {
  for (const Json& field : fields) {
    if (!field.contains("data") && !field.contains("data_base64")) continue;
    MODELYARD_TRY(fill(map[text_of(field["name"])], field));
  }
  return ok();
}

void set_spec(tensorflow::serving::ModelSpec& spec, const Json& record) {
  spec.set_name(text_of(record["endpoint"]));
  spec.mutable_version()->set_value(record["version"].get<std::int64_t>());
}

std::string little_endian(std::uint64_t number, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(number >> (8 * i));
  return text;
}

// Rotated and moved, so that a checksum of checksums is not one itself.
std::string masked_checksum(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian(((crc >> 15) | (crc << 17)) + 0xa282ead8U, 4);
}

Result<std::string> tf_record(const Json& record) {
  tensorflow::serving::PredictionLog log;
  set_spec(*log.mutable_log_metadata()->mutable_model_spec(), record);
  auto& predict = *log.mutable_predict_log();
  set_spec(*predict.mutable_request()->mutable_model_spec(), record);
  set_spec(*predict.mutable_response()->mutable_model_spec(), record);
  const Json& payload = record["payload"];
  MODELYARD_TRY(fill_all(*predict.mutable_request()->mutable_inputs(), payload["inputs"]));
  MODELYARD_TRY(fill_all(*predict.mutable_response()->mutable_outputs(), payload["outputs"]));
  const std::string message = log.SerializeAsString();
  const std::string length = little_endian(message.size(), 8);
  return length + masked_checksum(length) + message + masked_checksum(message);
}

}  // namespace

bool has_answer(const Json& record) {
  return record["status"] == "ok" && record.contains("payload") && record["payload"].is_object();
}

Json request_body(const Json& record) {
  const Json& id = record["payload"]["request_id"];
  Json body{{"inputs", tensors(record["payload"]["inputs"])}};
  if (!id.is_null()) body["id"] = id;
  return body;
}

Json answer_body(const Json& record) {
  const Json& id = record["payload"]["request_id"];
  Json body{{"model_name", record["endpoint"]},
            {"model_version", record["version"].dump()},
            {"outputs", tensors(record["payload"]["outputs"])}};
  if (!id.is_null()) body["id"] = id;
  return body;
}

Result<std::optional<std::string>> encode(RecordForm form, const Json& record) {
  using Encoded = std::optional<std::string>;
  if (form == RecordForm::kJsonLines) return Encoded(record.dump() + "\n");
  if (!has_answer(record)) return Encoded();
  if (form == RecordForm::kSageMaker) return Encoded(sagemaker_line(record));
  MODELYARD_ASSIGN(std::string bytes, tf_record(record));
  return Encoded(std::move(bytes));
}

}  // namespace modelyard::app
