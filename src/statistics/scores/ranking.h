// How well the documents of one query were ordered. A mean over queries, with its interval, is mean_score of score.h.
//
// Relevance: finite, not negative; zero is not relevant. Scores: any finite numbers, the highest stands first. Both
//            have the same length.
// Errors:    InvalidArgument for unequal lengths, no documents, NaN, an infinity, a negative relevance.
// Cost:      n log n; reciprocal_rank n.
// Sources:   Järvelin & Kekäläinen, ACM TOIS 2002; McSherry & Najork, Computing Information Retrieval Performance
//            Measures Efficiently in the Presence of Tied Scores, ECIR 2008.
#pragma once

#include <span>

#include "base/result.h"

namespace modelyard::statistics {

// Σ relevance / log₂(1 + rank) over the first k (0: all), over the most that any order would have; as ndcg_score of
// scikit-learn: linear gain, documents of one score share the mean of their places. 0 when nothing is relevant.
Result<double> ndcg(std::span<const double> relevance, std::span<const double> scores, std::size_t k);

// 1 / rank of the first relevant document, 0 without one. The worst order of equal scores is taken: what is not
// relevant stands before.
Result<double> reciprocal_rank(std::span<const double> relevance, std::span<const double> scores);

}  // namespace modelyard::statistics
