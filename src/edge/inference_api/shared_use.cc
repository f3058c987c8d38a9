#include "edge/inference_api/shared_use.h"

#include <algorithm>

namespace modelyard::edge {

Error shared_memory_is_off() {
  return error(
      Code::kUnimplemented,
      "system shared memory is off; send the data with the request, or start the server with shared_memory: true");
}

Result<SharedUse> SharedUse::take(const SharedRegions* regions, const security::Caller& caller, oip::OipInfer& asked) {
  SharedUse use;
  const bool of_outputs =
      std::any_of(asked.outputs.begin(), asked.outputs.end(), [](const auto& wish) { return wish.shared.has_value(); });
  if (asked.shared_inputs.empty() && !of_outputs) return use;
  if (!regions) return shared_memory_is_off();
  MODELYARD_TRY(security::decide(caller, security::Access::every_model(security::Verb::kInfer)));
  MODELYARD_TRY(use.read_inputs(*regions, asked));
  MODELYARD_TRY(use.find_outputs(*regions, asked));
  return use;
}

Status SharedUse::read_inputs(const SharedRegions& regions, oip::OipInfer& asked) {
  const std::size_t most = regions.limits().request_bytes;
  for (const oip::SharedInput& input : asked.shared_inputs) {
    MODELYARD_ASSIGN(const auto region, regions.find(input.range.region));
    if (input.range.bytes > most - input_bytes_) {
      return error(Code::kResourceExhausted,
                   "the inputs in shared memory are larger than the {} bytes a request may have (max_body_bytes)",
                   most);
    }
    MODELYARD_ASSIGN(auto bytes, region->read(input.range.offset, input.range.bytes));
    input_bytes_ += input.range.bytes;
    asked.request.storage.push_back(std::move(bytes));
    asked.request.inputs[input.position].bytes = asked.request.storage.back().bytes();
  }
  return ok();
}

// Before the model runs: a request that cannot be answered is not worth a run.
Status SharedUse::find_outputs(const SharedRegions& regions, const oip::OipInfer& asked) {
  for (const oip::OutputWish& wish : asked.outputs) {
    if (!wish.shared) continue;
    MODELYARD_ASSIGN(auto region, regions.find(wish.shared->region));
    MODELYARD_TRY(region->check_range(wish.shared->offset, wish.shared->bytes));
    places_.push_back({wish.name, std::move(region), wish.shared->offset});
  }
  return ok();
}

Status SharedUse::write_outputs(const inference::InferResponse& response) const {
  for (const Place& place : places_) {
    const auto output = std::find_if(response.outputs.begin(), response.outputs.end(),
                                     [&](const inference::Tensor& tensor) { return tensor.name == place.output; });
    if (output != response.outputs.end()) MODELYARD_TRY(place.region->write(place.offset, output->buffer.bytes()));
  }
  return ok();
}

}  // namespace modelyard::edge
