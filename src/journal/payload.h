// Payload is what one prediction was asked and what it answered, as far as its endpoint's capture lets it be kept.
//
// Units:     nanoseconds; rows. Values lie as inference/data_type.h says.
// Ownership: Payload views everything; PayloadRecord owns it.
// Limits:    a text is cut after kMostTextBytes when it is packed.
#pragma once

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "inference/data_type.h"
#include "inference/shape.h"

namespace modelyard::journal {

enum class Side : std::uint8_t { kInput, kOutput };
// What became of a field's values on their way to disk. The numbers are the format's.
enum class Treatment : std::uint8_t {
  kKept = 1,
  kMasked = 2,    // only datatype and shape
  kHashed = 3,    // each element is replaced by a text that its value and the journal's key give
  kTooLarge = 4,  // only datatype and shape
};
std::string_view side_name(Side side);
std::string_view treatment_name(Treatment treatment);

struct Field {
  Side side{};
  Treatment treatment{};
  std::string_view name;
  inference::DataType type{};
  inference::ShapeView shape;
  std::span<const std::byte> bytes;  // empty unless kept, or to be hashed
};

// How a request got to its version.
enum class Reason : std::uint8_t { kPlan, kVersion, kAlias };
std::string_view reason_name(Reason reason);

struct Payload {
  static constexpr std::size_t kMostTextBytes = 255;

  Uuid id;
  UtcTime time{};  // the id is made of it
  std::string_view endpoint;
  std::string_view request_id;
  std::string_view trace_id;  // W3C; "" when none was sent
  std::string_view unit;      // whom or what it is about; "" when nobody said
  std::string_view engine;    // name and version
  std::string_view cpu;       // its model
  Reason reason{};
  std::int64_t batch_rows = 0;  // of the run that it was part of; 0: there was no run
  std::int64_t row_offset = 0;  // of its first row in that run
  std::chrono::nanoseconds prepared{0}, queued{0}, computed{0};
  std::span<const Field> fields;
};

struct FieldRecord {
  Side side{};
  Treatment treatment{};
  std::string name;
  inference::DataType type{};  // of a hashed field: kBytes
  inference::Shape shape;
  std::string bytes;
};

struct PayloadRecord {
  Uuid id;
  UtcTime time{};
  std::string request_id, trace_id, unit, engine, cpu;
  Reason reason{};
  std::int64_t batch_rows = 0, row_offset = 0;
  std::chrono::nanoseconds prepared{0}, queued{0}, computed{0};
  std::vector<FieldRecord> fields;
};

// The form in which one goes from a loop to the writer, within one process.
std::size_t packed_bytes(const Payload& payload);
void pack(const Payload& payload, std::byte* to);
// Views `packed`; its fields and their shapes are put into memory of `room`, which is used again.
struct FieldRoom {
  std::vector<Field> fields;
  std::vector<std::int64_t> dims;
};
Payload unpack_payload(std::span<const std::byte> packed, FieldRoom& room);

}  // namespace modelyard::journal
