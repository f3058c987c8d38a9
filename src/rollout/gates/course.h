// A Course is what a gate has said of a candidate over time, for people who want to see it afterwards.
//
// Points:  the newest look is always the last one; the others are at least `every` apart. Of more than kMostPoints every
//          other one is let go, and `every` doubles. So a course says little of single looks, and never grows.
// Numbers: of what is compared with the limit: the signal; against stable its difference, or factor. Six digits.
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "rollout/gates/gate.h"
#include "rollout/gates/verdict.h"

namespace modelyard::rollout {

struct CoursePoint {
  UtcTime at;
  int weight = 0;  // of the candidate, in parts of 10,000
  std::uint64_t candidate_samples = 0, stable_samples = 0;
  double estimate = 0, low = 0, high = 0;  // NaN: not known; infinite: anything
  Outcome outcome{};
};

struct Course {
  static constexpr std::size_t kMostPoints = 240;

  std::string gate;
  double limit = 0;               // that the numbers are compared with
  std::chrono::seconds every{0};  // between points but the last one
  std::vector<CoursePoint> points;

  // Pre: not before the last one.
  void add(const CoursePoint& point);
};

// Of what the gate compares with its limit: NaN when it is not known.
double compared_estimate(const Gate& gate, const Verdict& verdict);
// "share", "ms", "times" or "plain": of a course's numbers.
std::string_view course_unit(const Gate& gate);

// Of all gates of a rollout.
class Courses {
 public:
  // A look without news adds nothing: the same samples, weight and verdicts. Whether there was any.
  bool add(UtcTime now, int weight, std::span<const Gate> gates, std::span<const Verdict> verdicts);
  const std::vector<Course>& all() const { return courses_; }

  friend Json to_json(const Courses& courses);
  friend Result<Courses> parse_courses(const Json& value, const std::string& path);

 private:
  std::vector<Course> courses_;  // in the order in which gates were first judged
};

// [{"gate","limit","every_seconds","points": [[microseconds, weight, samples, stable's, estimate, low, high, outcome]]}],
// null for what is not finite.
Json to_json(const Courses& courses);
Result<Courses> parse_courses(const Json& value, const std::string& path);

}  // namespace modelyard::rollout
