#include "serving/version_executor.h"

#include <algorithm>

#include "base/thread_name.h"

namespace modelyard::serving {

VersionExecutor::VersionExecutor(lifecycle::Servable& servable, ExecutorOptions options, const Clock& clock)
    : servable_(servable),
      options_(options),
      clock_(clock),
      queue_({options.queue_capacity, static_cast<int>(options.workers)}) {
  for (std::size_t i = 0; i < options_.loops; ++i) counters_.push_back(std::make_unique<VersionCounters>());
}

VersionExecutor::~VersionExecutor() {
  std::vector<std::thread> workers;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
    ready_.notify_all();
  }
  for (std::thread& worker : workers) worker.join();
}

std::vector<Finished> VersionExecutor::submit(std::vector<Job> jobs) {
  std::vector<Finished> refused, dropped;
  {
    MutexLock lock(mutex_);
    const SteadyTime now = clock_.steady_now();
    for (Job& job : jobs) {
      if (const Status taken = queue_.push(job, now, dropped); !taken) {
        refused.push_back({std::move(job), taken.error(), {}});
      }
    }
    while (workers_.size() < static_cast<std::size_t>(queue_.instances())) workers_.emplace_back([this] { work(); });
    count_waiting();
    if (!queue_.empty()) ready_.notify_one();
  }
  send_home(std::move(dropped));
  return refused;
}

Status VersionExecutor::check_room(const std::shared_ptr<lifecycle::EndpointSettings>& settings) {
  const std::size_t general = options_.queue_capacity;
  const std::size_t capacity =
      settings ? settings->scheduling.capacity_of(settings->scheduling.level_of(0), general) : general;
  if (waiting_.load(std::memory_order_relaxed) < capacity) return ok();
  std::vector<Finished> dropped;
  Status room = ok();
  {
    MutexLock lock(mutex_);
    room = queue_.check_room(settings, servable_.ref(), clock_.steady_now(), dropped);
    count_waiting();
  }
  send_home(std::move(dropped));
  return room;
}

void VersionExecutor::drop_cancelled() {
  std::vector<Finished> dropped;
  {
    MutexLock lock(mutex_);
    dropped = queue_.drop_cancelled();
    count_waiting();
  }
  send_home(std::move(dropped));
}

VersionTotals VersionExecutor::totals() const {
  VersionTotals totals;
  for (const auto& counters : counters_) counters->add_to(totals);
  return totals;
}

std::size_t VersionExecutor::queue_length() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

JobQueue::Taken VersionExecutor::next_jobs() {
  for (;;) {
    JobQueue::Taken taken;
    {
      MutexLock lock(mutex_);
      taken = queue_.take(clock_.steady_now(), servable_.batching().most_rows());
      count_waiting();
      if (!taken.jobs.empty() && !queue_.empty()) ready_.notify_one();
      if (taken.jobs.empty() && taken.dropped.empty()) {
        if (stopping_ && queue_.empty()) return taken;
        if (taken.look_again) {
          ready_.wait_for(mutex_, *taken.look_again - clock_.steady_now());
        } else {
          ready_.wait(mutex_);
        }
        continue;
      }
    }
    send_home(std::exchange(taken.dropped, {}));
    if (!taken.jobs.empty()) return taken;
  }
}

// Tells every home of its jobs, in one message.
void VersionExecutor::send_home(std::vector<Finished> finished) {
  while (!finished.empty()) {
    JobHome* const home = finished.front().job.home;
    std::vector<Finished> mine, others;
    for (Finished& one : finished) (one.job.home == home ? mine : others).push_back(std::move(one));
    home->on_done(std::move(mine));
    finished = std::move(others);
  }
}

void VersionExecutor::work() {
  name_thread(fmt::format("{}/{}", servable_.ref().version, servable_.ref().model));
  const auto context = servable_.model().new_context();
  SpareOutputs spares;  // outputs go to other threads: only those of shared runs come back
  for (auto taken = next_jobs(); !taken.jobs.empty(); taken = next_jobs()) {
    const auto settings = taken.jobs.front().settings;  // keeps it alive until done() has looked for it
    std::vector<Finished> finished;
    if (context) {
      BatchRunner(servable_, **context, clock_, spares).run(taken.jobs, finished);
    } else {
      for (Job& job : taken.jobs) finished.push_back({std::move(job), context.error(), {}});
    }
    {
      MutexLock lock(mutex_);
      finished = queue_.done(settings.get(), taken.ticket, std::move(finished));
      if (!queue_.empty()) ready_.notify_one();
    }
    send_home(std::move(finished));
  }
}

}  // namespace modelyard::serving
