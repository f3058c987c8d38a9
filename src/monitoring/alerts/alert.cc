#include "monitoring/alerts/alert.h"

#include <algorithm>
#include <array>
#include <utility>

namespace modelyard::monitoring {
namespace {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Severity, 2> kSeverities{{{Severity::kTicket, "ticket"}, {Severity::kPage, "page"}}};
constexpr Names<AlertState, 4> kStates{{{AlertState::kOk, "ok"},
                                        {AlertState::kPending, "pending"},
                                        {AlertState::kFiring, "firing"},
                                        {AlertState::kResolved, "resolved"}}};
constexpr Names<AlertEvent, 3> kEvents{
    {{AlertEvent::kFired, "fired"}, {AlertEvent::kEscalated, "escalated"}, {AlertEvent::kResolved, "resolved"}}};
constexpr Names<Outcome, 3> kOutcomes{
    {{Outcome::kPass, "pass"}, {Outcome::kFail, "fail"}, {Outcome::kNoData, "nodata"}}};

template <typename Enum, std::size_t N>
std::string_view name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [one, name] : names) {
    if (one == value) return name;
  }
  return "?";
}

template <typename Enum, std::size_t N>
Result<Enum> parse(const Names<Enum, N>& names, std::string_view what, std::string_view text) {
  std::string known;
  for (const auto& [one, name] : names) {
    if (name == text) return one;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  return error(Code::kInvalidArgument, "'{}' is no {}: expected one of {}", text.substr(0, 80), what, known);
}

std::ptrdiff_t failed_of_last(const Alert& alert, int windows) {
  const auto begin =
      alert.recent.size() > static_cast<std::size_t>(windows) ? alert.recent.end() - windows : alert.recent.begin();
  return std::count(begin, alert.recent.end(), Outcome::kFail);
}

bool has_cleared(const Alert& alert, const AlertRule& rule) {
  return alert.recent.size() >= static_cast<std::size_t>(rule.clear_windows) &&
         failed_of_last(alert, rule.clear_windows) == 0;
}

void go_to(Alert& alert, AlertState state, UtcTime now) {
  alert.state = state;
  alert.since = now;
}

void note(Alert& alert, const Finding& finding, const AlertRule& rule) {
  alert.recent.push_back(finding.outcome);
  const auto most = static_cast<std::size_t>(std::max(rule.windows, rule.clear_windows));
  if (alert.recent.size() > most) {
    alert.recent.erase(alert.recent.begin(), alert.recent.end() - static_cast<std::ptrdiff_t>(most));
  }
  alert.value = finding.value;
  alert.threshold = finding.threshold;
  // The words of a window that passed say little of what is wrong.
  if (finding.outcome == Outcome::kPass && alert.state != AlertState::kOk) return;
  alert.sentence = finding.sentence;
  alert.numbers = finding.numbers;
}

std::optional<AlertEvent> advance_firing(Alert& alert, const Finding& finding, const AlertRule& rule, UtcTime now) {
  if (finding.outcome == Outcome::kFail) return raise(alert, rule.severity);
  if (!has_cleared(alert, rule)) return std::nullopt;
  go_to(alert, AlertState::kResolved, now);
  alert.resolved = now;
  alert.recent.clear();
  return AlertEvent::kResolved;
}

std::optional<AlertEvent> advance_waiting(Alert& alert, const AlertRule& rule, UtcTime now) {
  if (failed_of_last(alert, rule.windows) < rule.least_failed) {
    if (alert.state == AlertState::kPending)
      go_to(alert, alert.resolved ? AlertState::kResolved : AlertState::kOk, now);
    return std::nullopt;
  }
  if (alert.state != AlertState::kPending) go_to(alert, AlertState::kPending, now);
  if (now - alert.since < rule.hold) return std::nullopt;
  go_to(alert, AlertState::kFiring, now);
  alert.severity = rule.severity;
  alert.fired = now;
  alert.resolved.reset();
  alert.acknowledged.reset();
  return AlertEvent::kFired;
}

}  // namespace

std::string_view severity_name(Severity severity) {
  return name_of(kSeverities, severity);
}
std::string_view alert_state_name(AlertState state) {
  return name_of(kStates, state);
}
std::string_view alert_event_name(AlertEvent event) {
  return name_of(kEvents, event);
}
std::string_view outcome_name(Outcome outcome) {
  return name_of(kOutcomes, outcome);
}
Result<Severity> parse_severity(std::string_view name) {
  return parse(kSeverities, "severity", name);
}
Result<AlertState> parse_alert_state(std::string_view name) {
  return parse(kStates, "state of an alert", name);
}
Result<AlertEvent> parse_alert_event(std::string_view name) {
  return parse(kEvents, "event of an alert", name);
}
Result<Outcome> parse_outcome(std::string_view name) {
  return parse(kOutcomes, "outcome", name);
}

Status AlertRule::validate() const {
  const auto refuse = [](std::string_view field, std::string_view expected) {
    return error(Code::kInvalidArgument, "{}: expected {}", field, expected);
  };
  if (windows < 1 || windows > kMostWindows) return refuse("windows", "1 to 100");
  if (least_failed < 1 || least_failed > windows) return refuse("least_failed", "1 up to `windows`");
  if (clear_windows < 1 || clear_windows > kMostWindows) return refuse("clear_windows", "1 to 100");
  if (hold.count() < 0) return refuse("hold", "no negative time");
  return ok();
}

std::string alert_id(std::string_view monitor, std::string_view subject) {
  return fmt::format("{}/{}", monitor, subject);
}

std::string runbook_of(const Alert& alert) {
  return fmt::format("docs/runbooks/{}.md", alert.kind);
}

std::optional<AlertEvent> advance(Alert& alert, const Finding& finding, const AlertRule& rule, UtcTime now) {
  if (finding.outcome == Outcome::kNoData) return lapse(alert, now);
  alert.seen = now;
  note(alert, finding, rule);
  if (alert.state == AlertState::kFiring) return advance_firing(alert, finding, rule, now);
  return advance_waiting(alert, rule, now);
}

std::optional<AlertEvent> lapse(Alert& alert, UtcTime now) {
  const bool is_open = alert.state == AlertState::kFiring || alert.state == AlertState::kPending;
  if (!is_open || now - alert.seen.value_or(alert.since) <= kMostSilence) return std::nullopt;
  alert.recent.clear();
  if (alert.state == AlertState::kPending) {
    go_to(alert, AlertState::kOk, now);
    return std::nullopt;
  }
  go_to(alert, AlertState::kResolved, now);
  alert.resolved = now;
  alert.sentence =
      fmt::format("nothing has been seen of it for {} days; it was: {}", kMostSilence.count(), alert.sentence);
  return AlertEvent::kResolved;
}

std::optional<AlertEvent> raise(Alert& alert, Severity severity) {
  if (alert.state != AlertState::kFiring || severity <= alert.severity) return std::nullopt;
  alert.severity = severity;
  alert.acknowledged.reset();  // what was acknowledged was less
  return AlertEvent::kEscalated;
}

std::optional<AlertEvent> untold_event(const Alert& alert) {
  if (alert.state != AlertState::kFiring) {
    return alert.notified ? std::optional(AlertEvent::kResolved) : std::nullopt;
  }
  if (!alert.notified) return AlertEvent::kFired;
  return *alert.notified < alert.severity ? std::optional(AlertEvent::kEscalated) : std::nullopt;
}

void mark_told(Alert& alert, AlertEvent event) {
  alert.notified = event == AlertEvent::kResolved ? std::nullopt : std::optional(alert.severity);
}

bool is_quiet(const Alert& alert) {
  const bool has_failed = std::ranges::find(alert.recent, Outcome::kFail) != alert.recent.end();
  return alert.state == AlertState::kOk && !has_failed && !alert.notified;
}

}  // namespace modelyard::monitoring
