#include "journal/decision.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace modelyard::journal {
namespace {

struct Head {
  Uuid id;
  std::int64_t time;
  std::int64_t version;
  std::int64_t plan_revision;
  std::int64_t latency;
  std::int64_t rows;
  std::uint8_t outcome;  // 0: answered, else 1 + the code
  std::array<std::uint8_t, 5> text_bytes;
};
static_assert(std::is_trivially_copyable_v<Head>);
static_assert(sizeof(Head) + 5 * Decision::kMostTextBytes + 64 <= kMostPackedBytes);  // with what a lane adds

std::size_t bytes_of(std::string_view text) {
  return std::min(text.size(), Decision::kMostTextBytes);
}

}  // namespace

std::size_t packed_bytes(const Decision& decision) {
  return sizeof(Head) + bytes_of(decision.endpoint) + bytes_of(decision.model) + bytes_of(decision.arm) +
         bytes_of(decision.principal) + bytes_of(decision.protocol);
}

void pack(const Decision& decision, std::byte* to) {
  Head head{decision.id,
            utc_micros(decision.time),
            decision.version,
            decision.plan_revision,
            decision.latency.count(),
            decision.rows,
            decision.failure ? static_cast<std::uint8_t>(1 + static_cast<int>(*decision.failure)) : std::uint8_t{0},
            {}};
  std::byte* at = to + sizeof head;
  std::size_t place = 0;
  for (const std::string_view text :
       {decision.endpoint, decision.model, decision.arm, decision.principal, decision.protocol}) {
    const std::size_t bytes = bytes_of(text);
    head.text_bytes[place++] = static_cast<std::uint8_t>(bytes);
    if (bytes > 0) std::memcpy(at, text.data(), bytes);
    at += bytes;
  }
  std::memcpy(to, &head, sizeof head);
}

Decision unpack(std::span<const std::byte> packed) {
  Head head;
  std::memcpy(static_cast<void*>(&head), packed.data(), sizeof head);
  const char* at = reinterpret_cast<const char*>(packed.data()) + sizeof head;
  std::array<std::string_view, 5> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = {at, head.text_bytes[i]};
    at += head.text_bytes[i];
  }
  Decision decision;
  decision.id = head.id;
  decision.time = utc_from_micros(head.time);
  decision.endpoint = texts[0];
  decision.model = texts[1];
  decision.version = head.version;
  decision.plan_revision = head.plan_revision;
  decision.arm = texts[2];
  decision.principal = texts[3];
  decision.protocol = texts[4];
  if (head.outcome != 0) decision.failure = static_cast<Code>(head.outcome - 1);
  decision.latency = std::chrono::microseconds(head.latency);
  decision.rows = head.rows;
  return decision;
}

}  // namespace modelyard::journal
