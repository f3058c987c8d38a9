#include "backend/onnx/onnx_backend.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "backend/onnx/model_file.h"
#include "base/test_folder.h"

namespace modelyard::backend {
namespace {

using inference::DataType;
using inference::Tensor;
using inference::TensorView;

// A protobuf message that is put together field by field (onnx.proto).
class Message {
 public:
  Message& add(std::uint32_t field, std::string_view bytes) {
    varint(field << 3 | 2);
    varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  Message& add(std::uint32_t field, const Message& message) { return add(field, message.bytes_); }
  Message& number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

Message opset(std::string_view domain, std::uint64_t version) {
  return Message().add(1, domain).number(2, version);
}
Message node(std::string_view type, std::initializer_list<std::string_view> inputs, std::string_view output,
             std::string_view domain = "") {
  Message message;
  for (const std::string_view input : inputs) message.add(1, input);
  return message.add(2, output).add(4, type).add(7, domain);
}
// elem_type: 1 is FLOAT, 7 is INT64, 9 is BOOL. A dimension of 0 is any size.
Message value(std::string_view name, std::uint64_t elem_type, std::initializer_list<std::uint64_t> dimensions) {
  Message shape;
  for (const std::uint64_t size : dimensions) {
    shape.add(1, size == 0 ? Message().add(2, "n") : Message().number(1, size));
  }
  return Message().add(1, name).add(2, Message().add(1, Message().number(1, elem_type).add(2, shape)));
}
Message model(const Message& graph) {
  return Message().number(1, 8).add(2, "hand").add(7, graph).add(8, opset("", 13));
}
// y = x + x
Message doubling(std::initializer_list<std::uint64_t> declared) {
  return model(Message()
                   .add(1, node("Add", {"x", "x"}, "y"))
                   .add(2, "g")
                   .add(11, value("x", 1, {0, 2}))
                   .add(12, value("y", 1, declared)));
}

TEST(ModelFile, TellsWhatIsInAModel) {
  Message weight;
  weight.number(1, 4).number(2, 1).add(8, "w").add(13, Message().add(1, "location").add(2, "weights.bin"));
  const Message graph = Message()
                            .add(1, node("MatMul", {"x", "w"}, "a"))
                            .add(1, node("MatMul", {"a", "w"}, "b"))
                            .add(1, node("Scaler", {"b"}, "y", "ai.onnx.ml"))
                            .add(5, weight);

  const auto file = parse_model(Message(model(graph)).add(8, opset("ai.onnx.ml", 3)).bytes());

  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->ir_version, 8);
  EXPECT_EQ(file->producer, "hand");
  EXPECT_EQ(file->opsets, (std::map<std::string, std::int64_t>{{"", 13}, {"ai.onnx.ml", 3}}));
  EXPECT_EQ(file->operators, (std::map<std::string, std::int64_t>{{"MatMul", 2}, {"ai.onnx.ml.Scaler", 1}}));
  EXPECT_EQ(file->external_files, std::vector<std::string>{"weights.bin"});
}

TEST(ModelFile, IsRefusedWhenItIsCutOffAnywhereBeforeItsGraphEnds) {
  const std::string whole = doubling({0, 2}).bytes();
  const std::size_t graph_end = whole.size() - Message().add(8, opset("", 13)).bytes().size();

  for (std::size_t size = 0; size < graph_end; ++size) EXPECT_FALSE(parse_model(whole.substr(0, size)).has_value());
  EXPECT_TRUE(parse_model(whole).has_value());
}

TEST(ModelFile, IsRefusedWhenItIsNestedWithoutEnd) {
  Message graph = Message().add(1, node("Add", {"x"}, "y"));
  for (int level = 0; level < 100; ++level) {
    // A node whose attribute holds a graph.
    graph = Message().add(1, Message().add(5, Message().add(6, graph)));
  }

  const auto file = parse_model(model(graph).bytes());

  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().message().find("nested too deeply"), std::string::npos);
}

TEST(ModelFile, IsNotServedWithDataFromElsewhereOrOperatorsOfItsOwn) {
  const TestFolder folder;
  ModelFile file;
  file.opsets = {{"", 13}, {"com.example", 1}, {"unused.example", 1}};
  file.operators = {{"com.example.Magic", 1}};
  file.external_files = {"../weights", "/etc/passwd", "absent.bin"};

  const auto refusals = find_refusals(file, folder.path().string());

  ASSERT_EQ(refusals.size(), 4u);
  EXPECT_NE(refusals[0].find("'com.example'"), std::string::npos);
  EXPECT_NE(refusals[1].find("outside"), std::string::npos);
  EXPECT_NE(refusals[2].find("outside"), std::string::npos);
  EXPECT_NE(refusals[3].find("missing"), std::string::npos);
}

TEST(OnnxBackend, SaysHowToInstallAnEngineThatIsNotThere) {
  const auto backend = make_onnx_backend(find_engine_library("/no/such/library.so"), {});

  ASSERT_TRUE(backend.has_value());
  EXPECT_EQ((*backend)->engine_version(), "");
  const auto loaded = (*backend)->load("/tmp", {});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), Code::kUnavailable);
  EXPECT_NE(loaded.error().message().find("ONNX Runtime was not found"), std::string::npos);
}

// With the engine that make build installs: without it nothing here would be tested, so that is a failure.
class OnnxContextTest : public testing::Test {
 protected:
  void SetUp() override {
    const EngineLibrary library = find_engine_library("");
    ASSERT_NE(library.api, nullptr) << library.remedy();
    backend_ = std::move(*make_onnx_backend(library, {}));
  }
  void load(const Message& message) {
    std::ofstream(folder_ / "model.onnx", std::ios::binary) << message.bytes();
    auto loaded = backend_->load(folder_.path().string(), {});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    model_ = std::move(*loaded);
    context_ = std::move(*model_->new_context());
  }
  Status run(const void* data, std::int64_t rows) {
    const inference::Shape shape{rows, 2};
    const std::size_t bytes = static_cast<std::size_t>(rows) * 2 * sizeof(float);
    const std::vector<TensorView> inputs{{"x", DataType::kFp32, shape, {static_cast<const std::byte*>(data), bytes}}};
    const std::vector<std::size_t> wanted{0};
    return context_->run(inputs, wanted, outputs_);
  }
  template <typename T>
  std::vector<T> elements() const {
    const auto bytes = outputs_.front().buffer.bytes();
    std::vector<T> elements(bytes.size() / sizeof(T));
    if (!elements.empty()) std::memcpy(elements.data(), bytes.data(), bytes.size());
    return elements;
  }
  std::vector<float> values() const { return elements<float>(); }
  std::vector<std::int64_t> integers() const { return elements<std::int64_t>(); }

  TestFolder folder_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<ExecutionContext> context_;
  std::vector<Tensor> outputs_;
};

TEST_F(OnnxContextTest, RunsAnyNumberOfRowsAndWritesIntoTheMemoryOfBefore) {
  load(doubling({0, 2}));
  const std::vector<float> x{1, 2, 3, 4};

  ASSERT_TRUE(run(x.data(), 2).has_value());
  EXPECT_EQ(values(), (std::vector<float>{2, 4, 6, 8}));
  const std::byte* const memory = outputs_.front().buffer.bytes().data();
  ASSERT_TRUE(run(x.data(), 1).has_value());

  EXPECT_EQ(values(), (std::vector<float>{2, 4}));
  EXPECT_EQ(outputs_.front().shape, (inference::Shape{1, 2}));
  EXPECT_EQ(outputs_.front().buffer.bytes().data(), memory);
  ASSERT_TRUE(run(x.data(), 0).has_value());
  EXPECT_EQ(outputs_.front().shape, (inference::Shape{0, 2}));
}

TEST_F(OnnxContextTest, TakesInputsThatAreNotAligned) {
  load(doubling({0, 2}));
  const std::vector<float> x{1.5F, -2};
  std::string shifted(1 + 2 * sizeof(float), '\0');
  std::memcpy(shifted.data() + 1, x.data(), 2 * sizeof(float));

  ASSERT_TRUE(run(shifted.data() + 1, 1).has_value());

  EXPECT_EQ(values(), (std::vector<float>{3, -4}));
}

TEST_F(OnnxContextTest, AnswersWithTheShapeThatIsTrueWhenTheDeclaredOneIsNot) {
  // How many places are not zero no engine can know before; two are declared.
  load(model(Message()
                 .add(1, node("NonZero", {"x"}, "y"))
                 .add(2, "g")
                 .add(11, value("x", 1, {0, 2}))
                 .add(12, value("y", 7, {2, 2}))));
  ASSERT_EQ(model_->signature().outputs.front().shape, (inference::Shape{2, 2}));
  const std::vector<float> two{1, 0, 0, 1}, three{1, 2, 3, 0};

  ASSERT_TRUE(run(two.data(), 2).has_value());
  EXPECT_EQ(integers(), (std::vector<std::int64_t>{0, 1, 0, 1}));
  ASSERT_TRUE(run(three.data(), 2).has_value());

  EXPECT_EQ(integers(), (std::vector<std::int64_t>{0, 0, 1, 0, 1, 0}));
  EXPECT_EQ(outputs_.front().shape, (inference::Shape{2, 3}));
}

TEST_F(OnnxContextTest, RefusesATruthValueThatIsNeitherZeroNorOne) {
  load(model(
      Message().add(1, node("Not", {"x"}, "y")).add(2, "g").add(11, value("x", 9, {2})).add(12, value("y", 9, {2}))));
  const inference::Shape shape{2};
  const std::array<std::byte, 2> truth{std::byte{1}, std::byte{2}};
  const std::vector<TensorView> inputs{{"x", DataType::kBool, shape, truth}};
  const std::vector<std::size_t> wanted{0};

  const Status outcome = context_->run(inputs, wanted, outputs_);

  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace modelyard::backend
