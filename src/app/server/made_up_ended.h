// A request of endpoint "e" that has been answered by version 3 of model "m", for tests of taps.
#pragma once

#include "serving/tap.h"

namespace modelyard::app {

struct MadeUpEnded {
  inference::InferRequest request;
  lifecycle::Servable servable{{"m", 3}, {}, nullptr, {}};
  serving::Durations durations{.queued = std::chrono::microseconds(2),
                               .prepared = std::chrono::microseconds(1),
                               .computed = std::chrono::microseconds(4),
                               .total = std::chrono::microseconds(9)};
  serving::Ended ended{.request = request, .servable = servable, .durations = durations};

  MadeUpEnded() {
    request.endpoint = "e";
    ended.prediction_id = *Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057");
    ended.time = utc_from_micros(1'000'000);
    ended.rows = 2;
    ended.place = {5, 0};
  }
};

}  // namespace modelyard::app
