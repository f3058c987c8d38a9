// Many tests at once: p-values adjusted so that those at or below alpha are rejected.
//
// Results stand in the order given; each lies in 0 … 1. Pre: the p-values do, too.
// Sources: Holm, Scand. J. Stat. 1979; Benjamini & Hochberg, JRSS B 1995; Benjamini & Yekutieli, Ann. Stat. 2001;
// Genovese, Roeder & Wasserman, Biometrika 2006.
#pragma once

#include <span>
#include <vector>

namespace modelyard::statistics {

// No false rejection at all with probability 1 − alpha, whatever the dependence.
std::vector<double> bonferroni_adjusted(std::span<const double> p);
std::vector<double> holm_adjusted(std::span<const double> p);  // the same promise, never weaker
// On average at most a share alpha of the rejections is false, for independent or positively dependent tests.
std::vector<double> benjamini_hochberg_adjusted(std::span<const double> p);
// The same promise, where some tests matter more than others: a p-value is divided by its weight, of which the mean is
// made 1. Weights are finite and not negative; a test without weight is never rejected.
std::vector<double> weighted_benjamini_hochberg_adjusted(std::span<const double> p, std::span<const double> weights);
std::vector<double> benjamini_yekutieli_adjusted(std::span<const double> p);  // the same, whatever the dependence

}  // namespace modelyard::statistics
