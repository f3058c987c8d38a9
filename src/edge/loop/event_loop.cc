#include "edge/loop/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/directory.h"

namespace modelyard::edge {

Result<std::unique_ptr<EventLoop>> EventLoop::create(const Clock& clock) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return system_error("create", "epoll", errno);
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return system_error("create", "eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // no watcher: the wake-up itself
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return system_error("watch", "eventfd", errno);
  }
  return std::unique_ptr<EventLoop>(new EventLoop(clock, std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake)
    : clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    dispatch_ready(milliseconds_to_tick());
    run_tasks();
    run_tick();
    end_turn();
  }
  run_tasks();
  end_turn();
  std::vector<Task> late;  // destroyed without the lock: a task's end may post again
  {
    MutexLock lock(mutex_);
    ended_ = true;
    late.swap(inbox_);
  }
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  post([] {});
}

void EventLoop::post(Task task) {
  bool was_empty = false;
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    was_empty = inbox_.empty();
    inbox_.push_back(std::move(task));
  }
  if (!was_empty) return;  // whoever came first has woken the loop
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

Status EventLoop::watch(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return ok();
  return system_error("watch", "socket", errno);
}

void EventLoop::change(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  MODELYARD_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0, "only watched descriptors are changed");
}

void EventLoop::unwatch(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  if (dispatching_) unwatched_this_turn_.push_back(&watcher);
}

void EventLoop::set_tick(std::chrono::milliseconds interval, std::function<void()> tick) {
  tick_interval_ = interval;
  tick_ = std::move(tick);
  next_tick_ = clock_.steady_now() + interval;
}

int EventLoop::milliseconds_to_tick() const {
  if (!tick_) return -1;
  const auto left = next_tick_ - clock_.steady_now();
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(millis, 0, 60'000));
}

void EventLoop::dispatch_ready(int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
  if (turn_hook_) turn_hook_();
  dispatching_ = true;
  for (int i = 0; i < ready; ++i) {
    auto* watcher = static_cast<Watcher*>(events[i].data.ptr);
    if (watcher == nullptr) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
      continue;
    }
    const auto gone = std::find(unwatched_this_turn_.begin(), unwatched_this_turn_.end(), watcher);
    if (gone == unwatched_this_turn_.end()) watcher->on_ready(events[i].events);
  }
  dispatching_ = false;
  unwatched_this_turn_.clear();
}

void EventLoop::run_tasks() {
  {
    MutexLock lock(mutex_);
    running_.swap(inbox_);
  }
  for (Task& task : running_) task();
  running_.clear();
}

void EventLoop::end_turn() {
  for (bool busy = true; busy;) {
    busy = false;
    for (const auto& turn_end : turn_ends_) busy = turn_end() || busy;
  }
}

void EventLoop::run_tick() {
  if (!tick_) return;
  const SteadyTime now = clock_.steady_now();
  if (now < next_tick_) return;
  next_tick_ = now + tick_interval_;
  tick_();
}

}  // namespace modelyard::edge
