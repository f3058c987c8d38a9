#include "rollout/gates/course.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace modelyard::rollout {
namespace {

constexpr std::size_t kFields = 8, kMostCourses = kMostGates + 1;  // and a reward
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Six digits are more than a plot shows, and half the size.
Json short_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

CoursePoint point_of(const Gate& gate, const Verdict& verdict, UtcTime now, int weight) {
  return {.at = now,
          .weight = weight,
          .candidate_samples = verdict.candidate_samples,
          .stable_samples = verdict.stable_samples,
          .estimate = compared_estimate(gate, verdict),
          .low = verdict.interval.low,
          .high = verdict.interval.high,
          .outcome = verdict.outcome};
}

bool is_news(const CoursePoint& point, const CoursePoint& last) {
  return point.weight != last.weight || point.candidate_samples != last.candidate_samples ||
         point.stable_samples != last.stable_samples || point.outcome != last.outcome;
}

Json to_json(const CoursePoint& point) {
  return Json::array({utc_micros(point.at), point.weight, point.candidate_samples, point.stable_samples,
                      short_number(point.estimate), short_number(point.low), short_number(point.high),
                      outcome_name(point.outcome)});
}

double number_or(const Json& value, double otherwise) {
  return value.is_number() ? value.get<double>() : otherwise;
}

Result<CoursePoint> parse_point(const Json& value, const std::string& path) {
  if (!value.is_array() || value.size() != kFields) {
    return error(Code::kInvalidArgument, "{}: expected {} fields", path, kFields);
  }
  for (const std::size_t whole : {0, 1, 2, 3}) {
    if (!value[whole].is_number_integer() || value[whole].get<std::int64_t>() < 0) {
      return error(Code::kInvalidArgument, "{}[{}]: expected a whole number", path, whole);
    }
  }
  const auto outcome = parse_outcome(value[7].is_string() ? value[7].get<std::string>() : "");
  if (!outcome) return error(Code::kInvalidArgument, "{}[7]: not an outcome", path);
  return CoursePoint{.at = utc_from_micros(value[0].get<std::int64_t>()),
                     .weight = value[1].get<int>(),
                     .candidate_samples = value[2].get<std::uint64_t>(),
                     .stable_samples = value[3].get<std::uint64_t>(),
                     .estimate = number_or(value[4], std::nan("")),
                     .low = number_or(value[5], -kInfinity),
                     .high = number_or(value[6], kInfinity),
                     .outcome = *outcome};
}

Result<Course> parse_course(const Json& value, const std::string& path) {
  Course course;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(course.gate, reader.string("gate"));
  MODELYARD_ASSIGN(const auto limit, reader.optional_number("limit"));
  course.limit = limit.value_or(std::nan(""));
  MODELYARD_ASSIGN(const std::int64_t every, reader.integer("every_seconds"));
  course.every = std::chrono::seconds(every);
  MODELYARD_ASSIGN(const Json* const points, reader.array("points"));
  MODELYARD_TRY(reader.finish());
  if (every < 0 || points->size() > Course::kMostPoints) {
    return error(Code::kInvalidArgument, "{}: at most {} points, some time apart", path, Course::kMostPoints);
  }
  for (const Json& one : *points) {
    MODELYARD_ASSIGN(const CoursePoint point, parse_point(one, path + ".points"));
    if (!course.points.empty() && point.at < course.points.back().at) {
      return error(Code::kInvalidArgument, "{}: points go back in time", path);
    }
    course.points.push_back(point);
  }
  return course;
}

}  // namespace

void Course::add(const CoursePoint& point) {
  const std::size_t count = points.size();
  if (count >= 2 && points[count - 1].at - points[count - 2].at < every) points.pop_back();
  points.push_back(point);
  if (points.size() <= kMostPoints) return;
  // The newest stays.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points.size(); i += 2) points[kept++] = points[i];
  if (points.size() % 2 == 0) points[kept++] = points.back();
  points.resize(kept);
  const auto apart = std::chrono::ceil<std::chrono::seconds>(points.back().at - points.front().at);
  const auto at_least = apart / static_cast<std::int64_t>(kMostPoints);
  every = std::max({2 * every, std::chrono::seconds(1), at_least});
}

double compared_estimate(const Gate& gate, const Verdict& verdict) {
  if (gate.relative == RelativeTo::kNothing) return verdict.candidate;
  const double stable = verdict.stable.value_or(std::nan(""));
  if (gate.relative == RelativeTo::kStablePlus) return verdict.candidate - stable;
  return gate.signal == Signal::kLatency ? verdict.candidate / stable : verdict.candidate - gate.limit * stable;
}

std::string_view course_unit(const Gate& gate) {
  if (gate.signal == Signal::kLatency) return gate.relative == RelativeTo::kStableTimes ? "times" : "ms";
  return gate.signal == Signal::kMetric || gate.signal == Signal::kOutputDistance || gate.is_external() ? "plain"
                                                                                                        : "share";
}

bool Courses::add(UtcTime now, int weight, std::span<const Gate> gates, std::span<const Verdict> verdicts) {
  bool has_news = false;
  for (const Verdict& verdict : verdicts) {
    const auto gate = std::ranges::find(gates, verdict.gate, &Gate::text);
    if (gate == gates.end()) continue;
    auto course = std::ranges::find(courses_, verdict.gate, &Course::gate);
    if (course == courses_.end()) course = courses_.insert(course, Course{.gate = verdict.gate, .points = {}});
    const CoursePoint point = point_of(*gate, verdict, now, weight);
    course->limit = verdict.limit;
    if (!course->points.empty() && (now < course->points.back().at || !is_news(point, course->points.back()))) continue;
    course->add(point);
    has_news = true;
  }
  return has_news;
}

Json to_json(const Courses& courses) {
  Json json = Json::array();
  for (const Course& course : courses.courses_) {
    Json points = Json::array();
    for (const CoursePoint& point : course.points) points.push_back(to_json(point));
    json.push_back({{"gate", course.gate},
                    {"limit", short_number(course.limit)},
                    {"every_seconds", course.every.count()},
                    {"points", std::move(points)}});
  }
  return json;
}

Result<Courses> parse_courses(const Json& value, const std::string& path) {
  if (!value.is_array() || value.size() > kMostCourses) {
    return error(Code::kInvalidArgument, "{}: expected at most {} courses", path, kMostCourses);
  }
  Courses courses;
  for (std::size_t i = 0; i < value.size(); ++i) {
    MODELYARD_ASSIGN(Course course, parse_course(value[i], fmt::format("{}[{}]", path, i)));
    courses.courses_.push_back(std::move(course));
  }
  return courses;
}

}  // namespace modelyard::rollout
