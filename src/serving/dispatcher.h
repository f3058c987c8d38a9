// Dispatcher takes requests of one event loop to the versions that answer them: admit, route, check, run.
//
// Threads: its loop's only; in_flight() and the like from any.
// Order:   refresh() between turns. A Route is valid until the next refresh().
// Errors:  NotFound for names and versions that are not known, Unavailable for a version that is not ready or a full
//          queue, ResourceExhausted for the loop's share of requests or bytes in flight, DeadlineExceeded,
//          InvalidArgument for inputs that do not fit.
// Requests of one version that come within a turn are gathered and share a run, when the version may be batched. Runs
// whose predicted cost is below the limit run here, the others go to the version's workers and come back through Post.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/random.h"
#include "serving/call.h"
#include "serving/route.h"
#include "serving/shadows.h"
#include "serving/tap.h"
#include "serving/version_executor.h"

namespace modelyard::serving {

struct DispatcherOptions {
  std::size_t loop_index = 0;
  std::size_t most_in_flight = 4096;            // this loop's share
  std::size_t most_in_flight_bytes = 1u << 30;  // this loop's share
  std::chrono::nanoseconds inline_below = std::chrono::microseconds(50);
  Tap* tap = nullptr;  // outlives the dispatcher
};

class Dispatcher final : public JobHome {
 public:
  Dispatcher(DispatcherOptions options, lifecycle::PublishedTable& table, lifecycle::TableReader& reader, Post post,
             const Clock& clock, Random& random);

  // Takes a newer table, if there is one, and says so.
  void refresh();
  const lifecycle::ServingTable& table() const { return *table_; }

  Result<Route> route(std::string_view endpoint, const inference::VersionChoice& choice,
                      const rollout::RequestKeys& keys) {
    return serving::route(*table_, endpoint, choice, keys, random_.next());
  }
  // Asked before a request is decoded: Unavailable, and counted, when its queue is full, so that refusing costs a
  // fraction of serving. submit() judges for good.
  Status check_room(const Route& route, Protocol protocol, std::string_view body);
  // Of a request that had a version and did not become a call, for what it carries.
  void count_failure(const Route& route, Protocol protocol, Code code);
  // The taps' business with it. Its time is now.
  void tell_refused(Refused refused);
  // The call is answered or failed exactly once: before this returns, in end_turn(), or in a later turn of this loop.
  void submit(const Route& route, CallPtr call);
  // What calls of this loop are made in.
  CallBlocks& call_blocks() { return call_blocks_; }

  // Runs what this turn has gathered. Whether there was anything.
  bool end_turn();

  void on_done(std::vector<Finished> finished) override;

  // Answers that wait for this ticket of the tap, or an earlier one, leave; those whose record was promised and is
  // lost become failures.
  enum class Records { kKept, kLost };
  void release(std::uint64_t ticket, Records records);

  // Clients have left: ends the waiting of their requests.
  void drop_cancelled();

  // New requests are refused from now on.
  void begin_drain() { draining_ = true; }
  std::uint64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  VersionCounters& counters(lifecycle::Servable& servable);

 private:
  Status admit(const Route& route, const Call& call, SteadyTime now);
  // Whether its record must be kept, and can be.
  Status promise_record(Job& job);
  Status check(const Route& route, Call& call);
  // Jobs of one version, gathered within a turn.
  struct Gathered {
    lifecycle::Servable* servable = nullptr;
    std::vector<Job> jobs;  // of one endpoint
    std::int64_t rows = 0;
  };
  void say_route(const Route& route, Job& job) const;
  bool answer_from_cache(Job& job);
  void start(Job&& job);
  void gather(lifecycle::Servable& servable, Job job);
  void run(Gathered gathered);
  void run_here(Gathered& gathered);
  void enqueue(Gathered gathered);
  void refuse(Job job, const Error& why);
  void complete(Finished& finished);
  // True when the stable version was asked instead; the caller need not know.
  bool fall_back(Finished& finished);
  void send_to_shadows(const Finished& finished);
  // Answers or fails the call.
  void deliver(Finished& finished, const Uuid& prediction_id);
  std::uint64_t tell_tap(const Finished& finished, const Uuid& prediction_id, UtcTime now);
  static Ended ended_of(const Finished& finished, const Uuid& prediction_id, UtcTime now);
  Result<backend::ExecutionContext*> context_of(lifecycle::Servable& servable);

  CallBlocks call_blocks_;  // outlive the calls of everything below
  const DispatcherOptions options_;
  lifecycle::PublishedTable& published_;
  lifecycle::TableReader& reader_;
  const Post post_;
  const Clock& clock_;
  Random& random_;
  bool draining_ = false;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const lifecycle::ServingTable> table_;
  std::unordered_map<const lifecycle::Servable*, std::unique_ptr<backend::ExecutionContext>> contexts_;
  // An answer that the tap keeps back.
  struct Held {
    std::uint64_t ticket = 0;
    Uuid prediction_id;
    Finished finished;
  };
  std::deque<Held> held_;
  std::vector<Gathered> gathered_;
  std::vector<Gathered> running_;  // empty between turns
  SpareLists<Job> spare_jobs_;
  SpareLists<Finished> spare_finished_;
  SpareOutputs spare_outputs_;
  Shadows shadows_;
  // Written by this loop alone; atomics, because metrics read them.
  std::atomic<std::uint64_t> in_flight_{0};
  std::atomic<std::uint64_t> in_flight_bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace modelyard::serving
