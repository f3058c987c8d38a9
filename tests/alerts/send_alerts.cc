// Sends alerts to the sinks of a settings file, with the code and the database of a server:
//
//   modelyard_send_alerts SINKS.json ALERTS.db SECONDS <<< "fail amount page"
//
// Each line of standard input is what a window says: pass or fail, its subject, and the severity of its rule; one
// window that failed fires, one that passed resolves. Ends when nothing waits any more, or after so many seconds; then
// prints the deliveries, the oldest first, one JSON object a line.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <thread>

#include "app/server/alert_sinks/notifier.h"
#include "base/directory.h"

namespace modelyard {
namespace {

constexpr std::int64_t kMostDeliveries = 1000;

Status observe_lines(control::AlertKeeper& keeper, std::istream& lines) {
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string outcome, subject, severity;
    words >> outcome >> subject >> severity;
    monitoring::AlertRule rule{.windows = 1, .least_failed = 1, .clear_windows = 1};
    MODELYARD_ASSIGN(rule.severity, monitoring::parse_severity(severity));
    monitoring::Finding finding{.subject = subject, .value = 1.428, .threshold = 0.1, .sentence = "median 39 → 72"};
    MODELYARD_ASSIGN(finding.outcome, monitoring::parse_outcome(outcome));
    MODELYARD_TRY(keeper.observe({"loans-drift", "drift", "loans"}, rule, {&finding, 1}, system_clock().utc_now()));
  }
  return ok();
}

Result<bool> is_waiting(control::AlertKeeper& keeper) {
  MODELYARD_ASSIGN(const auto deliveries, keeper.deliveries(1));
  return !deliveries.empty() && deliveries.front().result == control::DeliveryResult::kWaiting;
}

Status print_deliveries(control::AlertKeeper& keeper) {
  MODELYARD_ASSIGN(auto deliveries, keeper.deliveries(kMostDeliveries));
  std::ranges::reverse(deliveries);
  for (const control::DeliveryRecord& one : deliveries) {
    const Json line{{"sink", one.sink},
                    {"alert", one.alert},
                    {"event", monitoring::alert_event_name(one.event)},
                    {"tries", one.tries},
                    {"result", control::delivery_result_name(one.result)},
                    {"words", one.words}};
    std::cout << line.dump() << "\n";
  }
  return ok();
}

Status run(const std::string& settings, const std::string& database, std::chrono::seconds patience) {
  MODELYARD_ASSIGN(const std::string text, read_file(settings));
  MODELYARD_ASSIGN(const Json list, parse_json(text));
  app::NotifierOptions options;
  MODELYARD_ASSIGN(options.sinks, app::parse_alert_sinks(list));
  options.origin.instance = "eu-1";
  telemetry::Log log(STDERR_FILENO, telemetry::LogFormat::kJson, telemetry::Level::kInfo, system_clock());
  MODELYARD_ASSIGN(const auto keeper, control::AlertKeeper::open(database, system_clock()));
  MODELYARD_ASSIGN(const auto notifier, app::Notifier::open(*keeper, options, system_clock(), log));
  MODELYARD_TRY(observe_lines(*keeper, std::cin));
  const UtcTime end = system_clock().utc_now() + patience;
  for (;;) {
    const auto wait = notifier->step();
    MODELYARD_ASSIGN(const bool goes_on, is_waiting(*keeper));
    if (!goes_on || system_clock().utc_now() + wait > end) return print_deliveries(*keeper);
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace
}  // namespace modelyard

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "modelyard_send_alerts SINKS.json ALERTS.db SECONDS\n";
    return 2;
  }
  const modelyard::Status done =
      modelyard::run(arguments[1], arguments[2], std::chrono::seconds(std::atoi(arguments[3])));
  if (done) return 0;
  std::cerr << done.error().message() << "\n";
  return 1;
}
