#include "rollout/gates/course.h"

#include <gtest/gtest.h>

#include <cmath>

namespace modelyard::rollout {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::int64_t seconds) {
  return utc_from_micros((1'800'000'000 + seconds) * 1'000'000);
}

Gate gate_of(std::string_view text) {
  auto gate = parse_gate(text);
  EXPECT_TRUE(gate) << gate.error().message();
  return *gate;
}

Verdict verdict_of(const Gate& gate, std::uint64_t samples) {
  Verdict verdict;
  verdict.gate = gate.text;
  verdict.outcome = Outcome::kInconclusive;
  verdict.candidate = 0.25;
  verdict.stable = 0.125;
  verdict.interval = {0.1, 0.5};
  verdict.limit = gate.limit;
  verdict.candidate_samples = samples;
  return verdict;
}

TEST(Course, KeepsTheFirstAndTheNewestPointHoweverMuchItForgets) {
  Course course;
  for (int i = 0; i <= 100'000; ++i) {
    course.add({.at = at(i), .candidate_samples = static_cast<std::uint64_t>(i)});
    ASSERT_LE(course.points.size(), Course::kMostPoints);
    ASSERT_EQ(course.points.back().at, at(i));
  }
  EXPECT_EQ(course.points.front().at, at(0));
  EXPECT_GT(course.points.size(), Course::kMostPoints / 3);
}

TEST(Course, HasItsPointsAboutEvenlyApartButTheLast) {
  Course course;
  for (int i = 0; i < 10'000; ++i) course.add({.at = at(i)});
  for (std::size_t i = 1; i + 1 < course.points.size(); ++i) {
    EXPECT_GE(course.points[i].at - course.points[i - 1].at, course.every / 2);
    EXPECT_LE(course.points[i].at - course.points[i - 1].at, 2 * course.every);
  }
}

TEST(Courses, SayWhatIsComparedWithTheLimit) {
  const std::pair<const char*, double> lines[] = {{"error_rate <= 1%", 0.25},
                                                  {"error_rate <= stable + 1%", 0.125},
                                                  {"error_rate <= stable * 1.5", 0.25 - 1.5 * 0.125},
                                                  {"p99_ms <= stable * 1.5", 2},
                                                  {"p99_ms <= stable + 5", 0.125}};
  for (const auto& [line, expected] : lines) {
    const Gate gate = gate_of(line);
    Courses courses;
    courses.add(at(0), 500, std::span(&gate, 1), std::vector{verdict_of(gate, 1)});
    EXPECT_DOUBLE_EQ(courses.all().front().points.front().estimate, expected) << line;
  }
}

TEST(Courses, ALookWithoutNewsAddsNothing) {
  const Gate gate = gate_of("error_rate <= 1%");
  Courses courses;
  EXPECT_TRUE(courses.add(at(0), 500, std::span(&gate, 1), std::vector{verdict_of(gate, 10)}));
  EXPECT_FALSE(courses.add(at(1), 500, std::span(&gate, 1), std::vector{verdict_of(gate, 10)}));
  EXPECT_TRUE(courses.add(at(2), 500, std::span(&gate, 1), std::vector{verdict_of(gate, 11)}));
  EXPECT_TRUE(courses.add(at(3), 900, std::span(&gate, 1), std::vector{verdict_of(gate, 11)}));
  EXPECT_EQ(courses.all().front().points.size(), 3u);
}

TEST(Courses, AreReadBackAsTheyWere) {
  const std::vector<Gate> gates{gate_of("error_rate <= 1%"), gate_of("p99_ms <= stable * 1.5")};
  Courses courses;
  Verdict open = verdict_of(gates[1], 3);
  open.interval = {-INFINITY, INFINITY};
  open.candidate = std::nan("");
  courses.add(at(0), 500, gates, std::vector{verdict_of(gates[0], 3), open});
  const Json written = to_json(courses);

  const auto read = parse_courses(written, "courses");

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), written);
  EXPECT_EQ(read->all()[1].points[0].high, INFINITY);
  EXPECT_TRUE(std::isnan(read->all()[1].points[0].estimate));
}

TEST(Courses, RefuseWhatTheyDidNotWrite) {
  for (const char* text : {R"({})", R"([{"gate": "x", "every_seconds": 1, "points": [[1, 2]]}])",
                           R"([{"gate": "x", "every_seconds": -1, "points": []}])",
                           R"([{"gate": "x", "every_seconds": 1, "points": [[1, 2, 3, -4, 0, 0, 0, "pass"]]}])",
                           R"([{"gate": "x", "every_seconds": 1, "points": [[1, 2, 3, 4, 0, 0, 0, "good"]]}])",
                           R"([{"gate": "x", "every_seconds": 1, "points": [[9, 2, 3, 4, 0, 0, 0, "pass"],
                                                                            [1, 2, 3, 4, 0, 0, 0, "pass"]]}])"}) {
    EXPECT_FALSE(parse_courses(*parse_json(text), "courses")) << text;
  }
}

}  // namespace
}  // namespace modelyard::rollout
