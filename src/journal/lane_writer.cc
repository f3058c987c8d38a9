#include "journal/lane_writer.h"

#include "base/thread_name.h"

namespace modelyard::journal {
namespace {

constexpr std::chrono::seconds kLongestRest{1};

}  // namespace

LaneWriter::LaneWriter(std::size_t loops, std::size_t lane_bytes) {
  for (std::size_t i = 0; i < loops; ++i) seats_.push_back(std::make_unique<Seat>(lane_bytes));
}

void LaneWriter::start(const std::string& thread_name, Work& work) {
  thread_ = std::thread([this, thread_name, &work] {
    name_thread(thread_name.c_str());
    run(work);
  });
}

void LaneWriter::end_turn(std::size_t loop, Wake how) {
  if (how == Wake::kHurry) return wake(how);
  // Either the writer sees what was committed before it waits, or this sees that it waits: of two exchanges one is
  // first.
  if (seats_[loop]->writer_waits.exchange(false, std::memory_order_acq_rel)) wake(how);
}

void LaneWriter::wake(Wake how) {
  {
    MutexLock lock(mutex_);
    gathered_ = true;
    hurry_ = hurry_ || how == Wake::kHurry;
  }
  wake_.notify_one();  // without the lock, which the writer wants at once
}

void LaneWriter::flush() {
  MutexLock lock(mutex_);
  if (stopping_) return;
  const std::uint64_t mine = ++flushes_asked_;
  gathered_ = hurry_ = true;
  wake_.notify_one();
  while (flushes_done_ < mine) flushed_.wait(mutex_);
}

void LaneWriter::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

// Until there is something to write, or to tidy up.
LaneWriter::Pass LaneWriter::wait() {
  bool has_some = false;
  for (const auto& seat : seats_) {
    seat->writer_waits.exchange(true, std::memory_order_acq_rel);
    has_some = has_some || seat->lane.committed() != seat->taken;
  }
  MutexLock lock(mutex_);
  if (!has_some && !gathered_ && !stopping_) wake_.wait_for(mutex_, kLongestRest);
  for (const auto& seat : seats_) seat->writer_waits.exchange(false, std::memory_order_acq_rel);
  const auto end = std::chrono::steady_clock::now() + kGathering;
  while (!hurry_ && !stopping_ && std::chrono::steady_clock::now() < end) {
    wake_.wait_for(mutex_, end - std::chrono::steady_clock::now());
  }
  gathered_ = hurry_ = false;
  return {flushes_asked_, stopping_};
}

void LaneWriter::tell_flushed(std::uint64_t flushes) {
  MutexLock lock(mutex_);
  flushes_done_ = flushes;
  flushed_.notify_all();
}

void LaneWriter::run(Work& work) {
  std::uint64_t told = 0;
  for (;;) {
    const Pass pass = wait();
    work.write(pass.flushes != told);
    tell_flushed(told = pass.flushes);
    work.rest(pass.last);
    if (!pass.last) continue;
    MutexLock lock(mutex_);
    flushes_done_ = flushes_asked_;
    return flushed_.notify_all();
  }
}

}  // namespace modelyard::journal
