#include "app/cli/report/rollout_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "app/cli/report/document.h"
#include "app/cli/report/page_frame.h"
#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

std::string share_text(double share) {
  return std::isfinite(share) ? fmt::format("{:g} %", std::round(1e4 * share) / 100) : "–";
}

std::string length_text(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return seconds < 172'800 ? fmt::format("{:.1f} h", seconds / 3600) : fmt::format("{:.1f} d", seconds / 86'400);
}

const Json& state_of(const Json& report) {
  return field(field(report, "rollout"), "state");
}

// From the beginning to the end; to when the page was made, of one that is under way.
Axis period_of(const Json& report) {
  const Json &rollout = field(report, "rollout"), &history = field(state_of(report), "history");
  Axis period{time_of(rollout, "created"), time_of(report, "made")};
  if (field(rollout, "live") != true && !history.empty()) period.high = time_of(history.back(), "at");
  if (!std::isfinite(period.low) || !std::isfinite(period.high)) return {0, 1};
  period.high = std::max(period.high, period.low + 1);
  return period;
}

std::vector<double> changes_of(const Json& report) {
  std::vector<double> changes;
  for (const Json& move : field(state_of(report), "history")) changes.push_back(time_of(move, "at"));
  return changes;
}

double requests_of(const Json& report, std::string_view arm) {
  double requests = 0;
  for (const Json& step : field(report, "split")) requests += number_of(field(step, arm), "requests");
  return requests;
}

std::string heading(const Json& report) {
  const Json &rollout = field(report, "rollout"), &spec = field(rollout, "spec");
  const std::string actor = words_of(rollout, "actor");
  return fmt::format(
      "<header><h1>Rollout {} of endpoint {}: version {} to version {}</h1><p class=\"quiet\">Model {}, begun {} (UTC) "
      "by {}</p></header>\n",
      escape_html(words_of(rollout, "id")), escape_html(words_of(rollout, "endpoint")),
      escape_html(words_of(spec, "stable")), escape_html(words_of(spec, "candidate")),
      escape_html(words_of(rollout, "model")), escape_html(second_text(words_of(rollout, "created"))),
      escape_html(actor.empty() ? "nobody known" : actor));
}

std::string tiles(const Json& report) {
  const std::string ending = words_of(state_of(report), "ending");
  const double weight = number_of(field(report, "rollout"), "weight");
  const Axis period = period_of(report);
  const Json& srm = field(report, "srm");
  const bool is_mismatch = field(srm, "is_mismatch") == true, is_judged = field(srm, "is_judged") == true;
  const auto kind = [](bool is_bad) { return is_bad ? Tile::kBad : Tile::kPlain; };
  return "<div class=\"tiles\">" +
         tile(ending.empty() ? words_of(state_of(report), "phase") : ending, "decision",
              kind(!ending.empty() && ending != "promoted")) +
         tile(share_text(weight / 1e4), "of the requests, to the candidate") +
         tile(number_text(requests_of(report, "candidate")), "requests of the candidate") +
         tile(number_text(requests_of(report, "stable")), "requests of stable beside it") +
         tile(length_text(period.high - period.low), "from begin to end") +
         tile(is_mismatch ? "broken"
              : is_judged ? "as planned"
                          : "not judged",
              "split between the versions", kind(is_mismatch)) +
         "</div>\n";
}

std::string decision_section(const Json& report) {
  const Json &state = state_of(report), &fired = field(state, "fired");
  const std::string ending = words_of(state, "ending");
  std::string html = "<section id=\"decision\"><h2>Decision</h2>\n<p>";
  html += ending.empty() ? "It is under way: " : badge(ending) + " ";
  html += escape_html(words_of(state, "reason")) + "</p>\n";
  if (fired.is_object()) {
    html += fmt::format("<p>The first gate that failed: <code>{}</code>. {}</p>\n",
                        escape_html(words_of(fired, "gate")), escape_html(words_of(fired, "because")));
  }
  return html + "</section>\n";
}

bool is_reward(const Json& gate) {
  return words_of(gate, "gate").starts_with("reward ");
}

// When the candidate had which share. A bandit moves it within a phase: looks at its reward tell.
std::vector<std::pair<double, double>> weights_of(const Json& report) {
  std::multimap<double, double> weights;
  const auto add = [&](const Json& one) {
    const double at = time_of(one, "at");
    if (std::isfinite(at)) weights.emplace(at, number_of(one, "weight") / 1e4);
  };
  for (const Json& gate : field(report, "gates")) {
    if (!is_reward(gate)) continue;
    for (const Json& point : field(gate, "points")) add(point);
  }
  for (const Json& move : field(state_of(report), "history")) add(move);
  return {weights.begin(), weights.end()};
}

// Weights are steps, so that a line needs many points to be upright.
TimePlot weight_plot(const Json& report) {
  constexpr int kPoints = 400;
  TimePlot plot;
  plot.label = "share of the candidate over time";
  plot.period = period_of(report);
  plot.unit = Unit::kPercent;
  plot.is_from_zero = true;
  plot.height = 130;
  plot.lines.push_back({"current", {}});
  const auto weights = weights_of(report);
  const double width = (plot.period.high - plot.period.low) / kPoints;
  double weight = 0;
  std::size_t next = 0;
  for (int i = 0; i < kPoints; ++i) {
    plot.begins.push_back(plot.period.low + i * width);
    plot.ends.push_back(plot.period.low + (i + 1) * width);
    while (next < weights.size() && weights[next].first <= plot.ends.back()) weight = weights[next++].second;
    plot.lines[0].values.push_back(weight);
  }
  plot.changes = changes_of(report);
  return plot;
}

std::string timeline_section(const Json& report) {
  HtmlTable table({"When (UTC)", "Phase", "right:Share", "By", "Why"});
  for (const Json& move : field(state_of(report), "history")) {
    const std::string actor = words_of(move, "actor");
    table.add({escape_html(second_text(words_of(move, "at"))), escape_html(words_of(move, "to")),
               share_text(number_of(move, "weight") / 1e4), escape_html(actor.empty() ? "–" : actor),
               escape_html(words_of(move, "why"))});
  }
  return "<section id=\"timeline\"><h2>Timeline</h2>\n" +
         figure("The candidate's share of the requests; dashed: changes of phase", draw(weight_plot(report))) +
         table.html() + "</section>\n";
}

Unit unit_of(const Json& gate) {
  const std::string unit = words_of(gate, "unit");
  return unit == "share" ? Unit::kPercent : unit == "ms" ? Unit::kMilliseconds : Unit::kNumber;
}

// What is worth being seen: the limit, the estimates, and the intervals of the later half. The first intervals, of few
// requests, would make all others a line.
Axis seen_of(const Json& gate) {
  const Json& points = field(gate, "points");
  std::vector<double> values{number_of(gate, "limit")};
  for (std::size_t i = 0; i < points.size(); ++i) {
    values.push_back(number_of(points[i], "estimate"));
    if (2 * i < points.size()) continue;
    values.push_back(number_of(points[i], "low"));
    values.push_back(number_of(points[i], "high"));
  }
  Axis axis = axis_over(values);
  const double room = (axis.high - axis.low) / 4;
  const double least = axis.low >= 0 ? 0 : axis.low - room;
  return {std::max(least, axis.low - room), axis.high + room};
}

// Each point is in the middle of its stretch; neighbours touch.
void add_times(TimePlot& plot, const Json& points) {
  std::vector<double> at;
  for (const Json& point : points) at.push_back(time_of(point, "at"));
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double before = i > 0 ? at[i] - at[i - 1] : 0, behind = i + 1 < at.size() ? at[i + 1] - at[i] : before;
    const double width = std::max(i > 0 ? before : behind, behind);
    plot.begins.push_back(at[i] - width / 2);
    plot.ends.push_back(at[i] + width / 2);
  }
}

TimePlot gate_plot(const Json& report, const Json& gate) {
  const Json& points = field(gate, "points");
  const Axis seen = seen_of(gate);
  TimePlot plot;
  plot.label = words_of(gate, "gate") + " over time";
  plot.period = period_of(report);
  plot.unit = unit_of(gate);
  plot.height = 190;
  plot.lines = {{"current", {}}, {"failed", {}}};
  add_times(plot, points);
  for (const Json& point : points) {
    const double estimate = number_of(point, "estimate"), low = number_of(point, "low"),
                 high = number_of(point, "high");
    const bool is_judged = std::isfinite(estimate);
    plot.lines[0].values.push_back(estimate);
    plot.lines[1].values.push_back(words_of(point, "outcome") == "fail" ? estimate : kNoNumber);
    plot.low.push_back(is_judged ? std::clamp(std::isfinite(low) ? low : seen.low, seen.low, seen.high) : kNoNumber);
    plot.high.push_back(is_judged ? std::clamp(std::isfinite(high) ? high : seen.high, seen.low, seen.high)
                                  : kNoNumber);
  }
  plot.levels.push_back(number_of(gate, "limit"));
  plot.changes = changes_of(report);
  return plot;
}

// What the gate said last, with its numbers; the rollout keeps the words of its last look only.
std::string evidence_of(const Json& report, const std::string& gate) {
  const Json &state = state_of(report), &fired = field(state, "fired");
  if (words_of(fired, "gate") == gate) return words_of(fired, "because");
  for (const Json& verdict : field(state, "verdicts")) {
    if (words_of(verdict, "gate") == gate) return words_of(verdict, "because");
  }
  return "";
}

std::string number_in(double number, Unit unit) {
  if (!std::isfinite(number)) return "–";
  if (unit == Unit::kPercent) return fmt::format("{:.3g} %", 100 * number);
  return number_text(number) + (unit == Unit::kMilliseconds ? " ms" : "");
}

std::string last_words(const Json& report, const Json& gate) {
  const std::string because = evidence_of(report, words_of(gate, "gate"));
  if (!because.empty()) return escape_html(because);
  const Json& last = field(gate, "points").back();
  const Unit unit = unit_of(gate);
  return fmt::format("{} (between {} and {}) of {} requests; the limit is {}",
                     number_in(number_of(last, "estimate"), unit), number_in(number_of(last, "low"), unit),
                     number_in(number_of(last, "high"), unit), number_text(number_of(last, "candidate_samples")),
                     number_in(number_of(gate, "limit"), unit));
}

std::string gates_section(const Json& report) {
  std::string html = "<section id=\"gates\"><h2>Gates</h2>\n";
  bool is_any = false;
  for (const Json& gate : field(report, "gates")) {
    if (field(gate, "points").empty()) continue;
    is_any = true;
    html += fmt::format("<article><h3><code>{}</code> {}</h3>\n<p>{}</p>\n{}</article>\n",
                        escape_html(words_of(gate, "gate")), badge(words_of(field(gate, "points").back(), "outcome")),
                        last_words(report, gate),
                        figure("<span class=\"key current\"></span>what is compared with the limit, and its interval "
                               "<span class=\"key failed\"></span>the gate fails <span class=\"key reference\"></span>"
                               "limit; dashed: changes of phase",
                               draw(gate_plot(report, gate))));
  }
  if (!is_any) html += "<p class=\"none\">No gate was judged.</p>\n";
  return html + "</section>\n";
}

std::string split_section(const Json& report) {
  HtmlTable table({"Step", "right:Planned", "right:Had", "right:Candidate", "right:Failed", "right:Not finite",
                   "right:Stable", "right:Failed", "right:Not finite"});
  for (const Json& step : field(report, "split")) {
    const Json &candidate = field(step, "candidate"), &stable = field(step, "stable");
    const double of_candidate = number_of(candidate, "requests"), all = of_candidate + number_of(stable, "requests");
    std::vector<std::string> row{number_text(number_of(step, "step") + 1), share_text(number_of(step, "planned")),
                                 share_text(all > 0 ? of_candidate / all : kNoNumber)};
    for (const Json* const arm : {&candidate, &stable}) {
      for (const char* const count : {"requests", "failures", "nonfinite"}) {
        row.push_back(number_text(number_of(*arm, count)));
      }
    }
    table.add(std::move(row));
  }
  const bool is_empty = field(report, "split").empty();
  return "<section id=\"split\"><h2>Requests by arm</h2>\n" +
         (is_empty ? "<p class=\"none\">No request was counted.</p>\n" : table.html()) +
         fmt::format("<p>Whether the split is as planned (sample-ratio mismatch): {}.</p></section>\n",
                     escape_html(words_of(field(report, "srm"), "because")));
}

// As people write it, line by line.
std::string escaped_lines(const Json& document) {
  std::string html;
  const std::string text = document.dump(2, ' ', false, Json::error_handler_t::replace);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    html += escape_html(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return html;
}

std::string method_section(const Json& report) {
  constexpr std::string_view kOfRewards =
      "<li>Not so a reward: its interval holds 95 % of what is likely now, and it ends when one version leads with 95 "
      "%; "
      "of two that are alike one may well be chosen.</li>\n";
  const Json& spec = field(field(report, "rollout"), "spec");
  const Json& gates = field(report, "gates");
  const bool has_reward = std::any_of(gates.begin(), gates.end(), is_reward);
  return fmt::format(
      "<section id=\"method\"><h2>How this was made</h2>\n<ul>\n"
      "<li>Intervals hold at all looks at once: of rollouts whose candidate is no worse at most {} are rejected by "
      "chance, over all gates and steps together.</li>\n"
      "{}<li>Against stable, what is drawn is the difference, or how many times stable it is. Intervals are cut where "
      "they "
      "are far wider than they were later.</li>\n"
      "<li>Of each gate at most 240 looks are kept, evenly apart, and the last one.</li>\n"
      "<li>All times are UTC. Made on {} from {}.</li>\n</ul>\n<h3>The spec, with every default</h3>\n"
      "<div class=\"wide\"><pre><code>{}</code></pre></div></section>\n",
      percent_text(number_of(spec, "alpha")), has_reward ? kOfRewards : "",
      escape_html(second_text(words_of(report, "made"))), escape_html(words_of(report, "server")), escaped_lines(spec));
}

}  // namespace

std::string rollout_page(const Json& report) {
  const Json& rollout = field(report, "rollout");
  return framed_page(
      fmt::format("Rollout {} of {}", escape_html(words_of(rollout, "id")), escape_html(words_of(rollout, "endpoint"))),
      heading(report) + tiles(report) + "<main>\n" + decision_section(report) + timeline_section(report) +
          gates_section(report) + split_section(report) + method_section(report) + "</main>\n");
}

}  // namespace modelyard::app
