// What every score asks of its inputs. For the files of this folder only.
//
// Errors: InvalidArgument, in the words that the caller sees.
#pragma once

#include <span>

#include "base/result.h"

namespace modelyard::statistics {

Status check_alpha(double alpha);  // inside of 0 … 1
// At least one value; no NaN, no infinity.
Status check_values(std::span<const double> values);
// Two columns of one table, both as check_values asks.
Status check_columns(std::span<const double> a, std::span<const double> b);

}  // namespace modelyard::statistics
