// Mutex, MutexLock and CondVar are std's, with the annotations that let clang's -Wthread-safety
// prove that guarded fields are touched under their lock only.
//
// Order: never hold a lock over a callback, I/O, loading a model, or a log line.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define MODELYARD_THREAD(x) __attribute__((x))
#else
#define MODELYARD_THREAD(x)
#endif
#define MODELYARD_GUARDED_BY(mutex) MODELYARD_THREAD(guarded_by(mutex))
#define MODELYARD_REQUIRES(...) MODELYARD_THREAD(requires_capability(__VA_ARGS__))

namespace modelyard {

class MODELYARD_THREAD(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() MODELYARD_THREAD(acquire_capability()) { mutex_.lock(); }
  void unlock() MODELYARD_THREAD(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class MODELYARD_THREAD(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MODELYARD_THREAD(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() MODELYARD_THREAD(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void wait(Mutex& mutex) MODELYARD_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when the time has passed without a notification.
  bool wait_for(Mutex& mutex, std::chrono::nanoseconds timeout) MODELYARD_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace modelyard
