#include "edge/codec/tfs/predict_message.h"

#include <gtest/gtest.h>
#include <tensorflow_serving/apis/predict.pb.h>

#include <cstring>
#include <random>

namespace modelyard::edge::tfs {
namespace {

using inference::DataType;
using tensorflow::TensorProto;
using tensorflow::serving::PredictRequest;
using tensorflow::serving::PredictResponse;

const inference::Signature kSignature{{{"x", DataType::kFp32, {-1, 2}}}, {{"y", DataType::kFp32, {-1}}}, true};

TensorProto tensor(tensorflow::DataType type, std::initializer_list<std::int64_t> shape) {
  TensorProto proto;
  proto.set_dtype(type);
  for (const std::int64_t size : shape) proto.mutable_tensor_shape()->add_dim()->set_size(size);
  return proto;
}

struct Decoded {
  std::string bytes;
  std::pmr::monotonic_buffer_resource memory;
  PredictAsk asked{&memory};
};

Result<std::unique_ptr<Decoded>> decode(const TensorProto& x) {
  PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  (*request.mutable_inputs())["x"] = x;
  auto decoded = std::make_unique<Decoded>();
  decoded->bytes = request.SerializeAsString();
  MODELYARD_TRY(decode_predict_message(decoded->bytes, kSignature, decoded->asked));
  return decoded;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What became of the elements, or the refusal.
std::string elements_of(const TensorProto& x) {
  const auto decoded = decode(x);
  return decoded ? text_of((*decoded)->asked.request.inputs.front().bytes) : decoded.error().message();
}

template <typename... Values>
std::string bytes_of(Values... values) {
  std::string text;
  (text.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return text;
}

TEST(PredictMessage, UsesTensorContentWhereItIs) {
  TensorProto x = tensor(tensorflow::DT_FLOAT, {1, 2});
  x.set_tensor_content("12345678");

  const auto decoded = decode(x);

  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  const auto& view = (*decoded)->asked.request.inputs.front();
  EXPECT_EQ(text_of(view.bytes), "12345678");
  EXPECT_EQ(view.name, "x");
  const std::string& bytes = (*decoded)->bytes;
  EXPECT_TRUE(reinterpret_cast<const char*>(view.bytes.data()) > bytes.data() &&
              reinterpret_cast<const char*>(view.bytes.data()) < bytes.data() + bytes.size());
}

TEST(PredictMessage, ReadsEveryTypedField) {
  const auto check = [](tensorflow::DataType type, auto add, const std::string& expected) {
    TensorProto x = tensor(type, {2});
    add(x);
    EXPECT_EQ(elements_of(x), expected) << type;
  };
  check(tensorflow::DT_FLOAT, [](auto& x) { x.add_float_val(0.5), x.add_float_val(-1); }, bytes_of(0.5F, -1.0F));
  check(tensorflow::DT_DOUBLE, [](auto& x) { x.add_double_val(0.1), x.add_double_val(2); }, bytes_of(0.1, 2.0));
  check(tensorflow::DT_INT32, [](auto& x) { x.add_int_val(-7), x.add_int_val(8); }, bytes_of(-7, 8));
  check(tensorflow::DT_UINT8, [](auto& x) { x.add_int_val(255), x.add_int_val(0); }, std::string("\xff\0", 2));
  check(
      tensorflow::DT_INT16, [](auto& x) { x.add_int_val(-3), x.add_int_val(4); },
      bytes_of(std::int16_t{-3}, std::int16_t{4}));
  check(tensorflow::DT_INT8, [](auto& x) { x.add_int_val(-128), x.add_int_val(127); }, "\x80\x7f");
  check(
      tensorflow::DT_UINT16, [](auto& x) { x.add_int_val(65535), x.add_int_val(1); },
      bytes_of(std::uint16_t{65535}, std::uint16_t{1}));
  check(
      tensorflow::DT_STRING, [](auto& x) { x.add_string_val("ab"), x.add_string_val(""); },
      bytes_of(std::uint32_t{2}, 'a', 'b', std::uint32_t{0}));
  check(
      tensorflow::DT_INT64, [](auto& x) { x.add_int64_val(INT64_MIN), x.add_int64_val(4); },
      bytes_of(std::int64_t{INT64_MIN}, std::int64_t{4}));
  check(tensorflow::DT_BOOL, [](auto& x) { x.add_bool_val(true), x.add_bool_val(false); }, std::string("\x01\0", 2));
  check(
      tensorflow::DT_HALF, [](auto& x) { x.add_half_val(0x3c00), x.add_half_val(0x4000); },
      bytes_of(std::uint16_t{0x3c00}, std::uint16_t{0x4000}));
  check(
      tensorflow::DT_BFLOAT16, [](auto& x) { x.add_half_val(0x3f80), x.add_half_val(0xbf80); },
      bytes_of(std::uint16_t{0x3f80}, std::uint16_t{0xbf80}));
  check(
      tensorflow::DT_UINT32, [](auto& x) { x.add_uint32_val(UINT32_MAX), x.add_uint32_val(1); },
      bytes_of(std::uint32_t{UINT32_MAX}, std::uint32_t{1}));
  check(
      tensorflow::DT_UINT64, [](auto& x) { x.add_uint64_val(UINT64_MAX), x.add_uint64_val(1); },
      bytes_of(std::uint64_t{UINT64_MAX}, std::uint64_t{1}));
}

TEST(PredictMessage, FillsUpWithTheLastValue) {
  TensorProto x = tensor(tensorflow::DT_FLOAT, {2, 2});
  x.add_float_val(1);
  x.add_float_val(7);
  EXPECT_EQ(elements_of(x), bytes_of(1.0F, 7.0F, 7.0F, 7.0F));

  TensorProto claims = tensor(tensorflow::DT_FLOAT, {1'000'000, 1'000'000});
  claims.add_float_val(1);
  EXPECT_NE(elements_of(claims).find("send them all"), std::string::npos);
}

TEST(PredictMessage, RefusesTensorsThatDoNotHoldTogether) {
  EXPECT_NE(elements_of(tensor(tensorflow::DT_FLOAT, {2})).find("0 values for 2 elements"), std::string::npos);
  EXPECT_NE(elements_of(tensor(tensorflow::DT_COMPLEX64, {2})).find("not supported"), std::string::npos);
  TensorProto both = tensor(tensorflow::DT_FLOAT, {2});
  both.set_tensor_content("12345678");
  both.add_float_val(1);
  EXPECT_NE(elements_of(both).find("goes alone"), std::string::npos);
  TensorProto text = tensor(tensorflow::DT_STRING, {1});
  text.set_tensor_content("abc");
  EXPECT_NE(elements_of(text).find("holds no strings"), std::string::npos);
  TensorProto unknown = tensor(tensorflow::DT_FLOAT, {});
  unknown.mutable_tensor_shape()->set_unknown_rank(true);
  EXPECT_NE(elements_of(unknown).find("known shape"), std::string::npos);
  EXPECT_NE(elements_of(tensor(tensorflow::DT_FLOAT, {-1})), "");
}

TEST(PredictMessage, ReadsWhichModelIsMeant) {
  PredictRequest request;
  EXPECT_EQ(read_model_spec(request.SerializeAsString()).error().message(), "Missing ModelSpec");
  request.mutable_model_spec()->set_name("m");
  request.mutable_model_spec()->mutable_version()->set_value(3);
  std::string bytes = request.SerializeAsString();
  EXPECT_EQ(read_model_spec(bytes)->model, "m");
  EXPECT_EQ(read_model_spec(bytes)->version, 3);
  request.mutable_model_spec()->set_version_label("champion");
  bytes = request.SerializeAsString();
  EXPECT_EQ(read_model_spec(bytes)->label, "champion");
  request.mutable_model_spec()->set_signature_name("classify");
  EXPECT_NE(read_model_spec(request.SerializeAsString()).error().message().find("\"classify\" not found"),
            std::string::npos);
}

TEST(PredictMessage, WritesWhatTheLibraryReads) {
  for (const std::size_t rows : {0u, 1u, 3u, 10'000u}) {  // copied, and left where it is
    PredictAsk asked;
    asked.request.endpoint = "front";
    inference::InferResponse response;
    response.version = 12;
    const std::string y(rows * 4, 'y'), z("\x02\0\0\0hi\0\0\0\0", 10);
    for (const auto& [name, type, text] : {std::tuple{"y", DataType::kFp32, y}, {"z", DataType::kBytes, z}}) {
      inference::Tensor output{name,
                               type,
                               {static_cast<std::int64_t>(type == DataType::kBytes ? 2 : rows)},
                               inference::Buffer::allocate(text.size())};
      if (!text.empty()) std::memcpy(output.buffer.bytes().data(), text.data(), text.size());
      response.outputs.push_back(std::move(output));
    }

    const EncodedPredict message = encode_predict_message(response, asked, 5);
    std::string bytes = message.text.substr(5);
    for (const auto& blob : message.blobs) bytes += text_of(blob);
    PredictResponse parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes));

    EXPECT_EQ(parsed.model_spec().name(), "front");
    EXPECT_EQ(parsed.model_spec().version().value(), 12);
    const TensorProto& first = parsed.outputs().at("y");
    EXPECT_EQ(first.dtype(), tensorflow::DT_FLOAT);
    EXPECT_EQ(first.tensor_shape().dim(0).size(), static_cast<std::int64_t>(rows));
    EXPECT_EQ(first.tensor_content(), y);
    const TensorProto& second = parsed.outputs().at("z");
    ASSERT_EQ(second.string_val_size(), 2);
    EXPECT_EQ(second.string_val(0), "hi");
    EXPECT_EQ(second.string_val(1), "");
  }
}

TEST(PredictMessage, SurvivesWhateverBytesCome) {
  std::mt19937_64 random(5);
  TensorProto x = tensor(tensorflow::DT_FLOAT, {1, 2});
  x.add_float_val(1);
  PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  (*request.mutable_inputs())["x"] = x;
  request.add_output_filter("y");
  const std::string valid = request.SerializeAsString();
  int refused = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = valid;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::pmr::monotonic_buffer_resource memory;
    PredictAsk asked(&memory);
    if (!read_model_spec(bytes) || !decode_predict_message(bytes, kSignature, asked)) ++refused;
  }
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace modelyard::edge::tfs
