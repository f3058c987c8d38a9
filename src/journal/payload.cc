#include "journal/payload.h"

#include <cstring>

namespace modelyard::journal {
namespace {

constexpr std::size_t kTexts = 6;

struct Head {
  Uuid id;
  std::int64_t time;
  std::int64_t batch_rows;
  std::int64_t row_offset;
  std::array<std::int64_t, 3> durations;
  std::uint32_t fields;
  Reason reason;
  std::array<std::uint8_t, kTexts> text_bytes;
};
struct FieldHead {
  std::uint64_t bytes;
  std::uint32_t name_bytes;
  std::uint32_t rank;
  Side side;
  Treatment treatment;
  inference::DataType type;
};
static_assert(std::is_trivially_copyable_v<Head> && std::is_trivially_copyable_v<FieldHead>);

std::array<std::string_view, kTexts> texts_of(const Payload& payload) {
  std::array texts{payload.endpoint, payload.request_id, payload.trace_id, payload.unit, payload.engine, payload.cpu};
  for (std::string_view& text : texts) text = text.substr(0, Payload::kMostTextBytes);
  return texts;
}

std::byte* put_bytes(std::byte* at, const void* from, std::size_t bytes) {
  if (bytes > 0) std::memcpy(at, from, bytes);
  return at + bytes;
}

// Takes values off the front of what pack() has made.
class Taker {
 public:
  explicit Taker(std::span<const std::byte> bytes) : at_(bytes.data()) {}
  template <typename T>
  T value() {
    T taken;
    std::memcpy(static_cast<void*>(&taken), at_, sizeof taken);
    at_ += sizeof taken;
    return taken;
  }
  std::string_view text(std::size_t bytes) {
    const auto* const begin = reinterpret_cast<const char*>(std::exchange(at_, at_ + bytes));
    return {begin, bytes};
  }
  std::span<const std::byte> bytes(std::size_t bytes) { return {std::exchange(at_, at_ + bytes), bytes}; }

 private:
  const std::byte* at_;
};

Field take_field(Taker& taker, std::span<std::int64_t> dims) {
  const auto head = taker.value<FieldHead>();
  Field field{head.side, head.treatment, taker.text(head.name_bytes), head.type, {}, {}};
  for (std::uint32_t i = 0; i < head.rank; ++i) dims[i] = taker.value<std::int64_t>();
  field.shape = dims.first(head.rank);
  field.bytes = taker.bytes(head.bytes);
  return field;
}

}  // namespace

std::string_view side_name(Side side) {
  return side == Side::kInput ? "input" : "output";
}

std::string_view treatment_name(Treatment treatment) {
  switch (treatment) {
    case Treatment::kKept: return "kept";
    case Treatment::kMasked: return "masked";
    case Treatment::kHashed: return "hashed";
    case Treatment::kTooLarge: return "too_large";
  }
  return "?";
}

std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kPlan: return "plan";
    case Reason::kVersion: return "version";
    case Reason::kAlias: return "alias";
  }
  return "?";
}

std::size_t packed_bytes(const Payload& payload) {
  std::size_t bytes = sizeof(Head);
  for (const std::string_view text : texts_of(payload)) bytes += text.size();
  for (const Field& field : payload.fields) {
    bytes += sizeof(FieldHead) + field.name.size() + field.shape.size() * sizeof(std::int64_t) + field.bytes.size();
  }
  return bytes;
}

void pack(const Payload& payload, std::byte* to) {
  const auto texts = texts_of(payload);
  Head head{payload.id,
            utc_micros(payload.time),
            payload.batch_rows,
            payload.row_offset,
            {payload.prepared.count(), payload.queued.count(), payload.computed.count()},
            static_cast<std::uint32_t>(payload.fields.size()),
            payload.reason,
            {}};
  std::byte* at = to + sizeof head;
  for (std::size_t i = 0; i < kTexts; ++i) {
    head.text_bytes[i] = static_cast<std::uint8_t>(texts[i].size());
    at = put_bytes(at, texts[i].data(), texts[i].size());
  }
  std::memcpy(to, &head, sizeof head);
  for (const Field& field : payload.fields) {
    const FieldHead field_head{field.bytes.size(),
                               static_cast<std::uint32_t>(field.name.size()),
                               static_cast<std::uint32_t>(field.shape.size()),
                               field.side,
                               field.treatment,
                               field.type};
    at = put_bytes(at, &field_head, sizeof field_head);
    at = put_bytes(at, field.name.data(), field.name.size());
    at = put_bytes(at, field.shape.data(), field.shape.size() * sizeof(std::int64_t));
    at = put_bytes(at, field.bytes.data(), field.bytes.size());
  }
}

Payload unpack_payload(std::span<const std::byte> packed, FieldRoom& room) {
  Taker taker(packed);
  const auto head = taker.value<Head>();
  std::array<std::string_view, kTexts> texts;
  for (std::size_t i = 0; i < kTexts; ++i) texts[i] = taker.text(head.text_bytes[i]);
  room.fields.clear();
  room.dims.resize(head.fields * inference::kMaxRank);
  for (std::size_t i = 0; i < head.fields; ++i) {
    const auto dims = std::span(room.dims).subspan(i * inference::kMaxRank, inference::kMaxRank);
    room.fields.push_back(take_field(taker, dims));
  }
  return {head.id,
          utc_from_micros(head.time),
          texts[0],
          texts[1],
          texts[2],
          texts[3],
          texts[4],
          texts[5],
          head.reason,
          head.batch_rows,
          head.row_offset,
          std::chrono::nanoseconds(head.durations[0]),
          std::chrono::nanoseconds(head.durations[1]),
          std::chrono::nanoseconds(head.durations[2]),
          room.fields};
}

}  // namespace modelyard::journal
