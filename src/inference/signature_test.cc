#include "inference/signature.h"

#include <gtest/gtest.h>

namespace modelyard::inference {
namespace {

constexpr std::string_view kFraud = R"({
  "inputs": [{"name": "amount", "datatype": "FP32", "shape": [-1, 2], "features": ["euro", "age"]},
             {"name": "country", "datatype": "BYTES", "shape": [-1, 1], "optional": true}],
  "outputs": [{"name": "score", "datatype": "FP64", "shape": [-1]}],
  "batched": true})";

Result<Signature> parse(std::string_view text) {
  return parse_signature(parse_json(text).value());
}

std::string refusal(std::string_view text) {
  const auto signature = parse(text);
  return signature ? "(accepted)" : signature.error().message();
}

// A signature with this one input and no outputs.
std::string input_refusal(std::string_view input) {
  return refusal(fmt::format(R"({{"inputs":[{}],"outputs":[]}})", input));
}

TEST(Signature, IsReadFromJson) {
  const auto signature = parse(kFraud);

  ASSERT_TRUE(signature.has_value()) << signature.error().message();
  EXPECT_TRUE(signature->batched);
  ASSERT_EQ(signature->inputs.size(), 2u);
  EXPECT_EQ(signature->inputs[0], (TensorSpec{"amount", DataType::kFp32, {-1, 2}, false, {"euro", "age"}}));
  EXPECT_EQ(signature->inputs[1], (TensorSpec{"country", DataType::kBytes, {-1, 1}, true, {}}));
  EXPECT_EQ(signature->outputs[0], (TensorSpec{"score", DataType::kFp64, {-1}, false, {}}));
  EXPECT_EQ(signature->find_input("country"), 1u);
  EXPECT_EQ(signature->find_output("country"), std::nullopt);
}

TEST(Signature, SurvivesItsJsonForm) {
  const Signature signature = parse(kFraud).value();

  EXPECT_EQ(parse_signature(to_json(signature)).value(), signature);
}

TEST(Signature, WritesOnlyWhatIsSet) {
  const Signature plain = parse(R"({"inputs":[{"name":"x","datatype":"BOOL","shape":[]}],"outputs":[],
                                   "batched":false})")
                              .value();

  EXPECT_EQ(canonical_json(to_json(plain)).value(),
            R"({"inputs":[{"datatype":"BOOL","name":"x","shape":[]}],"outputs":[]})");
}

TEST(Signature, SaysWhichFieldIsWrong) {
  EXPECT_EQ(refusal("[]"), "signature: expected an object");
  EXPECT_EQ(refusal(R"({"inputs":[]})"), "signature.outputs: expected an array, but it is missing");
  EXPECT_EQ(refusal(R"({"inputs":[],"outputs":[],"bached":true})"),
            "signature.bached: unknown field; did you mean 'batched'?");
  EXPECT_EQ(input_refusal("3"), "signature.inputs[0]: expected an object");
  EXPECT_EQ(input_refusal(R"({"datatype":"FP32","shape":[1]})"),
            "signature.inputs[0].name: expected a string, but it is missing");
  EXPECT_EQ(input_refusal(R"({"name":"","datatype":"FP32","shape":[1]})"), "signature.inputs[0].name: empty");
  EXPECT_EQ(input_refusal(R"({"name":"x","datatype":"float","shape":[1]})"),
            "signature.inputs[0].datatype: 'float' is not a datatype");
  EXPECT_EQ(input_refusal(R"({"name":"x","datatype":"FP32","shape":[1],"dtype":"y"})"),
            "signature.inputs[0].dtype: unknown field");
}

TEST(Signature, RefusesShapesThatAreNone) {
  const auto shape_refusal = [](std::string_view shape) {
    return input_refusal(fmt::format(R"({{"name":"x","datatype":"FP32","shape":{}}})", shape));
  };

  EXPECT_EQ(shape_refusal("[-1,0,9223372036854775807]"), "(accepted)");
  for (const std::string_view shape :
       {"[-2]", "[1.0]", "[\"1\"]", "[null]", "[18446744073709551615]", "[[1]]", "[9223372036854775808]"}) {
    EXPECT_EQ(shape_refusal(shape), "signature.inputs[0].shape: a dimension is a size, or -1 for any") << shape;
  }
  EXPECT_EQ(shape_refusal("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "(accepted)");
  EXPECT_EQ(shape_refusal("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "signature.inputs[0].shape: more than 16 dimensions");
}

TEST(Signature, RefusesFeaturesThatDoNotFit) {
  const auto features_refusal = [](std::string_view shape, std::string_view features) {
    return input_refusal(fmt::format(R"({{"name":"x","datatype":"FP32","shape":{},"features":{}}})", shape, features));
  };

  EXPECT_EQ(features_refusal("[-1,2]", R"(["a","b"])"), "(accepted)");
  EXPECT_EQ(features_refusal("[-1,3]", R"(["a","b"])"), "signature.inputs[0].features: 2 names for shape [-1,3]");
  EXPECT_EQ(features_refusal("[]", R"(["a"])"), "signature.inputs[0].features: 1 names for shape []");
  EXPECT_EQ(features_refusal("[-1,2]", R"(["a","a"])"), "signature.inputs[0].features: feature 'a' twice");
  EXPECT_EQ(features_refusal("[-1,2]", R"(["a",""])"), "signature.inputs[0].features: a feature is a name");
  EXPECT_EQ(features_refusal("[-1,2]", R"(["a",1])"), "signature.inputs[0].features: a feature is a name");
}

TEST(Signature, RefusesANameTwice) {
  EXPECT_EQ(input_refusal(R"({"name":"x","datatype":"FP32","shape":[1]},{"name":"x","datatype":"BOOL","shape":[]})"),
            "signature.inputs: 'x' twice");
}

TEST(Signature, RefusesOptionalOutputs) {
  EXPECT_EQ(refusal(R"({"inputs":[],"outputs":[{"name":"y","datatype":"FP32","shape":[1],"optional":true}]})"),
            "signature.outputs[0].optional: only inputs may be optional");
}

TEST(Signature, RefusesBatchedWhereAShapeHasNoRows) {
  const std::string_view expected = "signature.batched: every input and output shape must begin with -1";

  EXPECT_EQ(refusal(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[4]}],"outputs":[],"batched":true})"),
            expected);
  EXPECT_EQ(refusal(R"({"inputs":[],"outputs":[{"name":"y","datatype":"FP32","shape":[]}],"batched":true})"), expected);
}

}  // namespace
}  // namespace modelyard::inference
