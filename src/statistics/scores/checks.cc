#include "statistics/scores/checks.h"

#include <cmath>

namespace modelyard::statistics {

Status check_alpha(double alpha) {
  if (alpha > 0 && alpha < 1) return ok();
  return error(Code::kInvalidArgument, "alpha must lie in (0, 1), not {}", alpha);
}

Status check_values(std::span<const double> values) {
  if (values.empty()) return error(Code::kInvalidArgument, "there are no rows");
  for (const double value : values) {
    if (!std::isfinite(value)) return error(Code::kInvalidArgument, "{} cannot be scored; leave it out", value);
  }
  return ok();
}

Status check_columns(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) {
    return error(Code::kInvalidArgument, "{} values on one side, {} on the other", a.size(), b.size());
  }
  MODELYARD_TRY(check_values(a));
  return check_values(b);
}

}  // namespace modelyard::statistics
