#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "monitoring/accuracy/evaluation.h"
#include "monitoring/monitors/judge.h"
#include "monitoring/monitors/judge_answers.h"
#include "statistics/hypotheses/multiplicity.h"
#include "statistics/hypotheses/proportions.h"

namespace modelyard::monitoring {
namespace {

struct Counted {
  std::uint64_t rows = 0;
  double share_error = 0;                              // of each share, by the sketch
  std::map<std::string, double, std::less<>> classes;  // shares
};

// Shares of the one class and the other, from the probability of one.
Counted count_scores(const AnsweredClasses& classes, const statistics::Quantiles& scores) {
  const double below = scores.rank(std::nextafter(*classes.threshold, -std::numeric_limits<double>::infinity()));
  return {scores.count(), scores.kept() == scores.count() ? 0 : scores.rank_error(), {{classes.names[1], 1 - below}}};
}

// Many models answer the place of the class where people say its name.
std::string name_of(const AnsweredClasses& classes, double number) {
  std::string text = class_text(number);
  const bool is_place = number >= 0 && number < static_cast<double>(classes.names.size());
  if (!is_place || std::ranges::find(classes.names, text) != classes.names.end()) return text;
  return classes.names[static_cast<std::size_t>(number)];
}

Result<Counted> count_numbers(const AnsweredClasses& classes, const statistics::Quantiles& answers) {
  Counted counted{answers.count(), answers.kept() == answers.count() ? 0 : answers.difference_error(), {}};
  double before = 0;
  for (const auto& [number, up_to] : answers.distribution()) {
    if (std::trunc(number) != number) {
      return error(Code::kFailedPrecondition, "`{}` has answers like {:.4g}, which are no classes", classes.feature,
                   number);
    }
    counted.classes[name_of(classes, number)] += up_to - before;
    before = up_to;
    if (counted.classes.size() <= AnsweredClasses::kMost) continue;
    return error(Code::kFailedPrecondition, "`{}` has more than {} classes", classes.feature, AnsweredClasses::kMost);
  }
  return counted;
}

Result<Counted> count_texts(const AnsweredClasses& classes, const statistics::Frequent& answers) {
  const auto entries = answers.entries();
  if (answers.slack() > 0 || entries.size() > AnsweredClasses::kMost) {
    return error(Code::kFailedPrecondition, "`{}` has more than {} classes", classes.feature, AnsweredClasses::kMost);
  }
  Counted counted{answers.count(), 0, {}};
  for (const auto& entry : entries) {
    counted.classes[entry.text] = static_cast<double>(entry.count) / static_cast<double>(answers.count());
  }
  return counted;
}

Result<Counted> count(const AnsweredClasses& classes, const FeatureProfile& answers) {
  if (answers.kind() == FeatureKind::kCategory) return count_texts(classes, answers.categories());
  if (classes.threshold) return count_scores(classes, answers.quantiles());
  return count_numbers(classes, answers.quantiles());
}

struct MovedShare {
  std::string name;
  double before = 0, now = 0;
  double p = 1;  // adjusted

  double by() const { return std::abs(now - before); }
};

// Of the difference that is there for sure, whatever the sketches did.
double chance_of(const MovedShare& share, const Counted& reference, const Counted& current) {
  const double sure = std::max(0.0, share.by() - reference.share_error - current.share_error);
  const double now = share.before + std::copysign(sure, share.now - share.before);
  const auto successes = [](double part, std::uint64_t rows) {
    return static_cast<std::uint64_t>(std::llround(std::clamp(part, 0.0, 1.0) * static_cast<double>(rows)));
  };
  const auto test = statistics::two_proportion_test({successes(share.before, reference.rows), reference.rows},
                                                    {successes(now, current.rows), current.rows});
  return test ? test->p : 1;
}

std::vector<MovedShare> compare_shares(const Counted& reference, const Counted& current) {
  std::map<std::string, MovedShare, std::less<>> by_name;
  for (const auto& [name, share] : reference.classes) by_name[name].before = share;
  for (const auto& [name, share] : current.classes) by_name[name].now = share;
  std::vector<MovedShare> shares;
  std::vector<double> chances;
  for (auto& [name, share] : by_name) {
    share.name = name;
    chances.push_back(chance_of(share, reference, current));
    shares.push_back(std::move(share));
  }
  const auto adjusted = statistics::holm_adjusted(chances);
  for (std::size_t i = 0; i < shares.size(); ++i) shares[i].p = adjusted[i];
  return shares;
}

std::string percent(double share) {
  return fmt::format("{:.3g} %", 100 * share);
}

Finding finding_of(const Monitor& monitor, const MovedShare& share, const Counted& reference, const Counted& current) {
  Finding finding;
  finding.subject = share.name;
  finding.value = share.by();
  finding.threshold = monitor.share_floor;
  const bool has_moved = share.by() >= monitor.share_floor && share.p < monitor.drift.alpha;
  finding.outcome = has_moved ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format("`{}` went from {} to {} of answers (limit {:.3g} points), p {:.2g}", share.name,
                                 percent(share.before), percent(share.now), 100 * monitor.share_floor, share.p);
  finding.numbers = {{"share", share.now},
                     {"reference_share", share.before},
                     {"p", share.p},
                     {"rows", current.rows},
                     {"reference_rows", reference.rows}};
  return finding;
}

bool is_worse(const Finding& one, const Finding& other) {
  return std::pair(one.outcome == Outcome::kFail, one.value) > std::pair(other.outcome == Outcome::kFail, other.value);
}

}  // namespace

std::vector<Finding> judge_class_shares(const Monitor& monitor, const AnsweredClasses& classes,
                                        const FeatureProfile& reference, const FeatureProfile& current) {
  if (reference.kind() != current.kind()) {
    return {no_data("", fmt::format("`{}` was a {}, and is a {}", classes.feature, feature_kind_name(reference.kind()),
                                    feature_kind_name(current.kind())))};
  }
  if (const auto fewest = std::min(reference.present(), current.present()); fewest < monitor.drift.least_rows) {
    return {no_data(
        "", fmt::format("{} answers {}", fewest, fewest == current.present() ? "in this window" : "in the reference"))};
  }
  const auto before = count(classes, reference), now = count(classes, current);
  if (!before || !now) return {no_data("", before ? now.error().message() : before.error().message())};
  std::vector<Finding> findings;
  std::optional<Finding> unnamed;
  for (const MovedShare& share : compare_shares(*before, *now)) {
    Finding finding = finding_of(monitor, share, *before, *now);
    const bool may_be_told =
        current.kind() == FeatureKind::kNumber || std::ranges::find(classes.names, share.name) != classes.names.end();
    if (may_be_told) {
      findings.push_back(std::move(finding));
    } else if (!unnamed || is_worse(finding, *unnamed)) {
      unnamed = std::move(finding);
      unnamed->subject = classes.feature;
    }
  }
  if (unnamed) findings.push_back(std::move(*unnamed));
  return findings;
}

}  // namespace modelyard::monitoring
