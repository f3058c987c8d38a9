// VersionExecutor runs one version: a bounded queue that the loops share, and workers with a context each, for runs
// that are too dear for an event loop. Workers start with the first such run.
//
// Threads:   submit() and drop_cancelled() from any loop; completions are posted to the loop a job came from.
// Order:     as JobQueue says.
// Errors:    Unavailable when the queue is full, DeadlineExceeded for jobs whose time is over before they run.
// Ownership: queued jobs keep their servable; so the queue is empty when the last reference goes and this is destroyed.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "lifecycle/servable.h"
#include "serving/job_queue.h"

namespace modelyard::serving {

struct ExecutorOptions {
  std::size_t queue_capacity = 256;
  std::size_t workers = 1;
  std::size_t loops = 1;
};

class VersionExecutor final : public lifecycle::Executor {
 public:
  VersionExecutor(lifecycle::Servable& servable, ExecutorOptions options, const Clock& clock);
  ~VersionExecutor() override;

  // Takes what there is room for; the others come back with the reason.
  std::vector<Finished> submit(std::vector<Job> jobs);
  // Unavailable when a job that names no priority would come back. Without the lock as long as there is room.
  Status check_room(const std::shared_ptr<lifecycle::EndpointSettings>& settings);
  // Ends the waiting of jobs whose client has left.
  void drop_cancelled();
  VersionCounters& counters(std::size_t loop) { return *counters_[loop]; }
  VersionTotals totals() const;
  std::size_t queue_length() const;

 private:
  void work();
  // What runs next; without jobs when it is time to stop.
  JobQueue::Taken next_jobs();
  void count_waiting() MODELYARD_REQUIRES(mutex_) { waiting_.store(queue_.size(), std::memory_order_relaxed); }
  static void send_home(std::vector<Finished> finished);

  lifecycle::Servable& servable_;
  const ExecutorOptions options_;
  const Clock& clock_;
  std::vector<std::unique_ptr<VersionCounters>> counters_;

  std::atomic<std::size_t> waiting_{0};  // the queue's size, written with the lock held

  mutable Mutex mutex_;
  CondVar ready_;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  JobQueue queue_ MODELYARD_GUARDED_BY(mutex_);
  std::vector<std::thread> workers_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::serving
