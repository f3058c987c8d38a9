#include "control/rollouts/rollout_report.h"

#include <gtest/gtest.h>

namespace modelyard::control {
namespace {

KeptEvidence some_evidence() {
  KeptEvidence kept;
  rollout::StepEvidence& step = step_of(kept.evidence.all(), 0);
  add(step.candidate, {.unit_hash = 1, .failed = true});
  add(step.stable, {.unit_hash = 2});
  const auto gate = rollout::parse_gate("error_rate <= 1%");
  rollout::Verdict verdict;
  verdict.gate = gate->text;
  verdict.candidate_samples = 1;
  kept.courses.add(utc_from_micros(1'800'000'000'000'000), 500, std::span(&*gate, 1), std::vector{verdict});
  return kept;
}

TEST(KeptEvidence, IsReadBackWithItsCourses) {
  const std::string text = text_of_kept(some_evidence());

  const auto kept = parse_kept_evidence(text);

  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ(text_of_kept(*kept), text);
  EXPECT_EQ(kept->courses.all().size(), 1u);
}

TEST(KeptEvidence, OfBeforeThereWereCoursesIsRead) {
  const auto kept = parse_kept_evidence(rollout::to_json(some_evidence().evidence.all()).dump());

  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ(kept->evidence.all().steps.size(), 1u);
  EXPECT_TRUE(kept->courses.all().empty());
}

TEST(KeptEvidence, MayBeNothing) {
  EXPECT_TRUE(parse_kept_evidence("")->evidence.all().steps.empty());
  EXPECT_FALSE(parse_kept_evidence("{}"));
}

}  // namespace
}  // namespace modelyard::control
