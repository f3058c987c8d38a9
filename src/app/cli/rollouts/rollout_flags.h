// What the commands below `modelyard rollout` share: the flags of a spec, and how a rollout is waited for.
//
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.h"

namespace modelyard::app {

// How a rollout that was waited for ended, for scripts.
inline constexpr int kRejectedExit = 10, kInconclusiveExit = 11, kAbortedExit = 12;

struct SpecFlags {
  std::string endpoint, file, hold, sticky;
  std::int64_t to = 0, min_samples = -1;
  std::vector<std::string> steps, gates;
};
// The endpoint, and a spec by flags or as a file.
void add_spec_options(CLI::App& app, SpecFlags& flags);
// A document of RolloutSpec; InvalidArgument when there is neither.
Result<Json> spec_of(const SpecFlags& flags);
Result<Json> read_spec_file(const std::string& file);
// /api/v1/endpoints/NAME/rollouts
std::string rollouts_path(const std::string& endpoint);

// Of the candidate, in percent, as the last transition left it.
double weight_of(const Json& rollout);
// "-" before its end.
std::string ending_of(const Json& rollout);
// Nothing more happens by itself: it has ended, or holds and waits for a person.
bool is_settled(const Json& rollout);
// Pre: it is settled.
int exit_of(const Json& rollout);

}  // namespace modelyard::app
