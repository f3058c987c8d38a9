// Exact texts in both directions of TensorFlow Serving's predict.
#include <gtest/gtest.h>

#include <cstring>

#include "edge/codec/tfs/predict.h"

namespace modelyard::edge::tfs {
namespace {

using inference::DataType;

inference::Signature signature(const char* text) {
  return *inference::parse_signature(*parse_json(text));
}
const char* const kNamed = R"({"batched":true,
    "inputs":[{"name":"x","datatype":"FP32","shape":[-1,2],"features":["a","b"]}],
    "outputs":[{"name":"y","datatype":"FP32","shape":[-1]}]})";

std::vector<float> decoded(std::string_view body) {
  std::pmr::monotonic_buffer_resource memory;
  PredictAsk asked(&memory);
  const Status read = decode_predict(body, signature(kNamed), asked);
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message());
  if (!read) return {};
  const auto bytes = asked.request.inputs.at(0).bytes;
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}
std::string encoded(std::string_view body) {
  std::pmr::monotonic_buffer_resource memory;
  PredictAsk asked(&memory);
  EXPECT_TRUE(decode_predict(body, signature(kNamed), asked).has_value());
  inference::InferResponse response;
  response.outputs.push_back({"y", DataType::kFp32, {2}, inference::Buffer::allocate(8)});
  const float values[] = {0.5F, 2.0F};
  std::memcpy(response.outputs[0].buffer.bytes().data(), values, sizeof values);
  return *encode_predict(response, asked);
}

TEST(TfsPredict, ReadsRowsColumnsAndNamedFeatures) {
  const std::vector<float> wanted{1, 2, 3, 4};

  EXPECT_EQ(decoded(R"({"instances":[[1,2],[3,4]]})"), wanted);
  EXPECT_EQ(decoded(R"({"inputs":[[1,2],[3,4]]})"), wanted);
  EXPECT_EQ(decoded(R"({"inputs":{"x":[[1,2],[3,4]]}})"), wanted);
  EXPECT_EQ(decoded(R"({"instances":[{"x":[1,2]},{"x":[3,4]}]})"), wanted);
  EXPECT_EQ(decoded(R"({"instances":[{"b":2,"a":1},{"a":3,"b":4}]})"), wanted);
}

TEST(TfsPredict, AnswersInTheFormOfTheQuestion) {
  EXPECT_EQ(*parse_json(encoded(R"({"instances":[[1,2],[3,4]]})")), *parse_json(R"({"predictions":[0.5,2.0]})"));
  EXPECT_EQ(*parse_json(encoded(R"({"inputs":[[1,2],[3,4]]})")), *parse_json(R"({"outputs":[0.5,2.0]})"));
}

TEST(TfsPredict, RefusesWhatIsNeitherForm) {
  for (const char* body :
       {"", "{}", "[]", R"({"instances":1})", R"({"instances":[]})", R"({"instances":[[1,2],[3]]})",
        R"({"instances":[{"a":1}]})", R"({"instances":[{"a":1,"b":2,"c":3}]})",
        R"({"instances":[[1,2]],"inputs":[[1,2]]})", R"({"instances":[[1,"2"]]})", R"({"instances":[[1,2]]} x)"}) {
    std::pmr::monotonic_buffer_resource memory;
    PredictAsk asked(&memory);
    EXPECT_FALSE(decode_predict(body, signature(kNamed), asked).has_value()) << body;
  }
}

}  // namespace
}  // namespace modelyard::edge::tfs
