// Taps tells several taps of one loop how each request has ended.
//
// Order:   the keeper first. It alone promises records and may hold an answer back; what the others answer is not
//          looked at.
// Threads: of one loop, as its taps.
#pragma once

#include <vector>

#include "serving/tap.h"

namespace modelyard::app {

class Taps final : public serving::Tap {
 public:
  // `keeper` null: nothing keeps records. All of them outlive it.
  Taps(serving::Tap* keeper, std::vector<serving::Tap*> listeners)
      : keeper_(keeper), listeners_(std::move(listeners)) {}

  Status promise() override { return keeper_ != nullptr ? keeper_->promise() : Status(serving::no_record_is_kept()); }

  std::uint64_t on_end(const serving::Ended& ended) override {
    const std::uint64_t ticket = keeper_ != nullptr ? keeper_->on_end(ended) : 0;
    for (serving::Tap* const listener : listeners_) listener->on_end(ended);
    return ticket;
  }

  void on_fallback(const serving::Ended& ended) override {
    for (serving::Tap* const listener : listeners_) listener->on_fallback(ended);
  }

  void on_shadow(const serving::Shadowed& shadowed) override {
    for (serving::Tap* const listener : listeners_) listener->on_shadow(shadowed);
  }

  void on_refused(const serving::Refused& refused) override {
    if (keeper_ != nullptr) keeper_->on_refused(refused);
    for (serving::Tap* const listener : listeners_) listener->on_refused(refused);
  }

 private:
  serving::Tap* const keeper_;
  const std::vector<serving::Tap*> listeners_;
};

}  // namespace modelyard::app
