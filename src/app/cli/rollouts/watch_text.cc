#include "app/cli/rollouts/watch_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/duration.h"
#include "rollout/gates/course.h"
#include "rollout/gates/rewards.h"

namespace modelyard::app {
namespace {

using Kind = ScreenLine::Kind;

const Json& at(const Json& object, std::string_view key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string words(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

std::int64_t seconds_since(const Json& utc, UtcTime now) {
  const auto time = parse_utc(words(utc));
  return time ? std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - *time).count()) : 0;
}

std::string percent(const Json& weight) {
  return weight.is_number() ? fmt::format("{:g} %", weight.get<double>() / 100) : "-";
}

// Every step of the spec with its stage: {"weight": percent, "hold": "10s", …}.
struct StepOfSpec {
  std::string kind;
  std::size_t stage = 0, step = 0;
  Json document;
};
std::vector<StepOfSpec> steps_of(const Json& spec) {
  std::vector<StepOfSpec> steps;
  const Json& stages = at(spec, "stages");
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    for (const auto& [kind, fields] : stages[stage].items()) {
      const Json& of_canary = at(fields, "steps");
      if (of_canary.is_null()) steps.push_back({kind, stage, 0, fields});
      for (std::size_t step = 0; step < of_canary.size(); ++step) steps.push_back({kind, stage, step, of_canary[step]});
    }
  }
  return steps;
}

std::string steps_line(const Json& rollout, UtcTime now) {
  const Json& state = at(rollout, "state");
  const std::string phase = words(at(state, "phase"));
  const bool is_promoted = phase == "full" || phase == "done";
  const bool is_begun = phase != "pending" && phase != "verifying";
  std::string line = "steps ";
  for (const StepOfSpec& one : steps_of(at(rollout, "spec"))) {
    const std::pair here{at(state, "stage").is_number() ? at(state, "stage").get<std::size_t>() : 0,
                         at(state, "step").is_number() ? at(state, "step").get<std::size_t>() : 0};
    const std::pair it{one.stage, one.step};
    const bool is_passed = is_promoted || (is_begun && it < here), is_here = is_begun && !is_promoted && it == here;
    const Json& weight = one.kind == "bandit" ? Json() : at(one.document, "weight");
    line += fmt::format("  {} {}",
                        is_passed ? "✓"
                        : is_here ? "▶"
                                  : "·",
                        weight.is_null() ? one.kind : fmt::format("{} %", words(weight)));
    const std::string hold = words(at(one.document, "hold"));
    const auto least = parse_duration(hold);
    if (is_here && least) {
      line += fmt::format(" ({} of {} s)", std::min(seconds_since(at(state, "step_since"), now), least->count()),
                          least->count());
    }
  }
  return line + (is_promoted ? "  ✓ 100 %" : "  · 100 %");
}

std::string number_in(double number, std::string_view unit) {
  if (!std::isfinite(number)) return "?";
  if (unit == "share") return fmt::format("{:.3g} %", 100 * number);
  return fmt::format("{:.3g}{}", number, unit == "ms" ? " ms" : unit == "times" ? " times" : "");
}

std::optional<rollout::Gate> readable_gate(const std::string& text) {
  if (auto reward = rollout::gate_like_reward(text)) return reward;
  auto gate = rollout::parse_gate(text);
  return gate ? std::optional(*std::move(gate)) : std::nullopt;
}

ScreenLine gate_line(const Json& document, std::size_t widest, std::size_t columns) {
  constexpr std::size_t kMostBar = 41, kLeastBar = 11, kRest = 60;
  const std::string outcome = words(at(document, "outcome")), text = words(at(document, "gate"));
  std::string line =
      fmt::format("{:<{}}  {:<12}  {:>8}", text, widest, outcome, words(at(document, "candidate_samples")));
  const auto gate = readable_gate(text);
  const auto verdict = rollout::parse_verdict(document, "verdict");
  if (gate && verdict && outcome != "nodata") {
    const std::size_t room = columns > widest + kRest ? columns - widest - kRest : 0;
    const std::size_t width = columns == 0 ? kMostBar : std::clamp(room, kLeastBar, kMostBar);
    const std::string_view unit = rollout::course_unit(*gate);
    line += "  " + draw({verdict->interval.low, verdict->interval.high, rollout::compared_estimate(*gate, *verdict),
                         verdict->limit},
                        width);
    line += fmt::format("  {} to {}", number_in(verdict->interval.low, unit), number_in(verdict->interval.high, unit));
  }
  return {line, outcome == "fail" || outcome == "srm" ? Kind::kBadRow : Kind::kRow};
}

void add_gates(std::vector<ScreenLine>& lines, const Json& verdicts, std::size_t columns) {
  if (verdicts.empty()) return;
  std::size_t widest = 4;
  for (const Json& verdict : verdicts) widest = std::max(widest, words(at(verdict, "gate")).size());
  lines.push_back(
      {fmt::format("{:<{}}  {:<12}  {:>8}  INTERVAL, THE LIMIT IN THE MIDDLE", "GATE", widest, "VERDICT", "SAMPLES"),
       Kind::kTitles});
  for (const Json& verdict : verdicts) lines.push_back(gate_line(verdict, widest, columns));
  lines.push_back({"", Kind::kHead});
}

std::string move_text(const Json& move) {
  const std::string actor = words(at(move, "actor"));
  return fmt::format("{} at {}: {}{}", words(at(move, "to")), percent(at(move, "weight")), words(at(move, "why")),
                     actor.empty() || actor == "-" ? "" : fmt::format(" (by {})", actor));
}

void add_events(std::vector<ScreenLine>& lines, const Json& history, UtcTime now, std::size_t most) {
  const std::size_t begin = history.size() - std::min(history.size(), most);
  for (std::size_t i = history.size(); i-- > begin;) {
    lines.push_back({fmt::format("{:>6} s ago  {}", seconds_since(at(history[i], "at"), now), move_text(history[i])),
                     i + 1 == history.size() ? Kind::kRow : Kind::kNote});
  }
}

std::string outcome_before(const Json& verdicts, const Json& gate) {
  for (const Json& verdict : verdicts) {
    if (at(verdict, "gate") == gate) return words(at(verdict, "outcome"));
  }
  return "";
}

}  // namespace

std::string draw(const IntervalBar& bar, std::size_t width) {
  // Twice as far as the limit is from nothing; of a limit of nothing as far as the interval goes.
  double half = std::abs(bar.limit);
  if (half == 0) {
    for (const double end : {bar.low, bar.high}) half = std::isfinite(end) ? std::max(half, std::abs(end)) : half;
  }
  if (half == 0) half = 1;
  const double last = static_cast<double>(width) - 1;
  const auto place = [&](double value) { return (value - bar.limit + half) / (2 * half) * last; };
  const double low = std::isfinite(bar.low) ? place(bar.low) : -1;
  const double high = std::isfinite(bar.high) ? place(bar.high) : last + 1;
  const double from = std::clamp(std::round(low), 0.0, last), to = std::clamp(std::round(high), 0.0, last);
  const double point = std::clamp(std::round(place(bar.estimate)), 0.0, last);
  const bool has_point = std::isfinite(bar.estimate);
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    const auto here = static_cast<double>(i);
    const bool is_inside = here >= from && here <= to;
    if (has_point && here == point) {
      text += "●";
    } else if (i == width / 2) {
      text += is_inside ? "┼" : "│";
    } else if (i == 0 && low < -0.5) {
      text += "◀";
    } else if (i + 1 == width && high > last + 0.5) {
      text += "▶";
    } else {
      text += is_inside ? "─" : "·";
    }
  }
  return text;
}

std::vector<ScreenLine> screen_of(const Json& rollout, UtcTime now, const ScreenSize& size) {
  constexpr std::size_t kEvents = 8, kFew = 3;
  const Json &state = at(rollout, "state"), &spec = at(rollout, "spec"), &history = at(state, "history");
  std::vector<ScreenLine> lines;
  lines.push_back({fmt::format("rollout {} of endpoint '{}': version {} to version {}", words(at(rollout, "id")),
                               words(at(rollout, "endpoint")), words(at(spec, "stable")), words(at(spec, "candidate"))),
                   Kind::kHead});
  lines.push_back({fmt::format("{} for {} s; version {} has {} of the requests", words(at(state, "phase")),
                               seconds_since(at(state, "phase_since"), now), words(at(spec, "candidate")),
                               percent(at(rollout, "weight"))),
                   Kind::kHead});
  lines.push_back({steps_line(rollout, now), Kind::kHead});
  lines.push_back({"", Kind::kHead});
  add_gates(lines, at(state, "verdicts"), size.columns);
  const std::size_t left = size.lines > lines.size() + 2 ? size.lines - lines.size() - 2 : kFew;
  add_events(lines, history, now, size.lines == 0 ? kEvents : std::min(kEvents, left));
  lines.push_back({"", Kind::kHead});
  lines.push_back({"q leaves it; the rollout goes on", Kind::kNote});
  for (ScreenLine& line : lines) line.text = on_screen(line.text, size.columns);
  return lines;
}

std::vector<std::string> changes_of(const Json& before, const Json& now) {
  const Json &state = at(now, "state"), &history = at(state, "history"), &was = at(before, "state");
  std::vector<std::string> lines;
  // Old transitions may have been let go: whatever is later than the last one is new.
  const Json& known = at(was, "history");
  const std::string last = known.empty() ? "" : words(at(known.back(), "at"));
  for (const Json& move : history) {
    if (words(at(move, "at")) > last) lines.push_back(fmt::format("{}  {}", words(at(move, "at")), move_text(move)));
  }
  if (words(at(state, "phase")) == "bandit" && !was.is_null() && at(now, "weight") != at(before, "weight")) {
    lines.push_back(fmt::format("{}  {} at {}: {}", words(at(state, "weight_since")), words(at(state, "phase")),
                                percent(at(now, "weight")), words(at(state, "reason"))));
  }
  for (const Json& verdict : at(state, "verdicts")) {
    const std::string outcome = words(at(verdict, "outcome"));
    if (outcome == outcome_before(at(was, "verdicts"), at(verdict, "gate"))) continue;
    lines.push_back(fmt::format("{}: {}: {}", words(at(verdict, "gate")), outcome, words(at(verdict, "because"))));
  }
  return lines;
}

}  // namespace modelyard::app
