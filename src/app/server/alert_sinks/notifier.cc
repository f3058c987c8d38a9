#include "app/server/alert_sinks/notifier.h"

#include <algorithm>

#include "app/server/alert_sinks/alertmanager_sink.h"
#include "app/server/alert_sinks/curl_transport.h"
#include "app/server/alert_sinks/email_sink.h"
#include "app/server/alert_sinks/log_sink.h"
#include "app/server/alert_sinks/slack_sink.h"
#include "app/server/alert_sinks/webhook_sink.h"
#include "app/server/outbound/outbound.h"
#include "base/thread_name.h"

namespace modelyard::app {
namespace {

using control::DeliveryResult;

constexpr std::int64_t kMostAtOnce = 100;

Result<std::unique_ptr<AlertSink>> make_sink(const SinkSettings& settings, const AlertOrigin& origin,
                                             Transport& transport) {
  switch (settings.kind) {
    case SinkKind::kWebhook: {
      MODELYARD_ASSIGN(std::string secret, read_secret(settings.secret_file));
      return std::make_unique<WebhookSink>(settings.url, std::move(secret), origin, transport);
    }
    case SinkKind::kAlertmanager: return std::make_unique<AlertmanagerSink>(settings.url, origin, transport);
    case SinkKind::kEmail: {
      std::string password;
      if (!settings.user.empty()) {
        MODELYARD_ASSIGN(password, read_secret(settings.password_file));
      }
      return std::make_unique<EmailSink>(settings, std::move(password), origin, transport);
    }
    case SinkKind::kSlack: return std::make_unique<SlackSink>(settings.url, origin, transport);
  }
  return error(Code::kInternal, "there is no such kind of sink");
}

// After so many tries that failed.
std::chrono::seconds wait_after(int failures, std::chrono::seconds most) {
  const int doublings = std::clamp(failures - 1, 0, 20);
  return std::min(most, Notifier::kFirstWait * (1 << doublings));
}

}  // namespace

Result<std::unique_ptr<Notifier>> Notifier::open(control::AlertKeeper& keeper, const NotifierOptions& options,
                                                 const Clock& clock, telemetry::Log& log) {
  std::unique_ptr<Notifier> notifier(new Notifier(keeper, clock, log));
  MODELYARD_TRY(notifier->add_sinks(options));
  MODELYARD_TRY(notifier->set_routes());
  return notifier;
}

Result<std::unique_ptr<Notifier>> Notifier::open(control::AlertKeeper& keeper, std::vector<Lane> lanes,
                                                 const Clock& clock, telemetry::Log& log) {
  std::unique_ptr<Notifier> notifier(new Notifier(keeper, clock, log));
  notifier->lanes_ = std::move(lanes);
  MODELYARD_TRY(notifier->set_routes());
  return notifier;
}

Notifier::~Notifier() {
  stop();
}

Status Notifier::add_sinks(const NotifierOptions& options) {
  transport_ = std::make_unique<CurlTransport>(stop_.get_token());
  lanes_.emplace_back(control::AlertRoute{"log"}, std::make_unique<LogSink>(log_));
  for (const SinkSettings& settings : options.sinks) {
    auto sink = make_sink(settings, options.origin, *transport_);
    if (!sink) return sink.error().with_context("alert sink '{}'", settings.name);
    lanes_.emplace_back(control::AlertRoute{settings.name, settings.least}, std::move(*sink));
  }
  return ok();
}

Status Notifier::set_routes() {
  std::vector<control::AlertRoute> routes;
  for (const Lane& lane : lanes_) routes.push_back(lane.route);
  return keeper_.set_routes(std::move(routes));
}

void Notifier::start() {
  thread_ = std::jthread([this] { run(); });
}

void Notifier::wake() {
  {
    MutexLock lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

void Notifier::stop() {
  stop_.request_stop();
  wake();
  if (thread_.joinable()) thread_.join();
}

void Notifier::run() {
  name_thread("alerts");
  while (!stop_.stop_requested()) {
    const auto pause = step();
    MutexLock lock(mutex_);
    if (!is_woken_ && pause.count() > 0) changed_.wait_for(mutex_, pause);
    is_woken_ = false;
  }
}

std::chrono::nanoseconds Notifier::step() {
  const Status tended = keeper_.tend();
  if (!tended) log_.error("alerts cannot be kept", {{"reason", tended.error().message()}});
  for (Lane& lane : lanes_) {
    if (stop_.stop_requested()) break;
    if (clock_.steady_now() < lane.not_before) continue;
    serve(lane);
    refresh(lane);
  }
  return wait_until_next();
}

void Notifier::serve(Lane& lane) {
  for (;;) {
    const auto due = keeper_.due(lane.route.sink, kMostAtOnce);
    if (!due) {
      log_.error("alerts cannot be read", {{"reason", due.error().message()}});
      return;
    }
    if (due->empty()) return;
    for (const control::PendingDelivery& pending : *due) {
      if (stop_.stop_requested() || !deliver(lane, pending)) return;
    }
  }
}

bool Notifier::deliver(Lane& lane, const control::PendingDelivery& pending) {
  const Delivery delivery = lane.sink->send(pending.notification, clock_.utc_now());
  // What was cut off by the end is no try of the sink.
  if (delivery.result == DeliveryResult::kWaiting && stop_.stop_requested()) return false;
  const bool goes_on = note(lane, delivery);
  const Status settled = keeper_.settle({.sink = lane.route.sink,
                                         .notification = pending.notification.id,
                                         .result = delivery.result,
                                         .words = delivery.words,
                                         .retry_at = clock_.utc_now() + wait_after(pending.tries + 1, kMostWait)});
  if (settled) return goes_on;
  log_.error("what became of an alert cannot be kept",
             {{"sink", lane.route.sink}, {"reason", settled.error().message()}});
  lane.not_before = clock_.steady_now() + kMostPause;
  return false;
}

void Notifier::refresh(Lane& lane) {
  const SteadyTime now = clock_.steady_now();
  if (now < lane.refresh_at || now < lane.not_before || stop_.stop_requested()) return;
  lane.refresh_at = now + kRefreshEvery;
  auto firing = keeper_.alerts({.state = monitoring::AlertState::kFiring});
  if (!firing) return;  // tend() has logged why
  std::erase_if(*firing,
                [&](const monitoring::Alert& alert) { return !alert.notified || *alert.notified < lane.route.least; });
  if (firing->empty()) return;
  const auto delivery = lane.sink->refresh(*firing, clock_.utc_now());
  if (delivery) (void)note(lane, *delivery);
}

bool Notifier::note(Lane& lane, const Delivery& delivery) {
  if (delivery.result == DeliveryResult::kRefused) {
    log_.warning("an alert sink refuses an alert", {{"sink", lane.route.sink}, {"reason", delivery.words}});
  }
  if (delivery.result != DeliveryResult::kWaiting) {
    if (lane.failures > 0) log_.info("an alert sink is back", {{"sink", lane.route.sink}});
    lane.failures = 0;
    return true;
  }
  if (lane.failures == 0) {
    log_.warning("an alert sink is away", {{"sink", lane.route.sink}, {"reason", delivery.words}});
  }
  ++lane.failures;
  lane.not_before = clock_.steady_now() + wait_after(lane.failures, kMostPause);
  return false;
}

std::chrono::nanoseconds Notifier::wait_until_next() const {
  std::chrono::nanoseconds wait = kTendEvery;
  for (const Lane& lane : lanes_) {
    const auto due = keeper_.next_due(lane.route.sink);
    if (!due || !*due) continue;
    const std::chrono::nanoseconds until_due = **due - clock_.utc_now();
    wait = std::min(wait, std::max(until_due, lane.not_before - clock_.steady_now()));
  }
  return wait;
}

}  // namespace modelyard::app
