// For tests of what a process leaves behind that is killed at some point of time.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "base/unique_fd.h"
#include "base/uuid.h"

namespace modelyard::journal {

// Runs `work` in a child until it is killed, so long after it has written the first id into its pipe. It never returns;
// the ids that it wrote are given.
inline std::vector<Uuid> kill_after(std::chrono::microseconds time, const std::function<void(int pipe)>& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work(ends[1]);
  }
  ::close(ends[1]);
  const UniqueFd pipe(ends[0]);
  std::vector<Uuid> told;
  std::array<std::uint8_t, 16> id{};
  const SteadyTime end = system_clock().steady_now() + time;
  const auto take = [&] { return ::read(pipe.get(), id.data(), id.size()) == 16; };
  while (take()) {
    told.push_back(Uuid::of(id));
    if (system_clock().steady_now() >= end) break;
  }
  ::kill(child, SIGKILL);
  while (take()) told.push_back(Uuid::of(id));
  ::waitpid(child, nullptr, 0);
  return told;
}

}  // namespace modelyard::journal
