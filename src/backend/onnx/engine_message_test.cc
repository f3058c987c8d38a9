#include "backend/onnx/engine_message.h"

#include <gtest/gtest.h>

namespace modelyard::backend {
namespace {

TEST(EngineMessage, IsALineForPeople) {
  EXPECT_EQ(
      plain_message("Load model from /tmp/a b/model.onnx failed:/onnxruntime_src/core/load.h:46 void "
                    "ns::(anonymous namespace)::Validate(const std::map<char, int>&, bool, int (*)(int)) Opset 99 "
                    "is under\ndevelopment.\n"),
      "Opset 99 is under development.");
  EXPECT_EQ(plain_message("/src/graph.cc:7 ns::Graph::Graph(int) const [with T = float; U = int] bad node"),
            "bad node");
  EXPECT_EQ(plain_message("Got invalid dimensions for input: x"), "Got invalid dimensions for input: x");
}

TEST(EngineMessage, IsLeftAsItIsWhenItIsOfAnotherForm) {
  for (const char* words : {"/only/a/path", "/src/a.cc:1 f(", "/src/a.cc:1 f()", "Load model from nowhere", ""}) {
    EXPECT_EQ(plain_message(words), words);
  }
}

TEST(EngineMessage, HasOurAdvice) {
  EXPECT_NE(plain_message("Load model from m failed:Protobuf parsing failed.").find("damaged"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::backend
