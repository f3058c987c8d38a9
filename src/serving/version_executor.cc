#include "serving/version_executor.h"

#include <algorithm>

namespace modelyard::serving {

VersionExecutor::VersionExecutor(lifecycle::Servable& servable, ExecutorOptions options, const Clock& clock)
    : servable_(servable), options_(options), clock_(clock) {
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

void VersionExecutor::submit(std::vector<Job>& jobs) {
  MutexLock lock(mutex_);
  const std::size_t room = options_.queue_capacity - std::min(options_.queue_capacity, urgent_.size() + queue_.size());
  const std::size_t count = std::min(room, jobs.size());
  while (workers_.size() < options_.workers) workers_.emplace_back([this] { work(); });
  for (std::size_t i = 0; i < count; ++i) {
    (jobs[i].call->request().priority == 1 ? urgent_ : queue_).push_back(std::move(jobs[i]));
  }
  jobs.erase(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(count));
  if (count > 0) ready_.notify_one();
}

VersionTotals VersionExecutor::totals() const {
  VersionTotals totals;
  for (const auto& counters : counters_) counters->add_to(totals);
  return totals;
}

std::size_t VersionExecutor::queue_length() const {
  MutexLock lock(mutex_);
  return urgent_.size() + queue_.size();
}

std::vector<Job> VersionExecutor::next_jobs() {
  MutexLock lock(mutex_);
  while (urgent_.empty() && queue_.empty() && !stopping_) ready_.wait(mutex_);
  std::vector<Job> jobs;
  auto& queue = urgent_.empty() ? queue_ : urgent_;
  if (queue.empty()) return jobs;
  const std::int64_t most_rows = servable_.batching().most_rows();
  const std::size_t count = most_rows > 1 ? shared_front(queue, most_rows) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    jobs.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  if (!urgent_.empty() || !queue_.empty()) ready_.notify_one();
  return jobs;
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
  const auto context = servable_.model().new_context();
  for (auto jobs = next_jobs(); !jobs.empty(); jobs = next_jobs()) {
    std::vector<Finished> finished;
    if (context) {
      BatchRunner(servable_, **context, clock_).run(std::move(jobs), finished);
    } else {
      for (Job& job : jobs) finished.push_back({std::move(job), context.error(), {}});
    }
    send_home(std::move(finished));
  }
}

}  // namespace modelyard::serving
