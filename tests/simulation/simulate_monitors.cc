// Makes the tables of docs/monitoring.md: how often monitors raise alarms when nothing has changed, and how soon they
// find what has. The same bytes every time. `make simulate`; takes some minutes.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <thread>

#include "simulation/watched_endpoint.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::simulation {
namespace {

constexpr int kHoursOfWeek = 168;
constexpr std::size_t kDeployments = 20, kWeeks = 10;  // 200 weeks, of 20 references
constexpr std::size_t kRepetitions = 50;
constexpr std::array<double, 2> kVolumes{120, 1000};  // rows an hour
constexpr double kMostAlarms = 0.05;                  // a monitor and week
constexpr double kAccuracyMargin = 0.02;              // what a limit of accuracy leaves, where something is to be found
constexpr int kLabelLagHours = 2;

// Calls work(0) … work(count − 1) on all cores, in any order.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t one = next++; one < count; one = next++) work(one);
    });
  }
}

Json all_but_load() {
  return {"age",     "amount", "income",  "visits",   "defaults", "tenure",
          "balance", "debt",   "purpose", "merchant", "member",   "probability"};
}

// Nothing has changed.

struct Watch {
  const char* name;  // in the table
  Json monitor;
};

// A limit of accuracy is where it really is: nowhere are false alarms more likely.
std::vector<Watch> quiet_watches() {
  const double accuracy = true_accuracy();
  return {{"drift, 12 features", {{"kind", "drift"}, {"features", all_but_load()}}},
          {"drift, 1 feature", {{"kind", "drift"}, {"features", {"age"}}}},
          {"drift, all features, window 1d", {{"kind", "drift"}, {"window", "1d"}}},
          {"drift, all features, reference 7d", {{"kind", "drift"}, {"reference", "7d"}}},
          {"drift, daily feature, reference 7d", {{"kind", "drift"}, {"reference", "7d"}, {"features", {"load"}}}},
          {"drift, daily feature, attached", {{"kind", "drift"}, {"features", {"load"}}}},
          {"quality", {{"kind", "quality"}}},
          {"estimated accuracy", {{"kind", "estimated_accuracy"}}},
          {"accuracy", {{"kind", "accuracy"}, {"at_least", accuracy}}},
          {"accuracy, window 1d", {{"kind", "accuracy"}, {"window", "1d"}, {"at_least", accuracy}}}};
}

// Named by their place.
Json document_of(const std::vector<Watch>& watches) {
  Json document = Json::object();
  for (std::size_t i = 0; i < watches.size(); ++i) document["w" + std::to_string(i)] = watches[i].monitor;
  return document;
}

void print_quiet_row(const Watch& watch, double volume, const std::string& name,
                     const std::vector<std::vector<FiredAlert>>& fired) {
  std::set<std::pair<std::size_t, int>> weeks;
  std::size_t alarms = 0;
  for (std::size_t i = 0; i < fired.size(); ++i) {
    for (const FiredAlert& alert : fired[i]) {
      if (alert.monitor != name) continue;
      ++alarms;
      weeks.emplace(i, (alert.hour - 1) / kHoursOfWeek);
    }
  }
  const double rate = static_cast<double>(alarms) / (kDeployments * kWeeks);
  const auto bound = statistics::clopper_pearson_interval({weeks.size(), kDeployments * kWeeks}, 0.1)->high;
  fmt::print("| {} | {} | {} | {:.3f} | {:.3f} | {} |\n", watch.name, volume, alarms, rate, bound,
             rate > kMostAlarms    ? "**no**"
             : bound > kMostAlarms ? "not shown"
                                   : "yes");
}

void quiet_table() {
  const auto watches = quiet_watches();
  const Json document = document_of(watches);
  fmt::print(
      "| monitor | rows an hour | alarms in 200 weeks | a week | weeks with an alarm, 95 % bound | holds {} |\n"
      "|---|--:|--:|--:|--:|---|\n",
      kMostAlarms);
  for (const double volume : kVolumes) {
    std::vector<std::vector<FiredAlert>> fired(kDeployments);
    in_parallel(kDeployments, [&](std::size_t i) {
      WatchedEndpoint endpoint({.rows_of_an_hour = volume, .label_lag_hours = 0, .seed = 1 + i}, document);
      while (endpoint.hours() < static_cast<int>(kWeeks) * kHoursOfWeek) endpoint.pass_hour();
      fired[i] = endpoint.fired();
    });
    for (std::size_t w = 0; w < watches.size(); ++w) {
      print_quiet_row(watches[w], volume, "w" + std::to_string(w), fired);
    }
  }
}

// Something has changed.

struct Search {
  const char* monitor;              // of searching_monitors()
  std::string_view subject;         // what the alert's begins with
  std::array<int, 2> most_windows;  // the stated number, for each of kVolumes; 0: it is not to be found
};

struct Injected {
  Fault fault;
  const char* name;
  int days;  // looked for
  std::vector<Search> searches;
};

Json searching_monitors() {
  const double floor = true_accuracy() - kAccuracyMargin;
  return {{"drift", {{"kind", "drift"}, {"features", all_but_load()}}},
          {"drift_1d", {{"kind", "drift"}, {"window", "1d"}}},
          {"quality", {{"kind", "quality"}}},
          {"estimated_accuracy", {{"kind", "estimated_accuracy"}}},
          {"accuracy_1d", {{"kind", "accuracy"}, {"window", "1d"}, {"at_least", floor}}}};
}

std::vector<Injected> injected_faults() {
  return {{Fault::kUnit, "unit × 1000", 4, {{"quality", "amount/range", {3, 2}}, {"drift", "amount", {3, 2}}}},
          {Fault::kNull, "stuck at null", 4, {{"quality", "age/missing", {3, 2}}, {"drift", "age", {3, 2}}}},
          {Fault::kStuck, "stuck at a constant", 4, {{"quality", "age/constant", {3, 2}}, {"drift", "age", {3, 2}}}},
          {Fault::kNewCategory,
           "new category, 10 %",
           4,
           {{"quality", "purpose/new_categories", {3, 2}}, {"drift", "purpose", {3, 2}}}},
          {Fault::kShiftOne, "one feature by 0.3 sd", 6, {{"drift", "age", {0, 3}}, {"drift_1d", "age", {3, 3}}}},
          {Fault::kShiftAll, "five features by 0.3 sd", 6, {{"drift", "", {6, 3}}, {"drift_1d", "", {3, 3}}}},
          {Fault::kLabelFlip,
           "a fifth of labels flipped",
           6,
           {{"accuracy_1d", "", {3, 3}}, {"estimated_accuracy", "", {0, 0}}}},
          {Fault::kConcept,
           "what age means has changed",
           6,
           {{"accuracy_1d", "", {3, 3}}, {"estimated_accuracy", "", {0, 0}}, {"drift_1d", "", {0, 0}}}},
          {Fault::kSlowLeak,
           "leak of 0.02 sd a day",
           20,
           {{"drift_1d", "balance", {14, 12}}, {"drift", "balance", {0, 0}}}}};
}

struct Found {
  std::vector<std::optional<int>> windows;  // for each search
};

std::optional<int> windows_until(const Search& search, const std::vector<FiredAlert>& fired, int began) {
  const int width = std::string_view(search.monitor).ends_with("1d") ? 24 : 1;
  for (const FiredAlert& alert : fired) {
    const bool is_it = alert.monitor == search.monitor && alert.subject.starts_with(search.subject);
    // The window in which it began is the first one.
    if (is_it && alert.hour > began) return alert.hour / width - began / width;
  }
  return std::nullopt;
}

Found inject(const Injected& injected, const Json& monitors, double volume, std::uint64_t seed) {
  WatchedEndpoint endpoint({.rows_of_an_hour = volume, .label_lag_hours = kLabelLagHours, .seed = seed}, monitors);
  const int began = 24 + static_cast<int>(seed % 24);  // any hour of the day
  while (endpoint.hours() < began) endpoint.pass_hour();
  endpoint.begin(injected.fault);
  Found found;
  do {
    endpoint.pass_hour();
    found.windows.clear();
    for (const Search& search : injected.searches) {
      found.windows.push_back(windows_until(search, endpoint.fired(), began));
    }
  } while (endpoint.hours() < began + 24 * injected.days &&
           !std::ranges::all_of(found.windows, [](const auto& windows) { return windows.has_value(); }));
  return found;
}

std::string windows_text(const std::optional<int>& windows) {
  return windows ? std::to_string(*windows) : "–";
}

void print_search(const Injected& injected, std::size_t place, std::size_t volume, const std::vector<Found>& all) {
  const Search& search = injected.searches[place];
  const int stated = search.most_windows[volume];
  std::vector<std::optional<int>> windows;
  for (const Found& found : all) windows.push_back(found.windows[place]);
  std::ranges::sort(windows, {}, [](const auto& one) { return one.value_or(1'000'000); });
  const auto in_time = [&](int most) {
    return std::ranges::count_if(windows, [&](const auto& one) { return one && *one <= most; });
  };
  const auto found = in_time(1'000'000);
  fmt::print("| {} | {} | {} | {} of {} | {} | {} | {} |\n", injected.name, search.monitor, kVolumes[volume], found,
             all.size(), windows_text(windows[(windows.size() - 1) / 2]), windows_text(windows.back()),
             stated > 0 ? fmt::format("{}: {} %", stated, 100 * in_time(stated) / static_cast<int>(all.size()))
                        : std::string("none"));
}

void fault_table() {
  const Json monitors = searching_monitors();
  fmt::print(
      "| fault | monitor | rows an hour | found | windows, median | worst | within the stated number |\n"
      "|---|---|--:|--:|--:|--:|---|\n");
  for (const Injected& injected : injected_faults()) {
    Json needed = Json::object();
    for (const Search& search : injected.searches) needed[search.monitor] = monitors.at(search.monitor);
    for (std::size_t volume = 0; volume < kVolumes.size(); ++volume) {
      std::vector<Found> all(kRepetitions);
      in_parallel(kRepetitions, [&](std::size_t i) { all[i] = inject(injected, needed, kVolumes[volume], 5001 + i); });
      for (std::size_t i = 0; i < injected.searches.size(); ++i) print_search(injected, i, volume, all);
    }
  }
}

}  // namespace
}  // namespace modelyard::simulation

int main(int argc, char** argv) {
  using namespace modelyard::simulation;
  const std::string_view part = argc > 1 ? argv[1] : "";
  if (part != "faults") quiet_table();
  if (part.empty()) fmt::print("\n");
  if (part != "quiet") fault_table();
}
