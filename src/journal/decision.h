// Decision is the record that every prediction leaves: which version decided, when, for whom, and how it ended. It
// holds nothing of the payload.
//
// Units:     microseconds; rows of the request.
// Ownership: Decision views its texts; DecisionRecord owns them.
// Limits:    a text is cut after kMostTextBytes when it is packed.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/names.h"
#include "base/uuid.h"

namespace modelyard::journal {

struct Decision {
  static constexpr std::size_t kMostTextBytes = 255;

  Uuid id;
  UtcTime time{};  // when the answer was formed; the id is made of it
  std::string_view endpoint;
  std::string_view model;
  VersionNumber version = 0;
  std::int64_t plan_revision = 0;  // 0: the caller chose the version
  std::string_view arm;            // of an experiment or a rollout; "" without one
  std::string_view principal;      // who asked; "" when nobody is known
  std::string_view protocol;
  std::optional<Code> failure;  // none: answered
  std::chrono::microseconds latency{0};
  std::int64_t rows = 0;
};

struct DecisionRecord {
  Uuid id;
  UtcTime time{};
  std::string endpoint;
  std::string model;
  VersionNumber version = 0;
  std::int64_t plan_revision = 0;
  std::string arm;
  std::string principal;
  std::string protocol;
  std::optional<Code> failure;
  std::chrono::microseconds latency{0};
  std::int64_t rows = 0;
};

// The form in which a record goes from a loop to the writer, within one process.
inline constexpr std::size_t kMostPackedBytes = 1536;
std::size_t packed_bytes(const Decision& decision);
void pack(const Decision& decision, std::byte* to);
// Views `packed`.
Decision unpack(std::span<const std::byte> packed);

}  // namespace modelyard::journal
