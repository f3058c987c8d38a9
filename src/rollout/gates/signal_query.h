// A query of an external signal says {{candidate}}, {{stable}}, {{endpoint}}, {{model}} or {{rollout}} where it means
// them: fill_query() puts them there.
//
// Escapes: as within "" or '' of PromQL, so that no name ends the text it stands in.
// Errors:  InvalidArgument for another word between braces, naming what there is.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/names.h"
#include "base/result.h"

namespace modelyard::rollout {

// Who a question is about.
struct SignalContext {
  std::string endpoint, model;
  VersionNumber candidate = 0, stable = 0;
  std::int64_t rollout = 0;
};

Result<std::string> fill_query(std::string_view query, const SignalContext& context);

}  // namespace modelyard::rollout
