// Tap is told how every request that was taken in has ended, when its answer has been formed and before it leaves; and
// of those that were not taken in.
//
// Threads:   on the request's loop, one tap for each. It must not block.
// Ownership: what Ended refers to is valid during the call only.
#pragma once

#include <optional>

#include "inference/request.h"
#include "lifecycle/servable.h"
#include "serving/batch.h"

namespace modelyard::serving {

struct Ended {
  const inference::InferRequest& request;
  const std::vector<inference::Tensor>* outputs = nullptr;  // null: it failed
  const lifecycle::Servable& servable;
  const lifecycle::EndpointSettings* settings = nullptr;  // null: the defaults
  std::int64_t plan_revision = 0;                         // 0: the caller chose the version
  bool by_alias = false;                                  // the caller chose it by an alias
  rollout::Arm arm = rollout::Arm::kNone;
  bool exposed = false;         // it counts for the rollout
  std::uint64_t unit_hash = 0;  // of an arm: where the unit stands
  Protocol protocol{};
  Uuid prediction_id;
  UtcTime time{};  // the id's
  std::int64_t rows = 0;
  const Durations& durations;
  PlaceInRun place;
  std::optional<Code> failure;  // none: answered
  bool promised = false;        // promise() was kept for it
};

// Its name was not known, it could not be read, or there was no room.
struct Refused {
  std::string_view endpoint;  // as the caller says it
  std::string_view request_id;
  std::string_view traceparent;
  std::string_view tracestate;
  const lifecycle::Servable* servable = nullptr;  // null: no version was found
  Protocol protocol{};
  Code code{};
  UtcTime time{};
  std::chrono::nanoseconds took{0};  // 0: refused at once
};

// Of larger outputs so many numbers are looked at for NaN and infinities.
inline constexpr std::size_t kMostLookedAt = 4096;

// What came of the copy of an answered request that a plan's shadow was to get.
struct Shadowed {
  enum class Outcome : std::uint8_t {
    kDropped,  // there was no room for it
    kFailed,
    kAlike,  // as shadows.h says
    kUnlike,
  };
  std::string endpoint;
  std::int64_t plan_revision = 0;
  VersionNumber version = 0;    // the shadow
  std::uint64_t unit_hash = 0;  // of the request
  Outcome outcome = Outcome::kDropped;
  bool nonfinite = false;
};

// Why a request is refused whose record must not be lost, when nothing keeps records.
inline Error no_record_is_kept() {
  return Error(Code::kUnavailable,
               "this endpoint answers nothing without a record, and the setting 'journal' is false");
}

class Tap {
 public:
  virtual ~Tap() = default;
  // Asked before a request is taken whose record must not be lost; on_end() follows exactly once, unless this is an
  // error: Unavailable, and the request is refused.
  virtual Status promise() = 0;
  // 0: the answer may leave. Else it waits until the dispatcher is told that this ticket, or a later one, is released.
  // Tickets grow.
  virtual std::uint64_t on_end(const Ended& ended) = 0;
  virtual void on_refused(const Refused&) {}
  // The version that was asked has failed, and another one is asked before the caller is told; on_end() follows.
  virtual void on_fallback(const Ended&) {}
  virtual void on_shadow(const Shadowed&) {}
};

}  // namespace modelyard::serving
