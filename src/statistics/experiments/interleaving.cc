#include "statistics/experiments/interleaving.h"

#include <unordered_set>

#include "statistics/hypotheses/proportions.h"

namespace modelyard::statistics {

std::vector<DraftedItem> team_draft(std::span<const std::int64_t> a, std::span<const std::int64_t> b,
                                    std::size_t length, Random& random) {
  std::vector<DraftedItem> drafted;
  std::unordered_set<std::int64_t> taken;
  const auto pick = [&](std::span<const std::int64_t>& ranking, Team team) {
    while (!ranking.empty() && taken.contains(ranking.front())) ranking = ranking.subspan(1);
    if (ranking.empty() || drafted.size() == length) return;
    taken.insert(ranking.front());
    drafted.push_back({ranking.front(), team});
  };
  for (std::size_t before = drafted.size() + 1; before != drafted.size() && drafted.size() < length;) {
    before = drafted.size();
    const bool a_is_first = (random.next() >> 63) != 0;
    if (a_is_first) pick(a, Team::kA);
    pick(b, Team::kB);
    if (!a_is_first) pick(a, Team::kA);
  }
  return drafted;
}

Result<Interleaving> interleaving_test(const Preferences& preferences) {
  const auto a = static_cast<double>(preferences.a), ties = static_cast<double>(preferences.ties);
  const double readers = a + static_cast<double>(preferences.b) + ties;
  if (readers == 0) return error(Code::kInvalidArgument, "there are no readers");
  Interleaving interleaving{(a + ties / 2) / readers - 0.5, 1};
  if (preferences.a + preferences.b > 0) {
    MODELYARD_ASSIGN(interleaving.p, binomial_test({preferences.a, preferences.a + preferences.b}, 0.5));
  }
  return interleaving;
}

}  // namespace modelyard::statistics
