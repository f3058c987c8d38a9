// What sources of external signals answer is refused or understood: a number that is finite, in words that can be kept.
// The first byte says who answers; 'q' is a query, which is filled in.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "app/server/signal_sources/answers.h"
#include "base/names.h"
#include "rollout/gates/signal_query.h"

using namespace modelyard;

namespace {

void check_words(std::string_view words) {
  MODELYARD_CHECK(words.size() <= app::kMostWords, "words are few");
  MODELYARD_CHECK(is_valid_utf8(words), "words can be written as JSON");
  MODELYARD_CHECK(words.find('\n') == words.npos, "words are one line");
}

void check(const Result<control::SignalAnswer>& answer) {
  if (!answer) return;
  MODELYARD_CHECK(!answer->value || std::isfinite(*answer->value), "a value is finite");
  MODELYARD_CHECK(answer->value || !answer->reason.empty(), "what lacks a value says why");
  check_words(answer->reason);
  check_words(answer->warning);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'p':
      check(app::read_prometheus_answer(text));
      check_words(app::prometheus_refusal(400, text));
      break;
    case 'w': check(app::read_webhook_answer(text)); break;
    case 'q': (void)rollout::fill_query(text, {.endpoint = "shop", .model = "loans"}).has_value(); break;
    default: break;
  }
  return 0;
}
