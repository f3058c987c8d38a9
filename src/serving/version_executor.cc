#include "serving/version_executor.h"

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

bool VersionExecutor::submit(Job& job) {
  MutexLock lock(mutex_);
  if (urgent_.size() + queue_.size() >= options_.queue_capacity) return false;
  while (workers_.size() < options_.workers) workers_.emplace_back([this] { work(); });
  (job.call->request().priority == 1 ? urgent_ : queue_).push_back(std::move(job));
  ready_.notify_one();
  return true;
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

std::optional<Job> VersionExecutor::next_job() {
  MutexLock lock(mutex_);
  while (urgent_.empty() && queue_.empty() && !stopping_) ready_.wait(mutex_);
  if (urgent_.empty() && queue_.empty()) return std::nullopt;
  auto& queue = urgent_.empty() ? queue_ : urgent_;
  std::optional<Job> job(std::move(queue.front()));
  queue.pop_front();
  return job;
}

Status VersionExecutor::run(backend::ExecutionContext& context, const Job& job, SteadyTime now,
                            std::vector<inference::Tensor>& outputs) {
  if (job.call->cancelled()) return error(Code::kCancelled, "the client has left");
  const auto& deadline = job.call->request().deadline;
  if (deadline && now >= *deadline) return error(Code::kDeadlineExceeded, "Request timeout expired");
  return context.run(job.call->request().inputs, job.wanted, outputs);
}

void VersionExecutor::work() {
  const auto context = servable_.model().new_context();
  while (auto job = next_job()) {
    Durations durations;
    const SteadyTime began = clock_.steady_now();
    durations.prepared = job->queued_at - job->submitted;
    durations.queued = began - job->queued_at;
    std::vector<inference::Tensor> outputs;
    const Status outcome = context ? run(**context, *job, began, outputs) : Status(context.error());
    durations.computed = clock_.steady_now() - began;
    if (outcome) servable_.cost().learn(job->rows, durations.computed);
    JobHome* home = job->home;
    if (outcome) {
      home->on_done(std::move(*job), std::move(outputs), durations);
    } else {
      home->on_done(std::move(*job), outcome.error(), durations);
    }
  }
}

}  // namespace modelyard::serving
