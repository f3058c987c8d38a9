#include "serving/job_queue.h"

#include <algorithm>

namespace modelyard::serving {
namespace {

using lifecycle::EndpointSettings;
using lifecycle::QueuePolicy;
using lifecycle::Scheduling;

const Scheduling kDefaults;
constexpr std::chrono::milliseconds kBetweenSweeps{1};

}  // namespace

// The jobs at the front of a lane, over its levels, that would run together.
struct JobQueue::Batch {
  std::size_t jobs = 0;
  SteadyTime due = SteadyTime::min();  // not before
};

const Scheduling& JobQueue::Lane::scheduling() const {
  return settings ? settings->scheduling : kDefaults;
}

bool JobQueue::Lane::idle() const {
  return running == 0 && held.empty() &&
         std::all_of(levels.begin(), levels.end(), [](const Level& level) { return level.empty(); });
}

JobQueue::Lane& JobQueue::lane_of(const std::shared_ptr<EndpointSettings>& settings) {
  for (const auto& lane : lanes_) {
    if (lane->settings == settings) return *lane;
  }
  forget_idle_lanes();
  auto& lane = lanes_.emplace_back(std::make_unique<Lane>());
  lane->settings = settings;
  lane->levels.resize(static_cast<std::size_t>(lane->scheduling().priority_levels) + 1);
  return *lane;
}

// Settings that were replaced leave their lane behind.
void JobQueue::forget_idle_lanes() {
  std::erase_if(lanes_, [](const auto& lane) { return lane->idle(); });
}

Status JobQueue::push(Job& job, SteadyTime now, std::vector<Finished>& dropped) {
  Lane& lane = lane_of(job.settings);
  const Scheduling& scheduling = lane.scheduling();
  const int number = scheduling.level_of(job.call->request().priority);
  const QueuePolicy& policy = scheduling.policy_of(number);
  MODELYARD_TRY(make_room(lane, number, job.servable->ref(), now, dropped));
  if (policy.default_timeout.count() > 0) {
    (policy.timeout_action == QueuePolicy::TimeoutAction::kReject ? job.queue_deadline : job.delay_after) =
        now + policy.default_timeout;
  }
  lane.levels[static_cast<std::size_t>(number) - 1].push_back(std::move(job));
  ++size_;
  return ok();
}

Status JobQueue::check_room(const std::shared_ptr<EndpointSettings>& settings, const VersionRef& ref, SteadyTime now,
                            std::vector<Finished>& dropped) {
  Lane& lane = lane_of(settings);
  return make_room(lane, lane.scheduling().level_of(0), ref, now, dropped);
}

Status JobQueue::make_room(Lane& lane, int number, const VersionRef& ref, SteadyTime now,
                           std::vector<Finished>& dropped) {
  Level& level = lane.levels[static_cast<std::size_t>(number) - 1];
  const std::size_t capacity = lane.scheduling().capacity_of(number, limits_.capacity);
  if (level.size() < capacity) return ok();
  if (now >= lane.next_sweep) {
    lane.next_sweep = now + kBetweenSweeps;
    if (sweep(level, now, dropped) > 0) return ok();
  }
  return error(Code::kUnavailable, "Exceeds maximum queue size: {} requests wait for version {} of '{}'", capacity,
               ref.version, ref.model);
}

std::size_t JobQueue::sweep(Level& level, SteadyTime now, std::vector<Finished>& dropped) {
  const bool any =
      std::any_of(level.begin(), level.end(), [&](const Job& job) { return reason_to_drop(job, now).has_value(); });
  if (!any) return 0;  // the rule in an overload: nothing is moved for it
  const std::size_t before = level.size();
  Level kept;
  for (Job& job : level) {
    if (const auto reason = reason_to_drop(job, now)) {
      dropped.push_back({std::move(job), *reason, {}});
    } else {
      kept.push_back(std::move(job));
    }
  }
  level = std::move(kept);
  size_ -= before - level.size();
  return before - level.size();
}

std::vector<Finished> JobQueue::drop_cancelled() {
  std::vector<Finished> dropped;
  for (const auto& lane : lanes_) {
    for (Level& level : lane->levels) {
      const bool any = std::any_of(level.begin(), level.end(), [](const Job& job) { return job.call->cancelled(); });
      if (any) sweep(level, SteadyTime::min(), dropped);
    }
  }
  return dropped;
}

// From the front only: what is behind is looked at when it gets there.
void JobQueue::drop_late(Lane& lane, SteadyTime now, std::vector<Finished>& dropped) {
  Level& delayed = lane.levels.back();
  for (Level& level : lane.levels) {
    while (!level.empty()) {
      Job& job = level.front();
      if (const auto reason = reason_to_drop(job, now)) {
        dropped.push_back({std::move(job), *reason, {}});
        --size_;
      } else if (&level != &delayed && now >= job.delay_after) {
        delayed.push_back(std::move(job));
      } else {
        break;
      }
      level.pop_front();
    }
  }
}

JobQueue::Batch JobQueue::form(const Lane& lane, SteadyTime now, std::int64_t most_rows) const {
  const Scheduling& scheduling = lane.scheduling();
  const std::int64_t most = scheduling.most_rows(most_rows);
  const auto& preferred = scheduling.preferred_batch_size;
  Batch batch, best;
  std::int64_t rows = 0;
  SteadyTime oldest = SteadyTime::max();
  const Job* first = nullptr;
  bool complete = most <= 1;  // waiting would add nothing
  for (const Level& level : lane.levels) {
    for (const Job& job : level) {
      if (first && (complete || rows + job.rows > most || !can_share_run(*first, job))) {
        complete = true;
        break;
      }
      if (!first) first = &job;
      rows += job.rows;
      ++batch.jobs;
      oldest = std::min(oldest, job.queued_at);
      if (std::binary_search(preferred.begin(), preferred.end(), rows)) best = batch;
    }
    if (first && complete) break;
  }
  if (batch.jobs == 0) return batch;
  if (best.jobs > 0) return best;
  if (!complete && rows < most) batch.due = oldest + scheduling.max_queue_delay;
  if (batch.due <= now) batch.due = SteadyTime::min();
  return batch;
}

JobQueue::Taken JobQueue::take(SteadyTime now, std::int64_t most_rows) {
  Taken taken;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[(turn_ + i) % lanes_.size()];
    drop_late(lane, now, taken.dropped);
    const int instances = lane.scheduling().instances > 0 ? lane.scheduling().instances : limits_.instances;
    if (lane.running >= instances) continue;
    Batch batch = form(lane, now, most_rows);
    if (batch.jobs == 0) continue;
    if (batch.due > now) {
      taken.look_again = std::min(taken.look_again.value_or(SteadyTime::max()), batch.due);
      continue;
    }
    for (Level& level : lane.levels) {
      for (; !level.empty() && batch.jobs > 0; --batch.jobs, --size_, level.pop_front()) {
        Job& job = level.front();
        if (const auto reason = reason_to_drop(job, now)) {
          taken.dropped.push_back({std::move(job), *reason, {}});
        } else {
          taken.jobs.push_back(std::move(job));
        }
      }
    }
    if (taken.jobs.empty()) return taken;  // all were cancelled this very moment
    ++lane.running;
    if (lane.scheduling().preserve_ordering) taken.ticket = ++lane.tickets;
    turn_ = (turn_ + i + 1) % lanes_.size();
    return taken;
  }
  return taken;
}

std::vector<Finished> JobQueue::done(const EndpointSettings* settings, std::uint64_t ticket,
                                     std::vector<Finished> finished) {
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const auto& candidate) { return candidate->settings.get() == settings; });
  --(*lane)->running;
  if (ticket == 0) return finished;
  auto& held = (*lane)->held;
  held.emplace(ticket, std::move(finished));
  std::vector<Finished> leaving;
  for (auto next = held.begin(); next != held.end() && next->first == (*lane)->next_to_leave; next = held.erase(next)) {
    for (Finished& one : next->second) leaving.push_back(std::move(one));
    ++(*lane)->next_to_leave;
  }
  return leaving;
}

int JobQueue::instances() const {
  int most = limits_.instances;
  for (const auto& lane : lanes_) most = std::max(most, lane->scheduling().instances);
  return most;
}

}  // namespace modelyard::serving
