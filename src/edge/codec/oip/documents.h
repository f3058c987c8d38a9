// The documents of the Open Inference Protocol and of Triton's extensions, besides inference itself: metadata,
// configuration, statistics, repository.
//
// Errors: InvalidArgument for requests that are not of the protocol's form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "base/result.h"
#include "inference/signature.h"

namespace modelyard::edge::oip {

std::string error_document(std::string_view text);

// Clients decide by the extensions what they may call: those that every server has, and `further` ones.
std::string server_metadata(std::string_view server_version, std::span<const std::string> further);

std::string model_metadata(std::string_view model, std::span<const VersionNumber> versions,
                           const inference::Signature& signature);

// Triton's ModelConfig: batched models say max_batch_size and leave dimension 0 out.
std::string model_config(std::string_view model, const inference::Signature& signature);

struct DurationCount {
  std::uint64_t count = 0;
  std::uint64_t nanoseconds = 0;
};
struct BatchCount {
  std::int64_t size = 0;
  DurationCount input, infer, output;
};
struct ModelStatistics {
  std::string model;
  VersionNumber version = 0;
  std::uint64_t last_inference_ms = 0;
  std::uint64_t inferences = 0;  // rows
  std::uint64_t executions = 0;
  DurationCount success, fail, queue, compute_input, compute_infer, compute_output, cache_hit;
  std::vector<BatchCount> batches;
};
std::string statistics_document(std::span<const ModelStatistics> models);

struct IndexEntry {
  std::string model;
  VersionNumber version = 0;  // 0: never loaded; the document then has the name alone
  std::string state;          // READY, LOADING, UNAVAILABLE
  std::string reason;
};
std::string repository_index(std::span<const IndexEntry> entries);

// {"ready": true} asks for ready versions only; an empty body for all.
Result<bool> parse_index_request(std::string_view body);
// Accepts an empty body and parameters that change nothing; refuses a configuration or files.
Status check_load_request(std::string_view body);
Status check_unload_request(std::string_view body);

}  // namespace modelyard::edge::oip
