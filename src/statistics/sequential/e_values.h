// E-values: evidence against a hypothesis whose mean under it is at most 1, so that E ≥ 1/alpha rejects. They are merged
// more freely than p-values, and are given here as natural logarithms.
//
// Errors:  InvalidArgument for shares that do not sum to 1, counts and shares of different number.
// Sources: Vovk & Wang, E-values: Calibration, Combination and Applications, Ann. Statist. 2021 (mean_of); Wang & Ramdas,
//          False Discovery Rate Control with E-values, JRSS B 2022 (e_benjamini_hochberg); Lindon & Malek, Anytime-Valid
//          Inference for Multinomial Count Data, NeurIPS 2022 (split_log_e).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

// Of one hypothesis, whatever they have to do with one another.
double mean_of(std::span<const double> log_e);
// Of one hypothesis, when each was found with knowledge of nothing but those before.
double product_of(std::span<const double> log_e);

// Which of many hypotheses are rejected, so that on average at most a share alpha of them is so wrongly, whatever the
// dependence.
std::vector<bool> e_benjamini_hochberg(std::span<const double> log_e, double alpha);

// Whether units were assigned to arms with the shares that were promised (sample-ratio mismatch): evidence that may be
// looked at after every unit.
//
// Against a Dirichlet prior about the promised shares, whose weight is that of `prior` units.
Result<double> split_log_e(std::span<const std::uint64_t> counts, std::span<const double> shares, double prior = 100);

}  // namespace modelyard::statistics
