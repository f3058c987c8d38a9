// WatchedEndpoint is an endpoint whose hours pass on a clock that nobody waits for: rows come, the live profiler sees
// them, and at the end of each window the monitors judge it and their alerts advance, all by the server's own rules.
//
// Like the server: windows end at the multiples of their width; a reference "7d" is the window that ended seven days
// ago, and without one there is no verdict; labels that are not there when a window is judged count against coverage.
// What is not: one event loop, sampling share 1, nothing written to disk.
// Threads: one at a time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "monitoring/accuracy/judged_rows.h"
#include "monitoring/monitors/judge.h"
#include "monitoring/profile/live_profiler.h"
#include "simulation/applicants.h"

namespace modelyard::simulation {

struct FiredAlert {
  std::string monitor, subject;
  int hour = 0;  // at whose end it fired; the first one is 1
};

class WatchedEndpoint {
 public:
  static constexpr std::size_t kTrainingRows = 5000;

  struct Options {
    double rows_of_an_hour = 1000;  // Poisson
    int label_lag_hours = 0;
    std::uint64_t seed = 1;
  };

  // `monitors` as the endpoint's document has them. Pre: they are valid.
  WatchedEndpoint(Options options, const Json& monitors);

  // `fault`: of the rows that come from now on.
  void begin(Fault fault);
  void pass_hour();

  int hours() const { return hours_; }
  const std::vector<FiredAlert>& fired() const { return fired_; }

 private:
  struct Answers {
    std::vector<float> probabilities;
    std::vector<std::uint8_t> labels;
  };
  struct Hour {
    monitoring::WindowProfile profile;
    Answers answers;
  };

  monitoring::Profiles training();
  void take_rows();
  void judge(const monitoring::Monitor& monitor);
  std::vector<monitoring::Finding> findings_of(const monitoring::Monitor& monitor) const;
  monitoring::Finding accuracy_of(const monitoring::Monitor& monitor, int hours) const;
  // Of the window of `hours` that ended `ago`; nullptr when it was before the beginning.
  std::shared_ptr<const monitoring::WindowProfile> window(int hours, int ago) const;

  const Options options_;
  const std::vector<monitoring::Monitor> monitors_;
  FakeClock clock_;
  Applicants applicants_;
  const monitoring::Profiles reference_;
  monitoring::LiveProfiler profiler_;
  std::size_t kept_hours_ = 1;  // as many as a monitor looks back
  Fault fault_ = Fault::kNone;
  int fault_began_ = 0;
  int hours_ = 0;
  std::deque<Hour> past_;  // the newest last
  std::map<std::string, monitoring::Alert, std::less<>> alerts_;
  std::vector<FiredAlert> fired_;
};

}  // namespace modelyard::simulation
