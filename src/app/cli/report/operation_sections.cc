#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/cli/report/document.h"
#include "app/cli/report/page_frame.h"
#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

std::string plan_text(const Json& plan) {
  std::string text;
  const Json& shares = field(plan, "shares");
  for (const Json& share : shares) {
    text += fmt::format("{}version {}", text.empty() ? "" : ", ", words_of(share, "version"));
    if (shares.size() > 1) text += fmt::format(" {:g} %", number_of(share, "weight") / 100);
  }
  return text.empty() ? "nothing" : text;
}

std::string fact(std::string_view name, const std::string& words) {
  return words.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape_html(words));
}

std::string megabytes(double bytes) {
  if (!std::isfinite(bytes)) return "–";
  return bytes < 1e6 ? number_text(std::round(bytes / 1e3)) + " kB" : fmt::format("{:.1f} MB", bytes / 1e6);
}

// Whether the server has it loaded; else it only answered in this time.
bool is_loaded(const Json& data, const Json& version) {
  return std::ranges::any_of(field(data, "versions"),
                             [&](const Json& loaded) { return field(loaded, "version") == version; });
}

std::string versions_table(const Json& data) {
  HtmlTable table({"Version", "Phase", "Ready since (UTC)", "right:Memory", "right:Requests", "right:Rows", "Note"});
  for (const Json& version : field(data, "versions")) {
    double requests = 0, rows = 0;
    for (const Json& item : field(data, "profiles")) {
      if (field(item, "version") != field(version, "version")) continue;
      requests += number_of(item, "requests");
      rows += number_of(item, "rows");
    }
    const std::string reason = words_of(version, "reason");
    table.add({escape_html(words_of(version, "model") + "/" + words_of(version, "version")),
               badge(words_of(version, "phase")), escape_html(minute_text(words_of(version, "ready_since"))),
               megabytes(number_of(version, "memory_bytes")), number_text(requests), number_text(rows),
               escape_html(reason.empty() ? words_of(version, "note") : reason)});
  }
  for (const Json& item : field(data, "profiles")) {
    if (is_loaded(data, field(item, "version"))) continue;
    table.add({escape_html(words_of(item, "model") + "/" + words_of(item, "version")), "–", "–", "–",
               number_text(number_of(item, "requests")), number_text(number_of(item, "rows")), "not loaded any more"});
  }
  const bool is_empty = field(data, "versions").empty() && field(data, "profiles").empty();
  return is_empty ? "<p class=\"none\">No version is loaded.</p>" : table.html();
}

// How the findings of a monitor stand together.
std::string outcome_of(const Json& findings) {
  std::string outcome = "nodata";
  for (const Json& finding : findings) {
    if (words_of(finding, "outcome") == "fail") return "fail";
    if (words_of(finding, "outcome") == "pass") outcome = "pass";
  }
  return outcome;
}

// What failed, else the first that can be said.
std::string findings_text(const Json& findings) {
  constexpr std::size_t kMost = 5;
  std::string html;
  std::size_t told = 0, failed = 0;
  for (const Json& finding : findings) {
    if (words_of(finding, "outcome") != "fail") continue;
    if (++failed > kMost) continue;
    html += (told++ == 0 ? "" : "<br>") + escape_html(words_of(finding, "sentence"));
  }
  if (failed > kMost) html += fmt::format("<br>and {} more", failed - kMost);
  if (told > 0) return html;
  return findings.empty() ? "" : escape_html(words_of(findings[0], "sentence"));
}

std::string alerts_table(const Json& data) {
  HtmlTable table({"Alert", "State", "Severity", "Since (UTC)", "Acknowledged", "What"});
  std::size_t rows = 0;
  for (const Json& alert : field(data, "alerts")) {
    if (words_of(alert, "state") == "ok") continue;
    const Json& acknowledged = field(alert, "acknowledged");
    const std::string note = words_of(acknowledged, "note");
    ++rows;
    table.add(
        {escape_html(words_of(alert, "id")), badge(words_of(alert, "state")), escape_html(words_of(alert, "severity")),
         escape_html(minute_text(words_of(alert, "since"))),
         acknowledged.is_null() ? "–" : escape_html(words_of(acknowledged, "by") + (note.empty() ? "" : ": " + note)),
         escape_html(words_of(alert, "sentence"))});
  }
  if (rows == 0) return "<p class=\"none\">No alert is firing, pending or was resolved lately.</p>";
  return table.html();
}

// Sums of each step, over its versions.
struct StepTraffic {
  std::vector<double> rates, failures;
  double requests = 0, refused = 0, failed = 0;
};

StepTraffic traffic_of(const Json& data, const Timeline& timeline) {
  StepTraffic traffic;
  const Json& steps = field(data, "steps");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    double requests = 0, bad = 0;
    for (const Json& item : field(steps[i], "items")) {
      requests += number_of(item, "requests");
      bad += number_of(item, "refused") + number_of(item, "failed");
    }
    // A window that has just begun says little of a rate.
    const double seconds = timeline.ends[i] - timeline.begins[i];
    const double before = i > 0 ? timeline.ends[i - 1] - timeline.begins[i - 1] : 0;
    traffic.rates.push_back(seconds > 0 && seconds >= before / 2 ? requests / seconds : kNoNumber);
    traffic.failures.push_back(requests > 0 ? bad / requests : kNoNumber);
  }
  for (const Json& item : field(data, "profiles")) {
    traffic.requests += number_of(item, "requests");
    traffic.refused += number_of(item, "refused");
    traffic.failed += number_of(item, "failed");
  }
  return traffic;
}

Line latency_line(const Timeline& timeline, std::string style, std::string_view quantile) {
  Line line{std::move(style), {}};
  for (const Json* const item : timeline.items) line.values.push_back(number_of(field(*item, "latency_ms"), quantile));
  return line;
}

std::vector<std::string> main_metrics(const std::string& task) {
  if (task == "binary") return {"accuracy", "roc_auc"};
  if (task == "multiclass") return {"accuracy", "f1"};
  if (task == "regression") return {"mae", "r2"};
  if (task == "ranking") return {"ndcg", "mrr"};
  return {"mean", "sum"};
}

std::string score_text(const Json& score) {
  const Json& interval = field(score, "interval");
  const std::string value = number_text(number_of(score, "value"));
  if (!interval.is_array() || interval.size() != 2 || !interval[0].is_number() || !interval[1].is_number())
    return value;
  return fmt::format("{} <span class=\"quiet\">[{}, {}]</span>", value, number_text(interval[0].get<double>()),
                     number_text(interval[1].get<double>()));
}

std::string score_plot(const Json& steps, const std::string& metric) {
  const Json& parts = field(steps, "parts");
  TimePlot plot;
  plot.label = metric + " over time";
  plot.lines.push_back({"current", {}});
  for (const Json& part : parts) {
    const Json& score = field(field(part, "metrics"), metric);
    const Json& interval = field(score, "interval");
    const bool has_interval = interval.is_array() && interval.size() == 2;
    plot.begins.push_back(time_of(part, "from"));
    plot.ends.push_back(time_of(part, "to"));
    plot.lines[0].values.push_back(number_of(score, "value"));
    plot.low.push_back(has_interval && interval[0].is_number() ? interval[0].get<double>() : kNoNumber);
    plot.high.push_back(has_interval && interval[1].is_number() ? interval[1].get<double>() : kNoNumber);
  }
  std::vector<double> ends = plot.begins;
  ends.insert(ends.end(), plot.ends.begin(), plot.ends.end());
  plot.period = axis_over(ends);
  return figure(escape_html(metric) + " over time, with its 95 % interval", draw(plot));
}

}  // namespace

Timeline timeline_of(const Json& data) {
  Timeline timeline;
  std::string before;
  for (const Json& step : field(data, "steps")) {
    timeline.begins.push_back(time_of(step, "from"));
    // The newest window has not ended yet.
    timeline.ends.push_back(std::fmin(time_of(step, "to"), time_of(data, "to")));
    timeline.items.push_back(&main_profile(field(step, "items")));
    const std::string version = words_of(*timeline.items.back(), "version");
    if (!before.empty() && version != before) timeline.changes.push_back(timeline.begins.back());
    before = version;
  }
  std::vector<double> times = timeline.begins;
  times.insert(times.end(), timeline.ends.begin(), timeline.ends.end());
  if (times.empty()) times = {time_of(data, "from"), time_of(data, "to")};
  timeline.period = axis_over(times);
  return timeline;
}

TimePlot plot_over(const Timeline& timeline, std::string label, Unit unit) {
  TimePlot plot;
  plot.label = std::move(label);
  plot.period = timeline.period;
  plot.begins = timeline.begins;
  plot.ends = timeline.ends;
  plot.changes = timeline.changes;
  plot.unit = unit;
  return plot;
}

std::string badge(std::string_view word) {
  if (word.empty()) return "–";
  const bool is_bad = word == "drifted" || word == "missing" || word == "fail" || word == "firing" ||
                      word == "failed" || word == "failing" || word == "rejected" || word == "srm";
  const bool is_good = word == "stable" || word == "pass" || word == "ready" || word == "promoted";
  const bool is_between = word == "pending" || word == "progressing" || word == "loading" || word == "warming" ||
                          word == "inconclusive" || word == "aborted";
  return fmt::format("<span class=\"badge {}\">{}</span>",
                     is_bad       ? "bad"
                     : is_good    ? "good"
                     : is_between ? "between"
                                  : "neutral",
                     escape_html(word));
}

std::string refusal_of(const Json& data, std::string_view part) {
  const std::string words = words_of(field(data, "refusals"), part);
  return words.empty() ? "" : fmt::format("<p class=\"none\">{}</p>", escape_html(words));
}

std::string serving_section(const Json& data) {
  const Json& status = field(data, "status");
  const Json &desired = field(status, "desired"), &effective = field(status, "effective");
  std::string html = "<section id=\"serving\"><h2>What serves</h2>\n<dl>";
  html += fmt::format("<dt>State</dt><dd>{}</dd>", badge(words_of(status, "state")));
  html += fact("Why", words_of(status, "reason"));
  html += fact("Serves", effective.is_null() ? "nothing" : plan_text(effective));
  if (!desired.is_null()) {
    if (field(desired, "shares") != field(effective, "shares")) html += fact("Wanted", plan_text(desired));
    html += fact("Since (UTC)",
                 fmt::format("{}, by {}", minute_text(words_of(desired, "created")), words_of(desired, "actor")));
    html += fact("Reason given", words_of(desired, "reason"));
    html += fact("Plan", "revision " + words_of(desired, "revision"));
  }
  return html + "</dl>\n" + versions_table(data) + "</section>\n";
}

std::string alerts_section(const Json& data) {
  std::string html = "<section id=\"alerts\"><h2>Alerts and monitors</h2>\n";
  if (const std::string refusal = refusal_of(data, "monitors"); !refusal.empty())
    return html + refusal + "</section>\n";
  html += alerts_table(data);
  const Json& monitors = field(data, "monitors");
  if (monitors.empty()) return html + "<p class=\"none\">This endpoint has no monitors.</p></section>\n";
  HtmlTable table({"Monitor", "Kind", "Window", "Outcome", "Judged (UTC)", "What it found last"});
  for (const Json& monitor : monitors) {
    const Json& findings = field(monitor, "findings");
    const bool is_judged = !field(monitor, "judged").is_null();
    table.add({escape_html(words_of(monitor, "monitor")), escape_html(words_of(monitor, "kind")),
               escape_html(words_of(monitor, "window")), is_judged ? badge(outcome_of(findings)) : "not yet",
               escape_html(second_text(words_of(monitor, "judged"))), findings_text(findings)});
  }
  return html + "<h3>Monitors</h3>\n" + table.html() + "</section>\n";
}

std::string traffic_section(const Json& data, const Timeline& timeline) {
  std::string html = "<section id=\"traffic\"><h2>Requests</h2>\n";
  if (const std::string refusal = refusal_of(data, "profiles"); !refusal.empty())
    return html + refusal + "</section>\n";
  if (field(data, "profiles").empty()) {
    return html + "<p class=\"none\">Nothing was asked of this endpoint in this time.</p></section>\n";
  }
  const StepTraffic traffic = traffic_of(data, timeline);
  html += fmt::format("<p>{} requests; {} were refused, {} failed ({} together).</p>\n<div class=\"plots\">",
                      number_text(traffic.requests), number_text(traffic.refused), number_text(traffic.failed),
                      percent_text(traffic.requests > 0 ? (traffic.refused + traffic.failed) / traffic.requests : 0));
  TimePlot rates = plot_over(timeline, "requests a second", Unit::kNumber);
  rates.lines = {{"current", traffic.rates}};
  TimePlot failures = plot_over(timeline, "share of requests that were refused or failed", Unit::kPercent);
  failures.lines = {{"failed", traffic.failures}};
  TimePlot latency = plot_over(timeline, "latency", Unit::kMilliseconds);
  latency.lines = {latency_line(timeline, "failed", "p99"), latency_line(timeline, "second", "p95"),
                   latency_line(timeline, "current", "p50")};
  for (TimePlot* const plot : {&rates, &failures, &latency}) plot->is_from_zero = true;
  html += figure("Requests a second", draw(rates));
  html += figure("Refused or failed", draw(failures));
  html += figure(
      "Latency: <i class=\"key current\"></i> p50 <i class=\"key second\"></i> p95 <i class=\"key failed\"></i> p99",
      draw(latency));
  if (!timeline.changes.empty())
    html += "<p class=\"quiet\">Dashed upright lines: another version had the most rows.</p>";
  return html + "</div></section>\n";
}

std::string accuracy_section(const Json& data) {
  std::string html = "<section id=\"accuracy\"><h2>Accuracy</h2>\n";
  if (const std::string refusal = refusal_of(data, "accuracy"); !refusal.empty()) {
    return html + "<p class=\"none\">How good predictions were cannot be said:</p>" + refusal + "</section>\n";
  }
  const Json &report = field(data, "accuracy"), &parts = field(report, "parts");
  const Json& whole = parts.is_array() && !parts.empty() ? parts[0] : field(data, "nothing");
  if (!(number_of(whole, "labelled") > 0)) {
    return html + "<p class=\"none\">No labels for the predictions of this time: modelyard label FILE.</p></section>\n";
  }
  html += fmt::format("<p>{} of {} rows have labels ({}){}.</p>\n", number_text(number_of(whole, "labelled")),
                      number_text(number_of(whole, "predictions")), percent_text(number_of(whole, "coverage")),
                      field(whole, "provisional") == true ? ": provisional, more may come" : "");
  HtmlTable table({"Metric", "right:Value [95 % interval]"});
  for (const auto& [name, score] : field(whole, "metrics").items()) {
    if (!score.is_null()) table.add({escape_html(name), score_text(score)});
  }
  html += table.html() + "<div class=\"plots\">";
  for (const std::string& metric : main_metrics(words_of(field(report, "evaluation"), "task"))) {
    if (field(field(whole, "metrics"), metric).is_null() || field(data, "accuracy_steps").is_null()) continue;
    html += score_plot(field(data, "accuracy_steps"), metric);
  }
  return html + "</div></section>\n";
}

}  // namespace modelyard::app
