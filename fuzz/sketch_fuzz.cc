// A sketch that was accepted can be used, merged and written, whoever wrote it.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "statistics/sketches/distinct.h"
#include "statistics/sketches/frequent.h"
#include "statistics/sketches/histogram.h"
#include "statistics/sketches/moments.h"
#include "statistics/sketches/quantiles.h"

namespace {

using namespace modelyard::statistics;

// Merging may refuse, as when counts grow too large.
template <typename Sketch>
void merge(Sketch& into, const Sketch& other) {
  (void)into.merge(other).has_value();
}
void merge(Distinct& into, const Distinct& other) {
  into.merge(other);
}

template <typename Sketch, typename Use>
void try_as(std::string_view bytes, Use use) {
  auto sketch = Sketch::parse(bytes);
  if (!sketch) return;
  MODELYARD_CHECK(Sketch::parse(sketch->serialize()).has_value(), "a written sketch can be read");
  Sketch merged = *sketch;
  for (int i = 0; i < 3; ++i) {
    const Sketch before = merged;
    merge(merged, before);
  }
  MODELYARD_CHECK(Sketch::parse(merged.serialize()).has_value(), "a merged sketch can be read");
  use(merged);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_as<Moments>(bytes, [](Moments& sketch) {
    sketch.add(1);
    (void)sketch.excess_kurtosis();
  });
  try_as<Quantiles>(bytes, [](Quantiles& sketch) {
    for (int i = 0; i < 300; ++i) sketch.add(i);
    MODELYARD_CHECK(sketch.quantile(0.5) >= sketch.smallest(), "a quantile lies within the extremes");
    MODELYARD_CHECK(sketch.rank(sketch.largest()) <= 1, "a rank is a share");
  });
  try_as<Distinct>(bytes, [](Distinct& sketch) {
    sketch.add(1.0);
    MODELYARD_CHECK(sketch.estimate() >= 0, "an estimate is a number");
  });
  try_as<Frequent>(bytes, [](Frequent& sketch) {
    sketch.add("text");
    (void)sketch.entries();
  });
  try_as<Histogram>(bytes, [](Histogram& sketch) { sketch.add(1); });
  return 0;
}
