#include "control/watching/alert_document.h"

#include <limits>

namespace modelyard::control {
namespace {

using monitoring::Alert;

Json time_json(const std::optional<UtcTime>& time) {
  return time ? Json(format_utc(*time)) : Json(nullptr);
}

Result<UtcTime> time_of(ObjectReader& reader, std::string_view key) {
  MODELYARD_ASSIGN(const std::string text, reader.string(key));
  return parse_utc(text);
}

Result<std::optional<UtcTime>> optional_time_of(ObjectReader& reader, std::string_view key) {
  MODELYARD_ASSIGN(const auto text, reader.optional_string(key));
  if (!text) return std::optional<UtcTime>();
  MODELYARD_ASSIGN(const UtcTime time, parse_utc(*text));
  return std::optional(time);
}

Status read_names(ObjectReader& reader, Alert& alert) {
  MODELYARD_ASSIGN(alert.id, reader.string("id"));
  MODELYARD_ASSIGN(alert.monitor, reader.string("monitor"));
  MODELYARD_ASSIGN(alert.kind, reader.string("kind"));
  MODELYARD_ASSIGN(alert.endpoint, reader.string("endpoint"));
  MODELYARD_ASSIGN(alert.subject, reader.string("subject"));
  (void)reader.optional_any("runbook");  // follows from the kind
  return ok();
}

Status read_state(ObjectReader& reader, Alert& alert) {
  MODELYARD_ASSIGN(const std::string state, reader.string("state"));
  MODELYARD_ASSIGN(alert.state, monitoring::parse_alert_state(state));
  MODELYARD_ASSIGN(const std::string severity, reader.string("severity"));
  MODELYARD_ASSIGN(alert.severity, monitoring::parse_severity(severity));
  MODELYARD_ASSIGN(alert.since, time_of(reader, "since"));
  MODELYARD_ASSIGN(alert.fired, optional_time_of(reader, "fired"));
  MODELYARD_ASSIGN(alert.resolved, optional_time_of(reader, "resolved"));
  MODELYARD_ASSIGN(alert.seen, optional_time_of(reader, "seen"));
  MODELYARD_ASSIGN(const auto notified, reader.optional_string("notified"));
  if (!notified) return ok();
  MODELYARD_ASSIGN(alert.notified, monitoring::parse_severity(*notified));
  return ok();
}

Status read_finding(ObjectReader& reader, Alert& alert) {
  MODELYARD_ASSIGN(const Json* recent, reader.array("recent"));
  for (const Json& name : *recent) {
    if (!name.is_string()) return error(Code::kInvalidArgument, "recent: expected texts");
    MODELYARD_ASSIGN(const auto outcome, monitoring::parse_outcome(name.get<std::string>()));
    alert.recent.push_back(outcome);
  }
  // JSON has no infinities; they are written as null.
  MODELYARD_ASSIGN(const auto value, reader.optional_number("value"));
  MODELYARD_ASSIGN(const auto threshold, reader.optional_number("threshold"));
  alert.value = value.value_or(std::numeric_limits<double>::quiet_NaN());
  alert.threshold = threshold.value_or(std::numeric_limits<double>::quiet_NaN());
  MODELYARD_ASSIGN(alert.sentence, reader.string("sentence"));
  const Json* const numbers = reader.optional_any("numbers");
  if (numbers != nullptr) alert.numbers = *numbers;
  return ok();
}

Status read_acknowledgement(ObjectReader& reader, Alert& alert) {
  MODELYARD_ASSIGN(const Json* value, reader.optional_object("acknowledged"));
  if (value == nullptr) return ok();
  MODELYARD_ASSIGN(ObjectReader inner, ObjectReader::open(*value, "acknowledged"));
  monitoring::Acknowledgement acknowledged;
  MODELYARD_ASSIGN(acknowledged.by, inner.string("by"));
  MODELYARD_ASSIGN(acknowledged.at, time_of(inner, "at"));
  MODELYARD_ASSIGN(acknowledged.note, inner.string("note"));
  alert.acknowledged = std::move(acknowledged);
  return inner.finish();
}

Result<Alert> read_alert(const std::string& text) {
  MODELYARD_ASSIGN(const Json value, parse_json(text));
  MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(value, "alert"));
  Alert alert;
  MODELYARD_TRY(read_names(reader, alert));
  MODELYARD_TRY(read_state(reader, alert));
  MODELYARD_TRY(read_finding(reader, alert));
  MODELYARD_TRY(read_acknowledgement(reader, alert));
  MODELYARD_TRY(reader.finish());
  return alert;
}

}  // namespace

Json to_json(const Alert& alert) {
  Json recent = Json::array();
  for (const monitoring::Outcome outcome : alert.recent) recent.push_back(monitoring::outcome_name(outcome));
  Json acknowledged;
  if (alert.acknowledged) {
    acknowledged = {
        {"by", alert.acknowledged->by}, {"at", format_utc(alert.acknowledged->at)}, {"note", alert.acknowledged->note}};
  }
  return {{"id", alert.id},
          {"monitor", alert.monitor},
          {"kind", alert.kind},
          {"endpoint", alert.endpoint},
          {"subject", alert.subject},
          {"state", monitoring::alert_state_name(alert.state)},
          {"severity", monitoring::severity_name(alert.severity)},
          {"since", format_utc(alert.since)},
          {"fired", time_json(alert.fired)},
          {"resolved", time_json(alert.resolved)},
          {"seen", time_json(alert.seen)},
          {"recent", std::move(recent)},
          {"value", alert.value},
          {"threshold", alert.threshold},
          {"sentence", alert.sentence},
          {"numbers", alert.numbers},
          {"acknowledged", std::move(acknowledged)},
          {"notified", alert.notified ? Json(monitoring::severity_name(*alert.notified)) : Json(nullptr)},
          {"runbook", monitoring::runbook_of(alert)}};
}

Json to_json(const monitoring::Silence& silence) {
  return {{"id", silence.id},
          {"monitor", silence.monitor},
          {"subject", silence.subject},
          {"until", format_utc(silence.until)},
          {"reason", silence.reason},
          {"by", silence.by},
          {"created", format_utc(silence.created)}};
}

std::string alert_text(const Alert& alert) {
  return to_json(alert).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Alert> parse_alert(const std::string& text) {
  auto alert = read_alert(text);
  if (alert) return alert;
  return error(Code::kInternal, "an alert that is kept cannot be read: {}", alert.error().message());
}

}  // namespace modelyard::control
