// A chunked body is the same text, or the same refusal, however it is split.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "edge/http/chunked_body.h"

namespace {

using namespace modelyard;

struct Outcome {
  bool bad = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string text;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view input, std::size_t piece_bytes) {
  edge::ChunkedDecoder decoder;
  Outcome outcome;
  std::size_t available = 0;
  while (available < input.size() && !decoder.done()) {
    available = std::min(input.size(), available + piece_bytes);
    while (!decoder.done()) {
      const auto step = decoder.next(input.substr(outcome.consumed, available - outcome.consumed));
      if (!step) {
        outcome.bad = true;
        outcome.consumed = 0;  // where a piece ends when the error is found may differ
        return outcome;
      }
      MODELYARD_CHECK(step->consumed <= available - outcome.consumed, "a step stays within its input");
      outcome.text += step->data;
      outcome.consumed += step->consumed;
      if (step->consumed == 0) break;
    }
  }
  outcome.done = decoder.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const Outcome whole = decode(input, size + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{16}}) {
    const Outcome pieces = decode(input, piece);
    MODELYARD_CHECK(whole.bad == pieces.bad && whole.done == pieces.done, "every split has the same end");
    if (!whole.bad) MODELYARD_CHECK(whole == pieces, "every split has the same text");
  }
  return 0;
}
