#include "edge/codec/oip/infer_message.h"

#include <gtest/gtest.h>
#include <open_inference/grpc_service.pb.h>

#include <random>

namespace modelyard::edge::oip {
namespace {

using inference::DataType;
using ::inference::ModelInferRequest;
using ::inference::ModelInferResponse;

inference::Signature signature_of(DataType type) {
  return {{{"x", type, {-1, 2}}, {"extra", DataType::kFp32, {-1}, true}},
          {{"y", DataType::kFp32, {-1, 3}}, {"z", DataType::kBytes, {-1}}},
          true};
}

struct Decoded {
  std::string bytes;
  std::pmr::monotonic_buffer_resource memory;
  InferMessage message{&memory};
  OipInfer asked{&memory};
};

Result<std::unique_ptr<Decoded>> decode(const ModelInferRequest& request, DataType type = DataType::kFp32) {
  auto decoded = std::make_unique<Decoded>();
  decoded->bytes = request.SerializeAsString();
  MODELYARD_TRY(read_infer_message(decoded->bytes, decoded->message));
  MODELYARD_TRY(decode_infer_message(decoded->message, signature_of(type), decoded->asked));
  return decoded;
}

std::string refusal_of(const ModelInferRequest& request, DataType type = DataType::kFp32) {
  const auto decoded = decode(request, type);
  return decoded ? "" : decoded.error().message();
}

ModelInferRequest request_for(const std::string& datatype) {
  ModelInferRequest request;
  request.set_model_name("m");
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype(datatype);
  input.add_shape(1);
  input.add_shape(2);
  return request;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(InferMessage, UsesRawContentsWhereTheyAre) {
  ModelInferRequest request = request_for("FP32");
  request.set_id("7");
  request.set_model_version("3");
  request.add_raw_input_contents("12345678");

  const auto decoded = decode(request);

  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  const auto& asked = (*decoded)->asked.request;
  EXPECT_EQ(asked.id, "7");
  EXPECT_EQ((*decoded)->message.version, "3");
  ASSERT_EQ(asked.inputs.size(), 1u);
  EXPECT_EQ(text_of(asked.inputs[0].bytes), "12345678");
  const std::string& bytes = (*decoded)->bytes;
  EXPECT_TRUE(reinterpret_cast<const char*>(asked.inputs[0].bytes.data()) > bytes.data() &&
              reinterpret_cast<const char*>(asked.inputs[0].bytes.data()) < bytes.data() + bytes.size());
}

TEST(InferMessage, ReadsTypedContentsOfEveryDatatype) {
  const auto data_of = [](const ModelInferRequest& request, DataType type) {
    const auto decoded = decode(request, type);
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message();
    return std::string(text_of((*decoded)->asked.request.inputs[0].bytes));
  };
  const auto bytes_of = [](auto... values) {
    std::string text;
    (text.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
    return text;
  };
  const auto check = [&](const char* name, DataType type, auto fill, const std::string& expected) {
    ModelInferRequest request = request_for(name);
    fill(*request.mutable_inputs(0)->mutable_contents());
    EXPECT_EQ(data_of(request, type), expected) << name;
  };
  check(
      "BOOL", DataType::kBool, [](auto& c) { c.add_bool_contents(true), c.add_bool_contents(false); },
      bytes_of(char{1}, char{0}));
  check(
      "INT8", DataType::kInt8, [](auto& c) { c.add_int_contents(-128), c.add_int_contents(127); },
      bytes_of(std::int8_t{-128}, std::int8_t{127}));
  check(
      "INT16", DataType::kInt16, [](auto& c) { c.add_int_contents(-32768), c.add_int_contents(7); },
      bytes_of(std::int16_t{-32768}, std::int16_t{7}));
  check(
      "INT32", DataType::kInt32, [](auto& c) { c.add_int_contents(INT32_MIN), c.add_int_contents(7); },
      bytes_of(std::int32_t{INT32_MIN}, std::int32_t{7}));
  check(
      "INT64", DataType::kInt64, [](auto& c) { c.add_int64_contents(INT64_MIN), c.add_int64_contents(7); },
      bytes_of(std::int64_t{INT64_MIN}, std::int64_t{7}));
  check(
      "UINT8", DataType::kUint8, [](auto& c) { c.add_uint_contents(255), c.add_uint_contents(0); },
      bytes_of(std::uint8_t{255}, std::uint8_t{0}));
  check(
      "UINT16", DataType::kUint16, [](auto& c) { c.add_uint_contents(65535), c.add_uint_contents(0); },
      bytes_of(std::uint16_t{65535}, std::uint16_t{0}));
  check(
      "UINT32", DataType::kUint32, [](auto& c) { c.add_uint_contents(UINT32_MAX), c.add_uint_contents(0); },
      bytes_of(std::uint32_t{UINT32_MAX}, std::uint32_t{0}));
  check(
      "UINT64", DataType::kUint64, [](auto& c) { c.add_uint64_contents(UINT64_MAX), c.add_uint64_contents(0); },
      bytes_of(std::uint64_t{UINT64_MAX}, std::uint64_t{0}));
  check(
      "FP32", DataType::kFp32, [](auto& c) { c.add_fp32_contents(0.1f), c.add_fp32_contents(-1); },
      bytes_of(0.1f, -1.0f));
  check(
      "FP64", DataType::kFp64, [](auto& c) { c.add_fp64_contents(0.1), c.add_fp64_contents(-1); }, bytes_of(0.1, -1.0));
  check(
      "BYTES", DataType::kBytes, [](auto& c) { c.add_bytes_contents("ab"), c.add_bytes_contents(""); },
      bytes_of(std::uint32_t{2}, 'a', 'b', std::uint32_t{0}));
}

TEST(InferMessage, RefusesContentsThatDoNotFit) {
  ModelInferRequest narrow = request_for("INT8");
  narrow.mutable_inputs(0)->mutable_contents()->add_int_contents(128);
  EXPECT_NE(refusal_of(narrow, DataType::kInt8).find("128 is outside the datatype INT8"), std::string::npos);

  ModelInferRequest wrong = request_for("FP32");
  wrong.mutable_inputs(0)->mutable_contents()->add_fp64_contents(1);
  EXPECT_NE(refusal_of(wrong).find("contents do not fit the datatype FP32"), std::string::npos);

  ModelInferRequest both = request_for("FP32");
  both.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  both.add_raw_input_contents("12345678");
  EXPECT_NE(refusal_of(both).find("must not be specified when using raw_input_contents"), std::string::npos);

  EXPECT_NE(refusal_of(request_for("FP32")).find("neither contents nor raw_input_contents"), std::string::npos);

  ModelInferRequest more = request_for("FP32");
  more.add_raw_input_contents("12345678");
  more.add_raw_input_contents("12345678");
  EXPECT_NE(refusal_of(more).find("expected 1 entries of raw_input_contents"), std::string::npos);

  EXPECT_NE(refusal_of(request_for("FP31")).find("'FP31' is not a datatype"), std::string::npos);
}

TEST(InferMessage, TakesParametersByTheirKind) {
  ModelInferRequest request = request_for("FP32");
  request.add_raw_input_contents("12345678");
  auto& parameters = *request.mutable_parameters();
  parameters["timeout"].set_int64_param(1500);
  parameters["priority"].set_uint64_param(2);
  parameters["sequence_id"].set_int64_param(0);
  parameters["mine"].set_string_param("free");
  const auto decoded = decode(request);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_EQ((*decoded)->asked.timeout, std::chrono::microseconds(1500));
  EXPECT_EQ((*decoded)->asked.request.priority, 2);

  parameters["timeout"].set_int64_param(-1);
  EXPECT_NE(refusal_of(request).find("must not be negative"), std::string::npos);
  parameters["timeout"].set_string_param("soon");
  EXPECT_NE(refusal_of(request).find("must be an integer"), std::string::npos);
  parameters.erase("timeout");
  parameters["sequence_start"].set_bool_param(true);
  EXPECT_NE(refusal_of(request).find("sequences are not supported"), std::string::npos);
}

TEST(InferMessage, RefusesOutputsThatTheModelHasNot) {
  ModelInferRequest request = request_for("FP32");
  request.add_raw_input_contents("12345678");
  request.add_outputs()->set_name("y");
  EXPECT_EQ(refusal_of(request), "");
  request.add_outputs()->set_name("y");
  EXPECT_EQ(refusal_of(request), "output 'y' already exists in request");
  request.mutable_outputs(1)->set_name("nosuch");
  EXPECT_EQ(refusal_of(request), "unexpected inference output 'nosuch' for model 'm'");
}

TEST(InferMessage, SurvivesWhateverBytesCome) {
  std::mt19937_64 random(5);
  ModelInferRequest request = request_for("FP32");
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  (*request.mutable_parameters())["timeout"].set_int64_param(5);
  request.add_outputs()->set_name("y");
  const std::string valid = request.SerializeAsString();
  int refused = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = valid;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::pmr::monotonic_buffer_resource memory;
    InferMessage message(&memory);
    OipInfer asked(&memory);
    const Status read = read_infer_message(bytes, message);
    if (!read || !decode_infer_message(message, signature_of(DataType::kFp32), asked)) ++refused;
  }
  EXPECT_GT(refused, 10'000);
}

inference::Tensor tensor(const char* name, DataType type, inference::Shape shape, std::string_view bytes) {
  auto buffer = inference::Buffer::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.bytes().data(), bytes.data(), bytes.size());
  return {name, type, std::move(shape), std::move(buffer)};
}

ModelInferResponse encoded(std::vector<inference::Tensor> outputs, const OipInfer& asked) {
  inference::InferResponse response;
  response.model = "m";
  response.version = 12;
  response.outputs = std::move(outputs);
  const auto message = encode_infer_message(response, asked, signature_of(DataType::kFp32), 5);
  EXPECT_TRUE(message.has_value());
  std::string bytes = message->text.substr(5);
  for (const auto& blob : message->blobs) bytes += text_of(blob);
  EXPECT_EQ(bytes.size(), message->text.size() - 5 + message->blob_bytes());
  ModelInferResponse parsed;
  EXPECT_TRUE(parsed.ParseFromString(bytes));
  return parsed;
}

TEST(InferMessage, WritesWhatTheLibraryReads) {
  for (const std::size_t rows : {0u, 1u, 3u, 100'000u}) {  // copied, and left where it is
    OipInfer asked;
    asked.request.endpoint = "front";
    asked.request.id = "9";
    const std::string y(rows * 12, 'y'), z("\x02\0\0\0hi", 6);
    std::vector<inference::Tensor> outputs;
    outputs.push_back(tensor("y", DataType::kFp32, {static_cast<std::int64_t>(rows), 3}, y));
    outputs.push_back(tensor("z", DataType::kBytes, {1}, z));

    const ModelInferResponse parsed = encoded(std::move(outputs), asked);

    EXPECT_EQ(parsed.model_name(), "front");
    EXPECT_EQ(parsed.model_version(), "12");
    EXPECT_EQ(parsed.id(), "9");
    ASSERT_EQ(parsed.outputs_size(), 2);
    EXPECT_EQ(parsed.outputs(0).name(), "y");
    EXPECT_EQ(parsed.outputs(0).datatype(), "FP32");
    EXPECT_EQ(parsed.outputs(0).shape(0), static_cast<std::int64_t>(rows));
    EXPECT_EQ(parsed.outputs(0).shape(1), 3);
    EXPECT_EQ(parsed.outputs(1).datatype(), "BYTES");
    ASSERT_EQ(parsed.raw_output_contents_size(), 2);
    EXPECT_EQ(parsed.raw_output_contents(0), y);
    EXPECT_EQ(parsed.raw_output_contents(1), z);
  }
}

TEST(InferMessage, ClassifiesForThoseWhoAsk) {
  OipInfer asked;
  asked.outputs.push_back({"y", std::nullopt, 2});
  const float values[3] = {1, 3, 2};
  std::vector<inference::Tensor> outputs;
  outputs.push_back(tensor("y", DataType::kFp32, {1, 3}, {reinterpret_cast<const char*>(values), sizeof values}));

  const ModelInferResponse parsed = encoded(std::move(outputs), asked);

  EXPECT_EQ(parsed.outputs(0).datatype(), "BYTES");
  EXPECT_NE(parsed.raw_output_contents(0).find("3.000000:1"), std::string::npos);
  EXPECT_NE(parsed.raw_output_contents(0).find("2.000000:2"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::edge::oip
