// InferRequest and InferResponse are what every protocol is turned into and every engine works on.
//
// Ownership: a request's views point into memory its maker keeps alive until the response was delivered
//            (the body of the HTTP request, or `storage` for what had to be converted). A response owns its
//            outputs.
// Threads:   one owner at a time; handed over, never shared.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "base/uuid.h"
#include "inference/tensor.h"

namespace modelyard::inference {

// Which version the caller asks for: the endpoint's plan decides, a number, or an alias.
struct VersionChoice {
  VersionNumber version = 0;  // 0: not pinned
  std::string_view alias;     // "" : none
};

// Its lists live in `memory`, which must outlive it.
struct InferRequest {
  explicit InferRequest(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : inputs(memory), wanted_outputs(memory), wanted(memory), storage(memory) {}

  std::string_view endpoint;
  VersionChoice choice;
  std::string_view id;           // the caller's own; "" when none was sent
  std::string_view principal;    // who asks; "" when nobody is known
  std::string_view request_id;   // as the answer names it
  std::string_view trace_id;     // W3C; "" when none was sent
  std::string_view traceparent;  // as sent (W3C), of a server that makes traces; "" else
  std::string_view tracestate;
  std::string_view unit;  // whom or what it is about; "" when nobody said
  std::pmr::vector<TensorView> inputs;
  std::pmr::vector<std::string_view> wanted_outputs;  // empty: all
  std::pmr::vector<std::size_t> wanted;               // their positions in the signature, ascending; serving fills it
  std::optional<SteadyTime> deadline;
  std::int32_t priority = 0;         // 0: default, 1: highest
  std::pmr::vector<Buffer> storage;  // memory behind views that are not in the body
};

struct InferResponse {
  std::string_view model;  // of the version that answered
  VersionNumber version = 0;
  Uuid prediction_id;
  std::string_view arm;         // of a rollout, a literal; "" when none is under way
  std::vector<Tensor> outputs;  // in the model's order
};

}  // namespace modelyard::inference
