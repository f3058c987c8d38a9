// FakeBackend stands in for an engine in tests: its models answer y = k · x, where k is the last part of the folder's
// path. It can be told to fail and to wait, and counts what is loaded.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <string>

#include "backend/api/backend.h"

namespace modelyard::backend {

class FakeBackend final : public Backend {
 public:
  // Called at the start of every load; its error is the load's.
  std::function<Status(const std::string& folder)> before_load = [](const std::string&) { return ok(); };
  // Called within every run.
  std::function<void()> during_run = [] {};
  std::atomic<int> failing{0};  // the k whose runs fail
  std::int64_t estimate = 1000;
  std::atomic<int> loaded{0};  // now
  std::atomic<int> runs{0};

  static inference::Signature signature() {
    inference::Signature signature;
    signature.inputs.push_back({"x", inference::DataType::kFp32, {inference::kAnySize}, false, {}});
    signature.outputs.push_back({"y", inference::DataType::kFp32, {inference::kAnySize}, false, {}});
    signature.batched = true;
    return signature;
  }

  std::string_view format() const override { return "fake"; }
  std::string_view engine() const override { return "Fake"; }
  std::string engine_version() const override { return "1"; }
  Result<std::int64_t> estimate_bytes(const std::string&) const override { return estimate; }
  Result<std::unique_ptr<LoadedModel>> load(const std::string& folder, const LoadOptions&) override {
    MODELYARD_TRY(before_load(folder));
    return std::unique_ptr<LoadedModel>(
        std::make_unique<Model>(*this, std::stof(folder.substr(folder.find_last_of('/') + 1))));
  }

 private:
  class Context final : public ExecutionContext {
   public:
    Context(FakeBackend& owner, float factor) : owner_(owner), factor_(factor) {}
    Status run(std::span<const inference::TensorView> inputs, std::span<const std::size_t>,
               std::vector<inference::Tensor>& outputs) override {
      ++owner_.runs;
      owner_.during_run();
      if (factor_ == static_cast<float>(owner_.failing)) return error(Code::kInternal, "it was told to fail");
      const inference::TensorView& x = inputs.front();
      outputs.resize(1);
      inference::Tensor& y = outputs.front();
      y.name = "y";
      y.type = inference::DataType::kFp32;
      y.shape.assign(x.shape.begin(), x.shape.end());
      y.buffer.resize(x.bytes.size());
      for (std::size_t at = 0; at < x.bytes.size(); at += sizeof(float)) {
        float value = 0;
        std::memcpy(&value, x.bytes.data() + at, sizeof value);
        value *= factor_;
        std::memcpy(y.buffer.bytes().data() + at, &value, sizeof value);
      }
      return ok();
    }

   private:
    FakeBackend& owner_;
    const float factor_;
  };
  class Model final : public LoadedModel {
   public:
    Model(FakeBackend& owner, float factor) : owner_(owner), factor_(factor), signature_(FakeBackend::signature()) {
      ++owner_.loaded;
    }
    ~Model() override { --owner_.loaded; }
    const inference::Signature& signature() const override { return signature_; }
    Result<std::unique_ptr<ExecutionContext>> new_context() override {
      return std::unique_ptr<ExecutionContext>(std::make_unique<Context>(owner_, factor_));
    }

   private:
    FakeBackend& owner_;
    const float factor_;
    const inference::Signature signature_;
  };
};

}  // namespace modelyard::backend
