// How often gates fail a candidate that is just like stable, and how soon they fail one that is worse: the tables of
// docs/statistics.md, made by `make simulate`. simulate_gates alarms | rollback

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "rollout/gates/judge.h"
#include "rollout/gates/test_traffic.h"

namespace modelyard::simulation {
namespace {

using namespace rollout;

constexpr double kAlpha = 0.05;

Gate gate_of(const char* line) {
  auto gate = parse_gate(line);
  MODELYARD_CHECK(gate.has_value(), "the gates of this file are gates");
  return *gate;
}

// Rollouts of three steps at the edge of what a gate allows, where it errs most.
struct Alarm {
  const char* gate;
  int look;  // requests
};
constexpr std::array<Alarm, 8> kAlarms{{{"error_rate <= 2%", 200},
                                        {"error_rate <= stable", 200},
                                        {"accuracy >= 0.9", 200},
                                        {"accuracy >= stable", 200},
                                        {"metric:revenue >= stable", 200},
                                        {"p90_ms <= stable * 1", 2000},
                                        {"p99_ms <= stable * 1", 2000},
                                        {"p99_ms <= stable", 2000}}};
constexpr std::array<double, 3> kShares{0.1, 0.3, 0.5};
constexpr int kRollouts = 500, kRequestsOfStep = 4000;

std::array<int, kAlarms.size()> count_alarms(std::uint64_t users) {
  std::array<int, kAlarms.size()> failed{};
  for (int run = 1; run <= kRollouts; ++run) {
    TestTraffic traffic(static_cast<std::uint64_t>(run), users);
    Evidence evidence;
    std::array<bool, kAlarms.size()> has_failed{};
    for (int i = 0; i < kRequestsOfStep * static_cast<int>(kShares.size()); ++i) {
      const auto step = static_cast<std::size_t>(i / kRequestsOfStep);
      traffic.add_request(step_of(evidence, static_cast<int>(step)), kShares[step], {}, {});
      for (std::size_t gate = 0; gate < kAlarms.size(); ++gate) {
        if (has_failed[gate] || (i + 1) % kAlarms[gate].look != 0) continue;
        has_failed[gate] = judge(gate_of(kAlarms[gate].gate), evidence, kAlpha).outcome == Outcome::kFail;
      }
    }
    for (std::size_t gate = 0; gate < kAlarms.size(); ++gate) failed[gate] += has_failed[gate] ? 1 : 0;
  }
  return failed;
}

void print_alarms() {
  const double most = kAlpha + 3 * std::sqrt(kAlpha * (1 - kAlpha) / kRollouts);
  const auto independent = count_alarms(0), sticky = count_alarms(2000);
  fmt::print(
      "| gate, of an identical candidate | looks | ever failed | of 2,000 users who are alike |\n| --- | --- | --- | "
      "--- |\n");
  for (std::size_t i = 0; i < kAlarms.size(); ++i) {
    const auto share = [](int failed) { return 100.0 * failed / kRollouts; };
    fmt::print("| `{}` | {} | {:.1f} % | {:.1f} % |\n", kAlarms[i].gate,
               kRequestsOfStep * static_cast<int>(kShares.size()) / kAlarms[i].look, share(independent[i]),
               share(sticky[i]));
  }
  fmt::print(
      "\n{} rollouts of three steps of {} requests; alpha {:.0f} %, and {:.1f} % with three deviations of chance.\n",
      kRollouts, kRequestsOfStep, 100 * kAlpha, 100 * most);
}

// A canary of a twentieth of 1,000 requests a second, judged every second.
constexpr int kRequestsOfSecond = 1000, kLongest = 1800, kCanaries = 200;
constexpr double kCanaryShare = 0.05, kStableFails = 0.002;

std::optional<int> seconds_until_failed(const Gate& gate, double failing, std::uint64_t seed) {
  SeededRandom random(seed);
  Evidence evidence;
  StepEvidence& step = step_of(evidence, 0);
  const auto uniform = [&] { return static_cast<double>(random.next() >> 11) * 0x1p-53; };
  for (int second = 1; second <= kLongest; ++second) {
    for (int i = 0; i < kRequestsOfSecond; ++i) {
      const bool is_candidate = uniform() < kCanaryShare;
      add(is_candidate ? step.candidate : step.stable,
          {.unit_hash = random.next(), .failed = uniform() < (is_candidate ? failing : kStableFails)});
    }
    if (judge(gate, evidence, kAlpha).outcome == Outcome::kFail) return second;
  }
  return std::nullopt;
}

std::string at_share(const std::vector<int>& sorted, double share) {
  const auto place = static_cast<std::size_t>(share * kCanaries);
  return place < sorted.size() ? fmt::format("{} s", sorted[place]) : fmt::format("above {} s", kLongest);
}

void print_rollback() {
  fmt::print("| gate | candidate fails | half are rolled back in | nine of ten in |\n| --- | --- | --- | --- |\n");
  for (const char* const line : {"error_rate <= 0.5%", "error_rate <= stable + 0.3%"}) {
    for (const double failing : {0.01, 0.02, 0.05}) {
      std::vector<int> seconds;
      for (std::uint64_t seed = 1; seed <= kCanaries; ++seed) {
        if (const auto found = seconds_until_failed(gate_of(line), failing, seed)) seconds.push_back(*found);
      }
      std::ranges::sort(seconds);
      fmt::print("| `{}` | {:.0f} % | {} | {} |\n", line, 100 * failing, at_share(seconds, 0.5),
                 at_share(seconds, 0.9));
    }
  }
  fmt::print(
      "\n{} rollouts each, of {:.0f} % of {} requests a second, looked at every second; stable fails {:.1f} %.\n",
      kCanaries, 100 * kCanaryShare, kRequestsOfSecond, 100 * kStableFails);
}

}  // namespace
}  // namespace modelyard::simulation

int main(int count, char** words) {
  const std::string_view table = count == 2 ? words[1] : "";
  if (table == "alarms") {
    modelyard::simulation::print_alarms();
  } else if (table == "rollback") {
    modelyard::simulation::print_rollback();
  } else {
    fmt::print(stderr, "simulate_gates alarms | rollback\n");
    return 1;
  }
  return 0;
}
