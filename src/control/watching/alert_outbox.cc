#include "control/watching/alert_outbox.h"

#include <algorithm>
#include <array>
#include <utility>

#include "control/watching/alert_document.h"

namespace modelyard::control {
namespace {

constexpr std::array<std::pair<DeliveryResult, std::string_view>, 4> kResults{{{DeliveryResult::kWaiting, "waiting"},
                                                                               {DeliveryResult::kTaken, "taken"},
                                                                               {DeliveryResult::kRefused, "refused"},
                                                                               {DeliveryResult::kGivenUp, "given_up"}}};

Result<DeliveryResult> parse_result(std::string_view name) {
  for (const auto& [result, one] : kResults) {
    if (one == name) return result;
  }
  return error(Code::kInternal, "'{}' is no result of a delivery", name);
}

// id, event, time, told, document
Result<Notification> notification_at(const SqliteStatement& row) {
  Notification notification;
  notification.id = row.integer(0);
  MODELYARD_ASSIGN(notification.event, monitoring::parse_alert_event(row.text(1)));
  notification.time = utc_from_micros(row.integer(2));
  notification.told = row.integer(3) != 0;
  MODELYARD_ASSIGN(notification.alert, parse_alert(row.text(4)));
  return notification;
}

// sink, alert, event, time, tries, result, words
Result<DeliveryRecord> delivery_at(const SqliteStatement& row) {
  DeliveryRecord record;
  record.sink = row.text(0);
  record.alert = row.text(1);
  MODELYARD_ASSIGN(record.event, monitoring::parse_alert_event(row.text(2)));
  record.time = utc_from_micros(row.integer(3));
  record.tries = static_cast<int>(row.integer(4));
  MODELYARD_ASSIGN(record.result, parse_result(row.text(5)));
  record.words = row.text(6);
  return record;
}

template <typename T, typename Read>
Result<std::vector<T>> all_rows(SqliteStatement& statement, Read read) {
  std::vector<T> rows;
  for (;;) {
    MODELYARD_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    MODELYARD_ASSIGN(T row, read(statement));
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::string_view delivery_result_name(DeliveryResult result) {
  return std::ranges::find(kResults, result, &decltype(kResults)::value_type::first)->second;
}

Status AlertOutbox::set_routes(std::vector<AlertRoute> routes, UtcTime now) {
  routes_ = std::move(routes);
  std::vector<std::string> gone;
  {
    MODELYARD_ASSIGN(auto sinks, connection_.prepare("SELECT DISTINCT sink FROM outbox"));
    MODELYARD_ASSIGN(gone, all_rows<std::string>(
                               sinks, [](const SqliteStatement& row) -> Result<std::string> { return row.text(0); }));
  }
  std::erase_if(gone, [&](const std::string& sink) {
    return std::ranges::find(routes_, sink, &AlertRoute::sink) != routes_.end();
  });
  for (const std::string& sink : gone) {
    MODELYARD_ASSIGN(
        auto log,
        connection_.prepare("INSERT INTO deliveries (sink, alert, event, time, tries, result, words) "
                            "SELECT o.sink, o.alert, e.event, ?, o.tries, 'given_up', 'the sink is configured no "
                            "longer' FROM outbox o JOIN events e ON e.id = o.event WHERE o.sink = ?"));
    MODELYARD_TRY(log.bind(utc_micros(now)).bind(sink).run());
    MODELYARD_ASSIGN(auto remove, connection_.prepare("DELETE FROM outbox WHERE sink = ?"));
    MODELYARD_TRY(remove.bind(sink).run());
  }
  return ok();
}

Status AlertOutbox::add(Notification& notification) {
  MODELYARD_ASSIGN(auto insert, connection_.prepare("INSERT INTO events (event, time, told, alert, document) "
                                                    "VALUES (?, ?, ?, ?, ?) RETURNING id"));
  insert.bind(monitoring::alert_event_name(notification.event)).bind(utc_micros(notification.time));
  insert.bind(std::int64_t{notification.told}).bind(notification.alert.id).bind(alert_text(notification.alert));
  MODELYARD_TRY(insert.step());
  notification.id = insert.integer(0);
  if (!notification.told) return ok();
  for (const AlertRoute& route : routes_) {
    if (notification.alert.severity < route.least) continue;
    MODELYARD_ASSIGN(auto wait,
                     connection_.prepare("INSERT INTO outbox (sink, alert, event, next) VALUES (?, ?, ?, ?)"));
    wait.bind(route.sink).bind(notification.alert.id).bind(notification.id);
    MODELYARD_TRY(wait.bind(utc_micros(notification.time)).run());
  }
  return ok();
}

Status AlertOutbox::give_up(UtcTime now) {
  const auto oldest = utc_micros(now - kGiveUpAfter);
  MODELYARD_ASSIGN(auto log,
                   connection_.prepare("INSERT INTO deliveries (sink, alert, event, time, tries, result, words) "
                                       "SELECT o.sink, o.alert, e.event, ?, o.tries, 'given_up', o.words "
                                       "FROM outbox o JOIN events e ON e.id = o.event "
                                       "WHERE e.time < ? OR e.id <= (SELECT max(id) FROM events) - ?"));
  MODELYARD_TRY(log.bind(utc_micros(now)).bind(oldest).bind(kMostKept).run());
  if (connection_.changes() > 0) {
    MODELYARD_ASSIGN(auto remove,
                     connection_.prepare("DELETE FROM outbox WHERE event IN (SELECT id FROM events WHERE time < ? "
                                         "OR id <= (SELECT max(id) FROM events) - ?)"));
    MODELYARD_TRY(remove.bind(oldest).bind(kMostKept).run());
  }
  for (const char* const table : {"events", "deliveries"}) {
    MODELYARD_TRY(connection_.execute(
        fmt::format("DELETE FROM {0} WHERE id <= (SELECT max(id) FROM {0}) - {1}", table, kMostKept)));
  }
  return ok();
}

Result<std::vector<PendingDelivery>> AlertOutbox::due(const std::string& sink, UtcTime now, std::int64_t limit) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT e.id, e.event, e.time, e.told, e.document, o.tries FROM outbox o "
          "JOIN events e ON e.id = o.event WHERE o.sink = ?1 AND (o.next <= ?2 OR o.next > ?3) AND NOT EXISTS "
          "(SELECT 1 FROM outbox b WHERE b.sink = o.sink AND b.alert = o.alert AND "
          "b.event < o.event) ORDER BY e.id LIMIT ?4"));
  statement.bind(sink).bind(utc_micros(now)).bind(utc_micros(now + kLongestWait)).bind(limit);
  return all_rows<PendingDelivery>(statement, [&](const SqliteStatement& row) -> Result<PendingDelivery> {
    MODELYARD_ASSIGN(Notification notification, notification_at(row));
    return PendingDelivery{sink, static_cast<int>(row.integer(5)), std::move(notification)};
  });
}

Result<std::optional<UtcTime>> AlertOutbox::next_due(const std::string& sink) {
  MODELYARD_ASSIGN(auto statement,
                   connection_.prepare("SELECT min(o.next) FROM outbox o WHERE o.sink = ? AND NOT EXISTS "
                                       "(SELECT 1 FROM outbox b WHERE b.sink = o.sink AND b.alert = o.alert AND "
                                       "b.event < o.event)"));
  MODELYARD_TRY(statement.bind(sink).step());
  const auto next = statement.optional_integer(0);
  return next ? std::optional(utc_from_micros(*next)) : std::nullopt;
}

Status AlertOutbox::settle(const DeliveryTry& attempt, UtcTime now) {
  if (attempt.result == DeliveryResult::kWaiting) {
    MODELYARD_ASSIGN(auto again, connection_.prepare("UPDATE outbox SET tries = tries + 1, next = ?, words = ? "
                                                     "WHERE sink = ? AND event = ?"));
    again.bind(utc_micros(attempt.retry_at)).bind(attempt.words);
    return again.bind(attempt.sink).bind(attempt.notification).run();
  }
  MODELYARD_ASSIGN(
      auto log, connection_.prepare("INSERT INTO deliveries (sink, alert, event, time, tries, result, words) "
                                    "SELECT o.sink, o.alert, e.event, ?, o.tries + 1, ?, ? FROM outbox o JOIN events e "
                                    "ON e.id = o.event WHERE o.sink = ? AND o.event = ?"));
  log.bind(utc_micros(now)).bind(delivery_result_name(attempt.result)).bind(attempt.words);
  MODELYARD_TRY(log.bind(attempt.sink).bind(attempt.notification).run());
  MODELYARD_ASSIGN(auto remove, connection_.prepare("DELETE FROM outbox WHERE sink = ? AND event = ?"));
  return remove.bind(attempt.sink).bind(attempt.notification).run();
}

Result<std::vector<Notification>> AlertOutbox::history(std::int64_t limit) {
  MODELYARD_ASSIGN(auto statement, connection_.prepare("SELECT id, event, time, told, document FROM events "
                                                       "ORDER BY id DESC LIMIT ?"));
  statement.bind(limit);
  return all_rows<Notification>(statement, notification_at);
}

Result<std::vector<DeliveryRecord>> AlertOutbox::deliveries(std::int64_t limit) {
  MODELYARD_ASSIGN(
      auto statement,
      connection_.prepare(
          "SELECT * FROM (SELECT o.sink, o.alert, e.event, o.next, o.tries, 'waiting', o.words FROM outbox o "
          "JOIN events e ON e.id = o.event ORDER BY e.id DESC) UNION ALL SELECT * FROM (SELECT sink, alert, "
          "event, time, tries, result, words FROM deliveries ORDER BY id DESC) LIMIT ?"));
  statement.bind(limit);
  return all_rows<DeliveryRecord>(statement, delivery_at);
}

}  // namespace modelyard::control
