#include "telemetry/access_log.h"

namespace modelyard::telemetry {
namespace {

constexpr std::size_t kQueued = 8192;

}  // namespace

AccessLog::AccessLog(Log& log, std::uint64_t every)
    : log_(log), every_(every), queue_(kQueued), writer_([this] { run(); }) {}

AccessLog::~AccessLog() {
  stop();
}

bool AccessLog::takes_next() {
  const std::uint64_t every = every_.load(std::memory_order_relaxed);
  if (every == 0 || !log_.enabled(Level::kInfo)) return false;
  // A counter of the thread's own: every n-th request of each loop, and no shared cache line.
  thread_local std::uint64_t count = 0;
  return count++ % every == 0;
}

void AccessLog::submit(AccessLine line) {
  if (!queue_.try_push(line)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

void AccessLog::stop() {
  queue_.close();
  if (writer_.joinable()) writer_.join();
}

void AccessLog::run() {
  std::uint64_t told = 0;
  while (auto line = queue_.pop()) {
    log_.info("request", {{"method", line->method},
                          {"path", line->path},
                          {"status", line->status},
                          {"us", line->microseconds},
                          {"bytes_in", line->request_bytes},
                          {"bytes_out", line->response_bytes},
                          {"remote", line->remote},
                          {"request_id", line->request_id},
                          {"prediction_id", line->prediction_id}});
    const std::uint64_t lost = dropped();
    if (lost == told) continue;
    log_.warning("access log lines were dropped", {{"dropped", static_cast<std::int64_t>(lost - told)}});
    told = lost;
  }
}

}  // namespace modelyard::telemetry
