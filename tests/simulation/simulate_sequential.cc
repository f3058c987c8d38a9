// How often tests that are looked at while they run are wrong, and how soon they see an effect: the tables of
// docs/statistics.md, made by `make simulate`. simulate_sequential validity | power

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "statistics/hypotheses/means.h"
#include "statistics/hypotheses/proportions.h"
#include "statistics/probability.h"
#include "statistics/sequential/alpha_spending.h"
#include "statistics/sequential/confidence_sequences.h"
#include "statistics/sequential/e_values.h"
#include "statistics/sequential/mixture_test.h"
#include "statistics/sequential/mixtures.h"
#include "statistics/sequential/quantile_comparison.h"
#include "statistics/sketches/moments.h"

namespace modelyard::simulation {
namespace {

namespace st = statistics;

constexpr double kAlpha = 0.05;
constexpr int kRuns = 2000, kObservations = 10'000, kLook = 10;  // observations of each arm
constexpr double kShare = 0.3, kTau = 0.03;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return st::normal_quantile(uniform()); }
  bool success(double share) { return uniform() < share; }

 private:
  std::mt19937_64 random_;
};

// One run of a test: takes an observation of each arm, and says at a look whether it rejects.
class Run {
 public:
  virtual ~Run() = default;
  virtual void observe(Draws& draws, double effect) = 0;
  virtual bool rejects(int observations) = 0;
};

struct Method {
  const char* name;
  const char* data;
  int look;
  std::function<std::unique_ptr<Run>()> begin;
};

// The observation at which it rejects for the first time.
std::optional<int> first_rejection(const Method& method, std::uint64_t seed, double effect) {
  Draws draws(seed);
  const auto run = method.begin();
  for (int i = 1; i <= kObservations; ++i) {
    run->observe(draws, effect);
    if (i % method.look == 0 && run->rejects(i)) return i;
  }
  return std::nullopt;
}

bool is_evidence(double log_e) {
  return log_e >= -std::log(kAlpha);
}

class Shares : public Run {
 public:
  using Rule = std::function<bool(const st::Share& a, const st::Share& b, int observations)>;
  explicit Shares(Rule rule) : rule_(std::move(rule)) {}

  void observe(Draws& draws, double effect) override {
    a_ = {a_.successes + draws.success(kShare), a_.trials + 1};
    b_ = {b_.successes + draws.success(kShare + effect), b_.trials + 1};
  }
  bool rejects(int observations) override { return rule_(a_, b_, observations); }

 private:
  const Rule rule_;
  st::Share a_, b_;
};

class Normals : public Run {
 public:
  void observe(Draws& draws, double effect) override {
    a_.add(draws.normal());
    b_.add(draws.normal() + effect);
  }
  bool rejects(int) override {
    const auto of = [](const st::Moments& moments) {
      return st::MeanAndVariance{static_cast<double>(moments.count()), moments.mean(), moments.variance()};
    };
    const auto test = st::sequential_mean_test(of(a_), of(b_), kTau, kAlpha);
    return test && is_evidence(test->log_e);
  }

 private:
  st::Moments a_, b_;
};

// Whether the mean, 0.3, ever leaves the sequence of values that are spread between 0 and 1.
class Bounded : public Run {
 public:
  void observe(Draws& draws, double effect) override {
    sequence_.add(std::pow(draws.uniform(), 1 / kShape) * (1 + effect));
  }
  bool rejects(int) override {
    const st::Interval interval = sequence_.interval();
    return kShare < interval.low || kShare > interval.high;
  }

 private:
  static constexpr double kShape = kShare / (1 - kShare);  // of Beta(shape, 1), whose mean is shape/(shape + 1)
  st::EmpiricalBernstein sequence_{kAlpha};
};

// Latencies: log-normal.
class Latencies : public Run {
 public:
  explicit Latencies(double share) : share_(share) {}
  void observe(Draws& draws, double effect) override {
    a_.push_back(std::exp(draws.normal()));
    b_.push_back(std::exp(draws.normal()) * (1 + effect));
  }
  bool rejects(int) override { return is_evidence(st::compare_quantiles(a_, b_, share_)->log_e); }

 private:
  const double share_;
  std::vector<double> a_, b_;
};

Method of_shares(const char* name, int look, Shares::Rule rule) {
  return {name, "shares of 0.3", look, [rule = std::move(rule)] { return std::make_unique<Shares>(rule); }};
}

double z_of(const st::Share& a, const st::Share& b) {
  return std::abs(st::two_proportion_test(a, b)->z);
}

constexpr const char* kPlain = "plain z-test, looked at";

Method plain() {
  return of_shares(kPlain, kLook, [](const st::Share& a, const st::Share& b, int) {
    return st::two_proportion_test(a, b)->p < kAlpha;
  });
}

Method msprt() {
  return of_shares("mSPRT of shares", kLook, [](const st::Share& a, const st::Share& b, int) {
    const auto test = st::sequential_share_test(a, b, kTau, kAlpha);
    return test && is_evidence(test->log_e);
  });
}

Method planned(const char* name, st::Spending spending) {
  constexpr int kLooks = 5;
  std::vector<double> times;
  for (int i = 1; i <= kLooks; ++i) times.push_back(i / double{kLooks});
  return of_shares(name, kObservations / kLooks,
                   [bounds = *st::spending_boundaries(spending, kAlpha, times)](const st::Share& a, const st::Share& b,
                                                                                int observations) {
                     return z_of(a, b) >= bounds[static_cast<std::size_t>(observations * kLooks / kObservations) - 1];
                   });
}

Method once() {
  return of_shares("z-test, once at the end", kObservations, [](const st::Share& a, const st::Share& b, int) {
    return st::two_proportion_test(a, b)->p < kAlpha;
  });
}

std::vector<Method> sequences() {
  const auto truth = [](const st::Share& a) {
    return st::MeanAndVariance{static_cast<double>(a.trials), a.value(), a.value() * (1 - a.value())};
  };
  return {
      of_shares("Bernoulli sequence", kLook,
                [](const st::Share& a, const st::Share&, int) { return is_evidence(st::bernoulli_log_e(a, kShare)); }),
      of_shares("normal-mixture sequence of [0, 1]", kLook,
                [mixture = std::shared_ptr<st::Mixture>(*st::normal_mixture({25, kAlpha}))](const st::Share& a,
                                                                                            const st::Share&, int) {
                  const auto n = static_cast<double>(a.trials);
                  return is_evidence(mixture->log_e(static_cast<double>(a.successes) - n * kShare, n / 4));
                }),
      of_shares("asymptotic sequence", kLook,
                [truth](const st::Share& a, const st::Share&, int) {
                  const auto interval = st::asymptotic_sequence(truth(a), kAlpha);
                  return interval && (kShare < interval->low || kShare > interval->high);
                }),
      {"empirical Bernstein sequence", "Beta(3/7, 1)", kLook, [] { return std::make_unique<Bounded>(); }},
      of_shares("sample-ratio e-process", kLook,
                [](const st::Share& a, const st::Share&, int) {
                  return is_evidence(*st::split_log_e(std::array{a.successes, a.trials - a.successes},
                                                      std::array{kShare, 1 - kShare}));
                }),
  };
}

std::vector<Method> tests() {
  constexpr int kSeldom = 500;  // it sorts all values at each look
  return {
      msprt(),
      {"mSPRT of means", "normal", kLook, [] { return std::make_unique<Normals>(); }},
      {"quantile comparison, median", "log-normal", kSeldom, [] { return std::make_unique<Latencies>(0.5); }},
      {"quantile comparison, p99", "log-normal", kSeldom, [] { return std::make_unique<Latencies>(0.99); }},
      planned("O'Brien–Fleming, 5 looks", st::Spending::kObrienFleming),
      planned("Pocock, 5 looks", st::Spending::kPocock),
  };
}

void print_validity(const Method& method) {
  int rejected = 0;
  for (int run = 0; run < kRuns; ++run)
    rejected += first_rejection(method, 1 + static_cast<std::uint64_t>(run), 0) ? 1 : 0;
  const double share = rejected / double{kRuns};
  const double bound = kAlpha + 3 * std::sqrt(kAlpha * (1 - kAlpha) / kRuns);
  fmt::print("| {} | {} | {} | {:.2f} % | {} |\n", method.name, method.data, method.look, 100 * share,
             share <= bound ? "yes" : "**no**");
}

void validity_table() {
  fmt::print("| method | data | a look every | ever rejected | at most 5 % + 3σ |\n|---|---|--:|--:|---|\n");
  print_validity(plain());
  for (const Method& method : tests()) print_validity(method);
  for (const Method& method : sequences()) print_validity(method);
}

void power_table() {
  constexpr int kPowerRuns = 500;
  fmt::print("| method | effect | found | observations of an arm, median | nine of ten |\n|---|--:|--:|--:|--:|\n");
  for (const Method& method : {msprt(), planned("O'Brien–Fleming, 5 looks", st::Spending::kObrienFleming),
                               planned("Pocock, 5 looks", st::Spending::kPocock), once()}) {
    for (const double effect : {0.01, 0.02, 0.03, 0.05, 0.1}) {
      std::vector<int> when;
      for (int run = 0; run < kPowerRuns; ++run) {
        const auto found = first_rejection(method, 100'001 + static_cast<std::uint64_t>(run), effect);
        when.push_back(found.value_or(kObservations + 1));
      }
      std::ranges::sort(when);
      const auto text = [&](double share) {
        const int at = when[static_cast<std::size_t>(share * (kPowerRuns - 1))];
        return at > kObservations ? std::string("–") : std::to_string(at);
      };
      const auto found = std::ranges::count_if(when, [](int at) { return at <= kObservations; });
      fmt::print("| {} | {:g} | {:.0f} % | {} | {} |\n", method.name, effect,
                 100.0 * static_cast<double>(found) / kPowerRuns, text(0.5), text(0.9));
    }
  }
}

}  // namespace
}  // namespace modelyard::simulation

int main(int argc, char** argv) {
  using namespace modelyard::simulation;
  const std::string_view part = argc > 1 ? argv[1] : "";
  if (part != "power") validity_table();
  if (part.empty()) fmt::print("\n");
  if (part != "validity") power_table();
}
