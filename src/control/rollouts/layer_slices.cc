#include "control/rollouts/layer_slices.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace modelyard::control {
namespace {

std::string slice_text(int from, int to) {
  return fmt::format("{:g} to {:g} %", from * 100.0 / rollout::kWhole, to * 100.0 / rollout::kWhole);
}

std::string free_text(std::span<const TakenSlice> taken) {
  std::vector<rollout::Layer> layers;
  for (const TakenSlice& slice : taken) layers.push_back(slice.layer);
  std::ranges::sort(layers, {}, &rollout::Layer::from);
  std::vector<std::string> free;
  int begin = 0;
  for (const rollout::Layer& layer : layers) {
    if (begin < layer.from) free.push_back(slice_text(begin, layer.from));
    begin = std::max(begin, layer.to);
  }
  if (begin < rollout::kWhole) free.push_back(slice_text(begin, rollout::kWhole));
  return free.empty() ? "nothing is free" : fmt::format("free is {}", fmt::join(free, ", "));
}

}  // namespace

Result<std::vector<TakenSlice>> taken_slices(registry::CatalogReader& reader, std::string_view layer,
                                             std::string_view endpoint) {
  MODELYARD_ASSIGN(const auto live, reader.live_rollouts());
  std::vector<TakenSlice> taken;
  for (const registry::RolloutRecord& record : live) {
    if (record.endpoint == endpoint) continue;
    MODELYARD_ASSIGN(const Json document, parse_json(record.spec));
    auto spec = rollout::parse_rollout_spec(document);
    if (!spec) return spec.error().with_context("rollout {}", record.id);
    if (!spec->layer || spec->layer->name != layer) continue;
    taken.push_back({record.id, record.endpoint, *std::move(spec->layer), std::move(spec->sticky)});
  }
  return taken;
}

Status check_slice(std::span<const TakenSlice> taken, const rollout::Layer& wanted, const rollout::RequestKey& sticky) {
  for (const TakenSlice& slice : taken) {
    if (slice.sticky != sticky) {
      return error(Code::kFailedPrecondition,
                   "layer '{}': rollout {} of endpoint '{}' tells units apart by {}, not by {}, so that nothing keeps "
                   "them from being in both; use another layer, or the same sticky key",
                   wanted.name, slice.rollout, slice.endpoint, to_text(slice.sticky), to_text(sticky));
    }
    if (slice.layer.to <= wanted.from || wanted.to <= slice.layer.from) continue;
    return error(Code::kFailedPrecondition, "layer '{}': rollout {} of endpoint '{}' has {}; {}", wanted.name,
                 slice.rollout, slice.endpoint, slice_text(slice.layer.from, slice.layer.to), free_text(taken));
  }
  return ok();
}

}  // namespace modelyard::control
