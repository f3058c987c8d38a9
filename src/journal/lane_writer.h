// LaneWriter is a thread that empties the lanes of all event loops: some milliseconds after something was put into
// one, and much at once.
//
// Threads: lane() and end_turn() on the loop whose number is given; take() and taken() on the writer, within its work;
//          the rest from any.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "journal/lane.h"

namespace modelyard::journal {

class LaneWriter {
 public:
  static constexpr std::chrono::milliseconds kGathering{50};

  class Work {
   public:
    virtual ~Work() = default;
    // Takes what is in the lanes, and keeps it. `awaited`: somebody waits in flush() for it.
    virtual void write(bool awaited) = 0;
    // After those who wait for flush() were told, at least every second. `last`: nothing comes after it.
    virtual void rest(bool last) = 0;
  };

  LaneWriter(std::size_t loops, std::size_t lane_bytes);
  // `work` outlives stop().
  void start(const std::string& thread_name, Work& work);

  std::size_t loops() const { return seats_.size(); }
  Lane& lane(std::size_t loop) { return seats_[loop]->lane; }
  // Of a loop that has put something into its lane. kHurry: somebody waits for it, or there is little room left.
  enum class Wake { kGather, kHurry };
  void end_turn(std::size_t loop, Wake how);
  // Gives every entry of a lane to `take_one`.
  template <typename TakeOne>
  void take(std::size_t loop, TakeOne take_one) {
    seats_[loop]->taken = seats_[loop]->lane.take(take_one);
  }
  std::uint64_t taken(std::size_t loop) const { return seats_[loop]->taken; }

  // Returns when what is in the lanes has been written.
  void flush();
  // Once, when the loops have ended.
  void stop();

 private:
  struct alignas(64) Seat {
    explicit Seat(std::size_t lane_bytes) : lane(lane_bytes) {}
    Lane lane;
    std::atomic<bool> writer_waits{false};  // for this loop; of its own, so that loops share no line
    std::uint64_t taken = 0;                // the position that the writer has reached
  };
  struct Pass {
    std::uint64_t flushes = 0;  // that it answers
    bool last = false;
  };
  void wake(Wake how);
  Pass wait();
  void run(Work& work);
  void tell_flushed(std::uint64_t flushes);

  std::vector<std::unique_ptr<Seat>> seats_;
  Mutex mutex_;
  CondVar wake_;
  CondVar flushed_;
  bool gathered_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool hurry_ MODELYARD_GUARDED_BY(mutex_) = false;
  bool stopping_ MODELYARD_GUARDED_BY(mutex_) = false;
  std::uint64_t flushes_asked_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::uint64_t flushes_done_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace modelyard::journal
