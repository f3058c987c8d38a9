// Payloads for tests.
#pragma once

#include <array>
#include <vector>

#include "journal/made_up_decisions.h"
#include "journal/payload.h"

namespace modelyard::journal {

// One prediction with an input of two rows and an output.
class MadeUpPayload {
 public:
  explicit MadeUpPayload(std::uint64_t seed, UtcTime time = utc_from_micros(kTestEpoch)) : time_(time) {
    SeededRandom random(seed);
    id_ = Uuid::make_v7(time_, random);
    for (float& value : values_) value = static_cast<float>(random.next() % 100) / 7;
  }
  MadeUpPayload(const MadeUpPayload&) = delete;  // its fields view it
  MadeUpPayload& operator=(const MadeUpPayload&) = delete;
  Payload payload() {
    Payload payload;
    payload.id = id_;
    payload.time = time_;
    payload.endpoint = "fraud";
    payload.request_id = "r-1";
    payload.unit = "customer-7";
    payload.engine = "ONNX Runtime 1.2.3";
    payload.cpu = "a cpu";
    payload.reason = Reason::kAlias;
    payload.batch_rows = 8;
    payload.row_offset = 3;
    payload.prepared = std::chrono::nanoseconds(11);
    payload.queued = std::chrono::nanoseconds(22);
    payload.computed = std::chrono::nanoseconds(33);
    payload.fields = fields_;
    return payload;
  }
  std::vector<Field>& fields() { return fields_; }

 private:
  static constexpr std::array<std::int64_t, 2> kShape{2, 3};
  static constexpr std::array<std::int64_t, 1> kRows{2};
  const UtcTime time_;
  Uuid id_;
  std::array<float, 6> values_{};
  std::array<std::int64_t, 2> classes_{1, -1};
  std::vector<Field> fields_{
      {Side::kInput, Treatment::kKept, "x", inference::DataType::kFp32, kShape, std::as_bytes(std::span(values_))},
      {Side::kOutput, Treatment::kKept, "class", inference::DataType::kInt64, kRows,
       std::as_bytes(std::span(classes_))}};
};

}  // namespace modelyard::journal
