// What the parsers of rollouts take can be written, and read again as the same; the first byte says which.
#include <cstdint>
#include <string_view>

#include "rollout/gates/course.h"
#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"
#include "rollout/machine/spec.h"
#include "rollout/traffic_plan.h"

using namespace modelyard;

namespace {

void read_gate(std::string_view text) {
  const auto gate = rollout::parse_gate(text);
  if (!gate) return;
  const std::string written = rollout::canonical_text(*gate);
  const auto again = rollout::parse_gate(written);
  MODELYARD_CHECK(again.has_value(), "a written gate can be read");
  MODELYARD_CHECK(rollout::canonical_text(*again) == written, "there is one way to write it");
  MODELYARD_CHECK(again->limit == gate->limit && again->least_samples == gate->least_samples, "nothing is lost");
}

void read_spec(const Json& document) {
  const auto spec = rollout::parse_rollout_spec(document);
  if (!spec) return;
  const auto again = rollout::parse_rollout_spec(rollout::to_json(*spec));
  MODELYARD_CHECK(again.has_value(), "a written spec can be read");
  MODELYARD_CHECK(*again == *spec, "nothing is lost on the way");
}

void read_plan(const Json& document) {
  const auto plan = rollout::parse_traffic_plan(document, "fraud", "fraud", 1);
  if (!plan) return;
  const auto again = rollout::parse_traffic_plan(rollout::to_json(*plan), "fraud", "fraud", 1);
  MODELYARD_CHECK(again.has_value(), "a written plan can be read");
  MODELYARD_CHECK(*again == *plan, "nothing is lost on the way");
}

// Of what cannot be compared but by what is written.
template <typename Parse>
void read_written(const Json& document, Parse parse) {
  const auto value = parse(document, "value");
  if (!value) return;
  const Json written = rollout::to_json(*value);
  const auto again = parse(written, "value");
  MODELYARD_CHECK(again.has_value(), "what is written can be read");
  MODELYARD_CHECK(rollout::to_json(*again) == written, "nothing is lost on the way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'g') {
    read_gate(text);
    return 0;
  }
  const auto document = parse_json(text);
  if (!document) return 0;
  switch (data[0]) {
    case 's': read_spec(*document); break;
    case 'p': read_plan(*document); break;
    case 'c': read_written(*document, rollout::parse_courses); break;
    default: read_written(*document, rollout::parse_evidence);
  }
  return 0;
}
