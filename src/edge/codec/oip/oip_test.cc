// Exact texts in both directions: what clients send, and what they get.
#include <gtest/gtest.h>

#include <cstring>

#include "edge/codec/oip/documents.h"
#include "edge/codec/oip/infer_request.h"
#include "edge/codec/oip/infer_response.h"

namespace modelyard::edge::oip {
namespace {

using inference::DataType;

inference::Signature signature() {
  return *inference::parse_signature(*parse_json(R"({"batched":true,
      "inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],
      "outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]},{"name":"n","datatype":"INT64","shape":[-1]}]})"));
}
std::vector<float> floats(const inference::TensorView& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}
// A request with the memory that it lives in.
struct Asked {
  std::pmr::monotonic_buffer_resource memory;
  OipInfer infer{&memory};
  Status outcome = ok();

  bool has_value() const { return outcome.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return outcome.error(); }
  OipInfer* operator->() { return &infer; }
  OipInfer& operator*() { return infer; }
};
std::unique_ptr<Asked> decode(std::string_view body, std::optional<std::size_t> header = std::nullopt) {
  auto asked = std::make_unique<Asked>();
  asked->outcome = decode_infer_request(body, header, signature(), "m", asked->infer);
  return asked;
}
std::string refusal(std::string_view body, std::optional<std::size_t> header = std::nullopt) {
  const auto asked = decode(body, header);
  return *asked ? "(accepted)" : asked->error().message();
}
inference::InferResponse answer() {
  inference::InferResponse response;
  response.model = "m";
  response.version = 3;
  const std::vector<float> y{0.5F, -1.0F};
  const std::int64_t n = 7;
  response.outputs.push_back({"y", DataType::kFp32, {1, 2}, inference::Buffer::allocate(8)});
  std::memcpy(response.outputs[0].buffer.bytes().data(), y.data(), 8);
  response.outputs.push_back({"n", DataType::kInt64, {1}, inference::Buffer::allocate(8)});
  std::memcpy(response.outputs[1].buffer.bytes().data(), &n, 8);
  return response;
}
std::string encoded(const std::string& asked) {
  const auto decoded = decode(asked);
  Asked& request = *decoded;
  EXPECT_TRUE(request.has_value()) << (request ? "" : request.error().message());
  request->request.endpoint = "m";
  auto response = answer();
  return encode_infer_response(response, *request, signature())->json;
}
constexpr const char* kInput = R"("inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}])";

TEST(OipRequest, ReadsJsonInAnyOrderOfFields) {
  for (const char* body :
       {R"({"id":"7","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]})",
        R"({"inputs":[{"data":[[1,2],[3,4]],"datatype":"FP32","shape":[2,2],"name":"x"}],"id":"7"})"}) {
    const auto decoded = decode(body);
    Asked& asked = *decoded;
    ASSERT_TRUE(asked.has_value()) << asked.error().message();
    EXPECT_EQ(asked->request.id, "7");
    ASSERT_EQ(asked->request.inputs.size(), 1u);
    EXPECT_EQ(floats(asked->request.inputs[0]), (std::vector<float>{1, 2, 3, 4}));
  }
}

TEST(OipRequest, ReadsBinaryInputsBehindTheJson) {
  const std::string head =
      R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]})";
  const float values[] = {1.5F, 2.5F};
  std::string body = head + std::string(reinterpret_cast<const char*>(values), sizeof values);

  const auto decoded = decode(body, head.size());
  Asked& asked = *decoded;

  ASSERT_TRUE(asked.has_value()) << asked.error().message();
  EXPECT_EQ(floats(asked->request.inputs[0]), (std::vector<float>{1.5F, 2.5F}));
  EXPECT_EQ(asked->request.inputs[0].bytes.data(), reinterpret_cast<const std::byte*>(body.data() + head.size()));
  EXPECT_NE(refusal(body.substr(0, body.size() - 1), head.size()).find("8 bytes expected, 7 left"), std::string::npos);
  EXPECT_NE(refusal(body + "z", head.size()).find("unexpected additional input data"), std::string::npos);
  EXPECT_NE(refusal(body, body.size() + 1).find("inference header size should be in range"), std::string::npos);
}

TEST(OipRequest, ReadsARawBodyAsTheOnlyInput) {
  const float values[] = {1, 2};
  const std::string body(reinterpret_cast<const char*>(values), sizeof values);

  const auto decoded = decode(body, 0);
  Asked& asked = *decoded;

  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(floats(asked->request.inputs[0]), (std::vector<float>{1, 2}));
  EXPECT_TRUE(asked->binary_outputs);
}

TEST(OipRequest, NamesWhatIsWrong) {
  EXPECT_EQ(refusal("{}"), "Unable to parse 'inputs': the request has none");
  EXPECT_EQ(refusal(R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32"}]})"),
            "input 'x' has neither 'data' nor 'binary_data_size'");
  EXPECT_EQ(refusal(R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FLOAT","data":[1,2]}]})"),
            "'FLOAT' is not a datatype");
  EXPECT_EQ(refusal(std::string("{") + kInput + R"(,"outputs":[{"name":"z"}]})"),
            "unexpected inference output 'z' for model 'm'");
  EXPECT_EQ(refusal(std::string("{") + kInput + R"(,"outputs":[{"name":"y"},{"name":"y"}]})"),
            "output 'y' already exists in request");
  EXPECT_NE(refusal(std::string("{") + kInput + "," + kInput + "}").find("stands twice"), std::string::npos);
}

TEST(OipResponse, WritesJson) {
  EXPECT_EQ(encoded(std::string("{\"id\":\"a\",") + kInput + "}"),
            R"({"model_name":"m","model_version":"3","id":"a","outputs":[)"
            R"({"name":"y","datatype":"FP32","shape":[1,2],"data":[0.5,-1.0]},)"
            R"({"name":"n","datatype":"INT64","shape":[1],"data":[7]}]})");
}

TEST(OipResponse, PutsBinaryOutputsBehindTheJson) {
  const std::string body =
      std::string("{") + kInput + R"(,"outputs":[{"name":"y","parameters":{"binary_data":true}},{"name":"n"}]})";
  const auto decoded = decode(body);
  Asked& request = *decoded;
  request->request.endpoint = "m";
  auto response = answer();

  const auto made = encode_infer_response(response, *request, signature());

  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->json, R"({"model_name":"m","model_version":"3","outputs":[)"
                        R"({"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},)"
                        R"({"name":"n","datatype":"INT64","shape":[1],"data":[7]}]})");
  EXPECT_EQ(made->header_bytes, made->json.size());
  ASSERT_EQ(made->blobs.size(), 1u);
  EXPECT_EQ(made->blobs[0].size(), 8u);
}

TEST(OipDocuments, ReadTheRepositoryRequests) {
  EXPECT_EQ(*parse_index_request(""), false);
  EXPECT_EQ(*parse_index_request(R"({"ready":true})"), true);
  EXPECT_FALSE(parse_index_request("[").has_value());
  EXPECT_TRUE(check_load_request("").has_value());
  EXPECT_FALSE(check_load_request(R"({"parameters":{"config":"{}"}})").has_value());
}

}  // namespace
}  // namespace modelyard::edge::oip
