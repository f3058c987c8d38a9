// Group-sequential boundaries by alpha spending: for few looks that are planned, where confidence sequences, which allow
// any number of looks, cost too much.
//
// Information: t in (0, 1] is the share of the planned sample that a look has, ascending.
// Boundary:    z_k so that a standard normal process crosses |z| ≥ z_k at look k for the first time with exactly the
//              probability that is spent there; all together alpha, two-sided.
// Errors:      InvalidArgument for an alpha outside of (0, 1), looks that do not ascend in (0, 1], more than 100.
// Precision:   boundaries to 1e-6, by numerical integration of the density that has not crossed.
// Sources:     Lan & DeMets, Discrete Sequential Boundaries for Clinical Trials, Biometrika 1983; Armitage, McPherson &
//              Rowe, JRSS A 1969; Jennison & Turnbull, Group Sequential Methods, 2000, ch. 19.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

enum class Spending {
  kObrienFleming,  // hardly anything early: on each side 2 − 2Φ(z_{α/4}/√t)
  kPocock,         // about evenly: on each side α/2·ln(1 + (e − 1)t)
};

// How much of alpha is spent up to t, on both sides. Pre: 0 < alpha < 1, 0 ≤ t ≤ 1.
double spent(Spending spending, double alpha, double t);

Result<std::vector<double>> spending_boundaries(Spending spending, double alpha, std::span<const double> looks);

}  // namespace modelyard::statistics
