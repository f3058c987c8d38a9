#include "telemetry/access_log.h"

#include <chrono>

#include "base/thread_name.h"

namespace modelyard::telemetry {
namespace {

// Lines wait so long for others, or until there are so many: a wake-up for each would cost more than the request.
constexpr std::chrono::milliseconds kGathering{50};
constexpr std::size_t kManyBytes = 256u << 10;

}  // namespace

AccessLog::AccessLog(Log& log, std::size_t loops, std::uint64_t every)
    : log_(log), every_(every), lanes_(loops), writer_([this] { run(); }) {}

AccessLog::~AccessLog() {
  stop();
}

bool AccessLog::takes_next(std::size_t loop) {
  const std::uint64_t every = every_.load(std::memory_order_relaxed);
  return every != 0 && log_.enabled(Level::kInfo) && lanes_[loop].requests++ % every == 0;
}

void AccessLog::submit(std::size_t loop, const AccessLine& line) {
  Lane& lane = lanes_[loop];
  std::size_t before = 0, after = 0;
  {
    MutexLock lock(lane.mutex);
    before = lane.lines.size();
    if (before < kMostBytes) {
      append_line(lane.lines, log_.format(), log_.clock().utc_now(), Level::kInfo, "request",
                  {{"method", line.method},
                   {"path", line.path},
                   {"status", line.status},
                   {"us", line.microseconds},
                   {"bytes_in", line.request_bytes},
                   {"bytes_out", line.response_bytes},
                   {"remote", line.remote},
                   {"request_id", line.request_id},
                   {"prediction_id", line.prediction_id}});
    }
    after = lane.lines.size();
  }
  if (after == before) dropped_.fetch_add(1, std::memory_order_relaxed);
  if (before == 0) wake_writer(false);
  if (before < kManyBytes && after >= kManyBytes) wake_writer(true);
}

void AccessLog::wake_writer(bool at_once) {
  MutexLock lock(mutex_);
  gathered_ = true;
  hurry_ = hurry_ || at_once;
  wake_.notify_one();
}

void AccessLog::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
}

// False when the lines to come are the last.
bool AccessLog::wait() {
  MutexLock lock(mutex_);
  while (!gathered_ && !stopping_) wake_.wait(mutex_);
  const auto end = std::chrono::steady_clock::now() + kGathering;
  while (!hurry_ && !stopping_ && std::chrono::steady_clock::now() < end) {
    wake_.wait_for(mutex_, end - std::chrono::steady_clock::now());
  }
  gathered_ = hurry_ = false;
  return !stopping_;
}

void AccessLog::write_gathered() {
  for (Lane& lane : lanes_) {
    {
      MutexLock lock(lane.mutex);
      writing_.swap(lane.lines);
    }
    log_.write_lines(writing_);
    writing_.clear();  // its room goes to the next lane
  }
  const std::uint64_t lost = dropped();
  if (lost == told_) return;
  log_.warning("access log lines were dropped", {{"dropped", static_cast<std::int64_t>(lost - told_)}});
  told_ = lost;
}

void AccessLog::run() {
  name_thread("access log");
  while (wait()) write_gathered();
  write_gathered();
}

}  // namespace modelyard::telemetry
