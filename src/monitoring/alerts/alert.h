// Alert is what has become of the findings of one subject of a monitor, and advance() is the one way it changes.
//
//   ok ──k of n failed──▶ pending ──for `hold`──▶ firing ──clear_windows passes in a row──▶ resolved
//    ▲                       │                                                                  │
//    └──── fewer than k ─────┘                         pending ◀──────── k of n failed ─────────┘
//
// Windows:  n, k and clear_windows count windows with data: kNoData changes nothing, so that silence of a signal neither
//           raises nor clears an alert; one that nothing was said of for kMostSilence ends by lapse(). What failed
//           before a resolution does not count after it.
// Severity: that of the rule when it fires. A failed window with a rule of a higher one raises it (kEscalated), and so
//           does raise(); it does not fall while the alert fires.
// Dedupe:   a further failed window of a firing alert refreshes its words, and is no event.
// Threads:  pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "monitoring/alerts/finding.h"

namespace modelyard::monitoring {

enum class Severity {
  kTicket,  // somebody looks at it in working hours
  kPage,    // somebody is woken
};
enum class AlertState { kOk, kPending, kFiring, kResolved };
enum class AlertEvent { kFired, kEscalated, kResolved };

std::string_view severity_name(Severity severity);
std::string_view alert_state_name(AlertState state);
std::string_view alert_event_name(AlertEvent event);
std::string_view outcome_name(Outcome outcome);
Result<Severity> parse_severity(std::string_view name);
Result<AlertState> parse_alert_state(std::string_view name);
Result<AlertEvent> parse_alert_event(std::string_view name);
Result<Outcome> parse_outcome(std::string_view name);

struct AlertRule {
  static constexpr int kMostWindows = 100;

  int windows = 3;               // n
  int least_failed = 2;          // k of them
  int clear_windows = 2;         // so many passes in a row resolve it
  std::chrono::seconds hold{0};  // how long k of n must hold before it fires
  Severity severity = Severity::kTicket;
  // At least so while the endpoint's answers have become worse, too: for whoever knows that, by raise().
  Severity with_loss = Severity::kTicket;

  Status validate() const;
};

struct Acknowledgement {
  std::string by;
  UtcTime at{};
  std::string note;
};

struct Alert {
  std::string id;  // alert_id()
  std::string monitor;
  std::string kind;  // of the monitor: drift, quality, …
  std::string endpoint;
  std::string subject;
  AlertState state = AlertState::kOk;
  Severity severity = Severity::kTicket;
  UtcTime since{};  // of its state
  std::optional<UtcTime> fired;
  std::optional<UtcTime> resolved;
  std::optional<UtcTime> seen;  // the last window with data
  std::vector<Outcome> recent;  // the newest last; as many as the rule looks at
  double value = 0;             // of the last window with data
  double threshold = 0;
  std::string sentence;
  Json numbers = Json::object();
  std::optional<Acknowledgement> acknowledged;
  // The severity that people were told of and not yet told the end of; for whoever tells them.
  std::optional<Severity> notified;
};

// "monitor/subject": the same as long as both are.
std::string alert_id(std::string_view monitor, std::string_view subject);
// "docs/runbooks/drift.md"
std::string runbook_of(const Alert& alert);

std::optional<AlertEvent> advance(Alert& alert, const Finding& finding, const AlertRule& rule, UtcTime now);
// Ends an alert that no window has had data of for kMostSilence: its feature is gone, or nobody asks any more.
inline constexpr std::chrono::days kMostSilence{7};
std::optional<AlertEvent> lapse(Alert& alert, UtcTime now);

// Of a firing alert that is less urgent.
std::optional<AlertEvent> raise(Alert& alert, Severity severity);

// What people have to be told so that they know how it stands; then set `notified` by mark_told().
std::optional<AlertEvent> untold_event(const Alert& alert);
void mark_told(Alert& alert, AlertEvent event);

// Nothing about it is worth keeping.
bool is_quiet(const Alert& alert);

}  // namespace modelyard::monitoring
