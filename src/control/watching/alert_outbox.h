// AlertOutbox keeps what has happened to alerts, and for each sink what it must still be told, in the tables `events`,
// `outbox` and `deliveries` of docs/formats/alerts.md.
//
// Order:   of one alert a sink is told in the order of events; the next one waits for the one before.
// Bounds:  the newest kMostKept events and deliveries. What waits for longer than kGiveUpAfter, or is no longer among
//          those events, is given up, and the log of deliveries says so.
// Threads: those of the connection: one at a time, within its owner's transactions.
#pragma once

#include "base/sqlite/sqlite_connection.h"
#include "monitoring/alerts/alert.h"

namespace modelyard::control {

// Something that happened to an alert, with the alert as it was then.
struct Notification {
  std::int64_t id = 0;  // rises
  monitoring::AlertEvent event{};
  UtcTime time{};
  bool told = false;  // false: it was silenced
  monitoring::Alert alert;
};

// Which sink is told of which alerts.
struct AlertRoute {
  std::string sink;
  monitoring::Severity least = monitoring::Severity::kTicket;
};

enum class DeliveryResult {
  kWaiting,  // will be tried again
  kTaken,
  kRefused,  // trying again cannot help
  kGivenUp,
};
std::string_view delivery_result_name(DeliveryResult result);

struct PendingDelivery {
  std::string sink;
  int tries = 0;  // so far
  Notification notification;
};

// What became of a try.
struct DeliveryTry {
  std::string sink;
  std::int64_t notification = 0;
  DeliveryResult result{};
  std::string words;   // for people
  UtcTime retry_at{};  // of kWaiting
};

struct DeliveryRecord {
  std::string sink;
  std::string alert;
  monitoring::AlertEvent event{};
  UtcTime time{};  // of kWaiting: of the next try
  int tries = 0;
  DeliveryResult result{};
  std::string words;
};

class AlertOutbox {
 public:
  static constexpr std::int64_t kMostKept = 10'000;
  static constexpr std::chrono::hours kGiveUpAfter{24};
  // What should wait for longer was tried by a clock that was ahead, and is due.
  static constexpr std::chrono::hours kLongestWait{1};

  explicit AlertOutbox(SqliteConnection& connection) : connection_(connection) {}

  // From now on. What waits for sinks that are gone is given up.
  Status set_routes(std::vector<AlertRoute> routes, UtcTime now);
  // `told` says whether it is to be told to anybody; the id is given.
  Status add(Notification& notification);
  Status give_up(UtcTime now);

  Result<std::vector<PendingDelivery>> due(const std::string& sink, UtcTime now, std::int64_t limit);
  // When a sink has to be told next.
  Result<std::optional<UtcTime>> next_due(const std::string& sink);
  Status settle(const DeliveryTry& attempt, UtcTime now);

  // The newest first.
  Result<std::vector<Notification>> history(std::int64_t limit);
  // What waits, then the newest first.
  Result<std::vector<DeliveryRecord>> deliveries(std::int64_t limit);

 private:
  SqliteConnection& connection_;
  std::vector<AlertRoute> routes_;
};

}  // namespace modelyard::control
