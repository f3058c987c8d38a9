// The ceiling: ONNX Runtime alone, in process, one thread, outputs allocated once. Says in JSON what a run costs.
//
// Usage: modelyard_bench_raw_engine MODEL.onnx SHAPE SECONDS [LIBRARY]
// SHAPE is the input's, "1,3,224,224"; the model has one FP32 input and one FP32 output.
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <span>

#include "backend/onnx/engine_library.h"

namespace {

using namespace modelyard;
using SteadyClock = std::chrono::steady_clock;

const OrtApi* api = nullptr;

// An object of the engine's, given back by the engine's function for its kind.
template <typename Object>
using Owned = std::unique_ptr<Object, void (*)(Object*)>;

void must(OrtStatus* status) {
  if (status == nullptr) return;
  std::fprintf(stderr, "%s\n", api->GetErrorMessage(status));
  std::exit(1);
}

// Calls a function of the engine's API whose last argument is the object it makes.
template <typename Object, typename... Parameters, typename... Arguments>
Object* make(OrtStatus*(ORT_API_CALL* function)(Parameters...), Arguments... arguments) {
  Object* object = nullptr;
  must(function(arguments..., &object));
  return object;
}

template <typename Number>
Number parse(std::string_view text) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || value <= 0) {
    std::fprintf(stderr, "'%.*s' is not a positive number\n", static_cast<int>(text.size()), text.data());
    std::exit(2);
  }
  return value;
}

std::vector<std::int64_t> parse_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    shape.push_back(parse<std::int64_t>(text.substr(0, comma)));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return shape;
}

// An FP32 tensor over `values`, which outlive it.
Owned<OrtValue> tensor(const OrtMemoryInfo* cpu, std::vector<float>& values, std::span<const std::int64_t> shape) {
  OrtValue* value = nullptr;
  must(api->CreateTensorWithDataAsOrtValue(cpu, values.data(), values.size() * sizeof(float), shape.data(),
                                           shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value));
  return Owned<OrtValue>(value, api->ReleaseValue);
}

double process_microseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

class RawEngine {
 public:
  explicit RawEngine(const char* model)
      : environment_(make<OrtEnv>(api->CreateEnv, ORT_LOGGING_LEVEL_WARNING, "raw"), api->ReleaseEnv),
        cpu_(make<OrtMemoryInfo>(api->CreateCpuMemoryInfo, OrtArenaAllocator, OrtMemTypeDefault),
             api->ReleaseMemoryInfo) {
    const Owned<OrtSessionOptions> options(make<OrtSessionOptions>(api->CreateSessionOptions),
                                           api->ReleaseSessionOptions);
    must(api->SetIntraOpNumThreads(options.get(), 1));
    must(api->SetInterOpNumThreads(options.get(), 1));
    must(api->SetSessionGraphOptimizationLevel(options.get(), ORT_ENABLE_ALL));
    session_ = {make<OrtSession>(api->CreateSession, environment_.get(), model, options.get()), api->ReleaseSession};
    auto* const allocator = make<OrtAllocator>(api->GetAllocatorWithDefaultOptions);
    input_name_ = make<char>(api->SessionGetInputName, session_.get(), std::size_t{0}, allocator);
    output_name_ = make<char>(api->SessionGetOutputName, session_.get(), std::size_t{0}, allocator);
  }

  void set_input(std::span<const std::int64_t> shape) {
    std::size_t count = 1;
    for (const std::int64_t dimension : shape) count *= static_cast<std::size_t>(dimension);
    std::mt19937 random(2);
    std::uniform_real_distribution<float> uniform(0, 1);
    input_values_.resize(count);
    std::generate(input_values_.begin(), input_values_.end(), [&] { return uniform(random); });
    input_ = tensor(cpu_.get(), input_values_, shape);
    allocate_output();
  }

  void run() {
    const OrtValue* const input = input_.get();
    OrtValue* output = output_.get();
    must(api->Run(session_.get(), nullptr, &input_name_, &input, 1, &output_name_, 1, &output));
  }

 private:
  // As large as the engine's own answer.
  void allocate_output() {
    const OrtValue* const input = input_.get();
    OrtValue* made = nullptr;
    must(api->Run(session_.get(), nullptr, &input_name_, &input, 1, &output_name_, 1, &made));
    const Owned<OrtValue> first(made, api->ReleaseValue);
    const Owned<OrtTensorTypeAndShapeInfo> info(
        make<OrtTensorTypeAndShapeInfo>(api->GetTensorTypeAndShape, const_cast<const OrtValue*>(made)),
        api->ReleaseTensorTypeAndShapeInfo);
    std::size_t rank = 0, count = 0;
    must(api->GetDimensionsCount(info.get(), &rank));
    std::vector<std::int64_t> shape(rank);
    must(api->GetDimensions(info.get(), shape.data(), rank));
    must(api->GetTensorShapeElementCount(info.get(), &count));
    output_values_.resize(count);
    output_ = tensor(cpu_.get(), output_values_, shape);
  }

  Owned<OrtEnv> environment_;
  Owned<OrtMemoryInfo> cpu_;
  Owned<OrtSession> session_{nullptr, api->ReleaseSession};
  const char* input_name_ = nullptr;  // the engine's, until the process ends
  const char* output_name_ = nullptr;
  std::vector<float> input_values_, output_values_;
  Owned<OrtValue> input_{nullptr, api->ReleaseValue}, output_{nullptr, api->ReleaseValue};
};

void measure(RawEngine& engine, std::chrono::duration<double> time, const std::string& version) {
  for (int i = 0; i < 10; ++i) engine.run();
  std::vector<double> took;
  took.reserve(1u << 20);
  const double cpu_before = process_microseconds();
  const auto began = SteadyClock::now();
  for (auto last = began; last < began + time;) {
    engine.run();
    const auto now = SteadyClock::now();
    took.push_back(std::chrono::duration<double, std::micro>(now - last).count());
    last = now;
  }
  const double cpu = process_microseconds() - cpu_before;
  const double wall = std::chrono::duration<double>(SteadyClock::now() - began).count();
  std::sort(took.begin(), took.end());
  const auto runs = static_cast<double>(took.size());
  std::printf(
      "{\"runs\": %zu, \"cpu_us\": %.4f, \"per_second\": %.1f, \"p50_us\": %.3f, \"p99_us\": %.3f, "
      "\"engine\": \"%s\"}\n",
      took.size(), cpu / runs, runs / wall, took[took.size() / 2], took[took.size() * 99 / 100], version.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4 || count > 5) {
    std::fprintf(stderr, "usage: %s MODEL.onnx SHAPE SECONDS [LIBRARY]\n", arguments[0]);
    return 2;
  }
  const auto library = backend::find_engine_library(count > 4 ? arguments[4] : "");
  if (library.api == nullptr) {
    std::fprintf(stderr, "%s\n", library.remedy().c_str());
    return 1;
  }
  api = library.api;
  RawEngine engine(arguments[1]);
  engine.set_input(parse_shape(arguments[2]));
  measure(engine, std::chrono::duration<double>(parse<double>(arguments[3])), library.version);
  return 0;
}
