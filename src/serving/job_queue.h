// JobQueue holds the requests that wait for a version's workers, and decides what runs next, together. Pure: it asks no
// clock and starts no thread.
//
// Order:   endpoints that share a version take turns. Within one: by priority level, first in, first out; what has
//          waited beyond its policy's timeout is dropped, or goes behind the others. What waits together and may share
//          a run does, up to the batch size.
// Errors:  Unavailable when a level's queue is full. Before that, what nobody waits for any more is swept out, though
//          not again within a millisecond: in an overload each request would look through the whole queue.
// Threads: its owner's lock.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "serving/batch.h"

namespace modelyard::serving {

struct QueueLimits {
  std::size_t capacity = 256;  // of a level whose policy names none
  int instances = 1;           // runs at the same time, of an endpoint that names none
};

class JobQueue {
 public:
  explicit JobQueue(QueueLimits limits) : limits_(limits) {}

  // Takes the job, or leaves it and says why. What is swept out to make room is added to `dropped`.
  Status push(Job& job, SteadyTime now, std::vector<Finished>& dropped);

  // The same for a job of no named priority that is still to come.
  Status check_room(const std::shared_ptr<lifecycle::EndpointSettings>& settings, const VersionRef& ref, SteadyTime now,
                    std::vector<Finished>& dropped);

  struct Taken {
    std::vector<Job> jobs;                 // to run now, together; empty: nothing is due
    std::vector<Finished> dropped;         // too late, or given up
    std::optional<SteadyTime> look_again;  // when waiting jobs fall due
    std::uint64_t ticket = 0;              // of jobs whose answers must leave in order; 0: of none
  };
  Taken take(SteadyTime now, std::int64_t most_rows);
  // After a run: lets its endpoint have another, and says what may leave now.
  std::vector<Finished> done(const lifecycle::EndpointSettings* settings, std::uint64_t ticket,
                             std::vector<Finished> finished);

  // Takes out what was cancelled.
  std::vector<Finished> drop_cancelled();
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Workers that endpoints with jobs ask for.
  int instances() const;

 private:
  using Level = std::deque<Job>;
  // The jobs of one endpoint.
  struct Lane {
    std::shared_ptr<lifecycle::EndpointSettings> settings;  // null: the defaults
    std::vector<Level> levels;                              // [0] is level 1; the last one is of delayed jobs
    int running = 0;
    SteadyTime next_sweep = SteadyTime::min();
    std::uint64_t tickets = 0, next_to_leave = 1;
    std::map<std::uint64_t, std::vector<Finished>> held;  // finished out of order

    const lifecycle::Scheduling& scheduling() const;
    bool idle() const;
  };
  struct Batch;

  Lane& lane_of(const std::shared_ptr<lifecycle::EndpointSettings>& settings);
  Status make_room(Lane& lane, int number, const VersionRef& ref, SteadyTime now, std::vector<Finished>& dropped);
  std::size_t sweep(Level& level, SteadyTime now, std::vector<Finished>& dropped);
  void drop_late(Lane& lane, SteadyTime now, std::vector<Finished>& dropped);
  Batch form(const Lane& lane, SteadyTime now, std::int64_t most_rows) const;
  void forget_idle_lanes();

  const QueueLimits limits_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // few: endpoints of one version
  std::size_t turn_ = 0;
  std::size_t size_ = 0;
};

}  // namespace modelyard::serving
