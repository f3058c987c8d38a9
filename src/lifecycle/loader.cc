#include "lifecycle/loader.h"

#include <algorithm>

#include "lifecycle/batch_probe.h"
#include "lifecycle/golden_check.h"
#include "lifecycle/made_up_inputs.h"

namespace modelyard::lifecycle {
namespace {

using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;
using inference::TensorView;

constexpr int kWarmUpRuns = 3;
constexpr int kMeasuredRuns = 5;
constexpr std::int64_t kManyRows = 8;

Status check_specs(std::span<const TensorSpec> published, std::span<const TensorSpec> engine, std::string_view kind) {
  for (const TensorSpec& spec : published) {
    const auto found = std::find_if(engine.begin(), engine.end(),
                                    [&](const TensorSpec& candidate) { return candidate.name == spec.name; });
    if (found == engine.end()) {
      return error(Code::kInvalidArgument, "the signature has {} '{}', the model has not", kind, spec.name);
    }
    if (found->type != spec.type) {
      return error(Code::kInvalidArgument, "{} '{}' is {} in the signature and {} in the model", kind, spec.name,
                   inference::data_type_name(spec.type), inference::data_type_name(found->type));
    }
    if (!inference::shape_matches(found->shape, spec.shape)) {
      return error(Code::kInvalidArgument, "{} '{}' has shape {} in the signature and {} in the model", kind, spec.name,
                   inference::format_shape(spec.shape), inference::format_shape(found->shape));
    }
  }
  for (const TensorSpec& spec : engine) {
    const bool named = std::any_of(published.begin(), published.end(),
                                   [&](const TensorSpec& candidate) { return candidate.name == spec.name; });
    if (!named && !spec.optional && kind == "input") {
      return error(Code::kInvalidArgument, "the model needs input '{}', which the signature lacks", spec.name);
    }
  }
  return ok();
}

class Proof {
 public:
  Proof(const Artifact& artifact, const Clock& clock, LoadProgress& progress, LoadedVersion& loaded)
      : artifact_(artifact), clock_(clock), progress_(progress), loaded_(loaded) {}

  Status run(backend::Backend& backend, const backend::LoadOptions& options) {
    MODELYARD_TRY(check(VersionPhase::kLoading, "load", [&]() -> Status {
      MODELYARD_ASSIGN(loaded_.model, backend.load(artifact_.folder, options));
      loaded_.engine = fmt::format("{} {}", backend.engine(), backend.engine_version());
      return ok();
    }));
    MODELYARD_TRY(check(VersionPhase::kChecking, "signature",
                        [&] { return check_signature(artifact_.signature, loaded_.model->signature()); }));
    loaded_.signature = artifact_.signature;
    if (!artifact_.golden.samples.empty()) {
      MODELYARD_TRY(check(VersionPhase::kChecking, "golden samples",
                          [&] { return reproduce_golden(*loaded_.model, loaded_.signature, artifact_.golden); }));
    }
    return check(VersionPhase::kWarming, "warm-up", [&] { return warm_up(); });
  }

 private:
  template <typename Step>
  Status check(VersionPhase phase, std::string_view name, Step step) {
    progress_.on_phase(phase);
    const SteadyTime began = clock_.steady_now();
    Status outcome = step();
    progress_.on_check({std::string(name), outcome, clock_.steady_now() - began});
    if (outcome) return ok();
    return outcome.error().with_context("{}", name);
  }

  Result<std::chrono::nanoseconds> measure(backend::ExecutionContext& context, std::span<const Tensor> tensors) {
    const auto inputs = views_of(tensors);
    const auto wanted = all_outputs(loaded_.signature);
    std::vector<Tensor> outputs;
    for (int i = 0; i < kWarmUpRuns; ++i) MODELYARD_TRY(context.run(inputs, wanted, outputs));
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < kMeasuredRuns; ++i) {
      const SteadyTime began = clock_.steady_now();
      MODELYARD_TRY(context.run(inputs, wanted, outputs));
      best = std::min(best, std::chrono::nanoseconds(clock_.steady_now() - began));
    }
    return best;
  }

  // Made-up inputs may be none that this model can take (a shape that depends on values, say). Then it is warmed up
  // by its golden samples alone, and its cost counts as unknown.
  Status warm_up() {
    MODELYARD_ASSIGN(const auto context, loaded_.model->new_context());
    const auto one = measure(*context, made_up_inputs(loaded_.signature, 1, MadeUp::kZeros));
    if (!one) {
      loaded_.warm_up_note = "cost unknown: " + one.error().message();
      return ok();
    }
    loaded_.cost = {true, *one, std::chrono::nanoseconds(0)};
    if (!loaded_.signature.batched) return ok();
    const auto many = measure(*context, made_up_inputs(loaded_.signature, kManyRows, MadeUp::kZeros));
    if (!many) return ok();
    const auto per_row = std::max(std::chrono::nanoseconds(0), (*many - *one) / (kManyRows - 1));
    loaded_.cost = {true, std::max(std::chrono::nanoseconds(0), *one - per_row), per_row};
    judge_batching(*context, *one, *many);
    return ok();
  }

  // Batching must be right before it is fast, and is not worth its copies when a run of many rows costs what they cost
  // one by one.
  void judge_batching(backend::ExecutionContext& context, std::chrono::nanoseconds one, std::chrono::nanoseconds many) {
    constexpr double kLeastGain = 1.1;
    if (static_cast<double>(many.count()) * kLeastGain >= static_cast<double>(one.count()) * kManyRows) return;
    const Status alike = probe_batching(loaded_.signature, context);
    if (alike) {
      loaded_.most_batch_rows = kMostBatchRows;
    } else {
      loaded_.warm_up_note = "not batched: " + alike.error().message();
    }
  }

  const Artifact& artifact_;
  const Clock& clock_;
  LoadProgress& progress_;
  LoadedVersion& loaded_;
};

}  // namespace

Status check_signature(const Signature& published, const Signature& engine) {
  MODELYARD_TRY(check_specs(published.inputs, engine.inputs, "input"));
  MODELYARD_TRY(check_specs(published.outputs, engine.outputs, "output"));
  if (published.outputs.size() == engine.outputs.size() && (!published.batched || engine.batched)) return ok();
  return error(Code::kInvalidArgument, "the signature has {} outputs (batched: {}), the model has {} (batched: {})",
               published.outputs.size(), published.batched, engine.outputs.size(), engine.batched);
}

Status reproduce_golden(backend::LoadedModel& model, const Signature& signature, const Golden& golden) {
  MODELYARD_ASSIGN(const auto context, model.new_context());
  const auto wanted = all_outputs(signature);
  for (std::size_t i = 0; i < golden.samples.size(); ++i) {
    const auto inputs = views_of(golden.samples[i].inputs);
    MODELYARD_TRY(inference::check_inputs(signature, inputs, "golden sample"));
    std::vector<Tensor> outputs;
    MODELYARD_TRY(context->run(inputs, wanted, outputs));
    MODELYARD_TRY(compare_outputs(golden, i, outputs));
  }
  return ok();
}

Result<LoadedVersion> load_version(backend::Backend& backend, const Artifact& artifact,
                                   const backend::LoadOptions& options, const Clock& clock, LoadProgress& progress) {
  LoadedVersion loaded;
  loaded.options = options;
  MODELYARD_TRY(Proof(artifact, clock, progress, loaded).run(backend, options));
  return loaded;
}

}  // namespace modelyard::lifecycle
