#include "app/cli/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/cli/report/document.h"
#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

// Blue and grey tell current and reference apart also for who sees no red or green; words stand beside every colour.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ground: #fff; --card: #f8f9fb; --ink: #1a1f27; --quiet: #5b6572; --rule: #dde1e7;
  --current: #2563eb; --reference: #8a94a3; --second: #0d9488; --failed: #d9480f; --good: #1a7f4b; --between: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161c; --card: #1a2028; --ink: #e6e9ee; --quiet: #9aa5b4;
  --rule: #303945; --current: #6ea0ff; --reference: #8b97a8; --second: #2dd4bf; --failed: #ff8a50; --good: #4cc38a;
  --between: #e0b040; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1120px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 36px 0 10px; }
h3 { font-size: 15px; margin: 22px 0 6px; overflow-wrap: anywhere; } p { margin: 6px 0; }
a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: 2px; }
code { font: 12px ui-monospace, Consolas, monospace; } .quiet, .none { color: var(--quiet); } .none { font-style: italic; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(145px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { border: 1px solid var(--rule); border-radius: 8px; background: var(--card); padding: 10px 14px; }
.tile b { display: block; font-size: 20px; line-height: 1.3; font-weight: 600; overflow-wrap: anywhere; }
.tile span { color: var(--quiet); font-size: 12px; } .tile.bad b { color: var(--failed); }
nav { border: 1px solid var(--rule); border-radius: 8px; padding: 10px 14px; margin: 12px 0; }
nav ol { columns: 4 190px; margin: 6px 0 0; padding-left: 28px; } nav li { overflow-wrap: anywhere; break-inside: avoid; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: 12px; border-bottom: 1px solid var(--rule); }
th, td { padding: 5px 18px 5px 0; vertical-align: top; } td { border-bottom: 1px solid var(--rule); max-width: 420px;
  overflow-wrap: break-word; } td:first-child { overflow-wrap: anywhere; min-width: 11em; }
td:last-child { overflow-wrap: anywhere; } td:last-child:not(.right) { min-width: 16em; } tbody tr:last-child td { border-bottom: 0; } .right { text-align: right; white-space: nowrap; }
td svg { vertical-align: middle; } #accuracy table { width: auto; } #accuracy .plots { margin-top: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 8px 0 16px; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; border: 1px solid; font-size: 12px; font-weight: 500;
  line-height: 18px; vertical-align: middle; white-space: nowrap; } .badge.bad { color: var(--failed); }
.badge.good { color: var(--good); } .badge.between { color: var(--between); } .badge.neutral { color: var(--quiet); }
article h3 { margin-top: 0; } article { border: 1px solid var(--rule); border-radius: 8px; padding: 14px 16px; margin: 14px 0; background: var(--card); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 10px 28px;
  align-items: start; } figure { margin: 0; } figcaption { font-size: 12px; color: var(--quiet); margin-bottom: 2px; }
figure svg { width: 100%; height: auto; max-width: 560px; }
svg text { font-size: 11px; fill: var(--quiet); } svg text.name { fill: var(--ink); } .axis { stroke: var(--quiet); }
.grid { stroke: var(--rule); } .change { stroke: var(--quiet); stroke-dasharray: 2 4; } .floor { stroke: var(--ink); }
.level { stroke: var(--reference); stroke-width: 1.5; stroke-dasharray: 6 3; }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .line.current { stroke: var(--current); }
.line.second { stroke: var(--second); } .line.failed { stroke: var(--failed); }
.line.band { stroke: var(--current); stroke-opacity: .35; stroke-width: 3; }
.dot.current { fill: var(--current); } .dot.second { fill: var(--second); } .dot.failed { fill: var(--failed); }
path.band { fill: var(--current); fill-opacity: .16; } .area { stroke-width: .8; }
.area.reference { fill: var(--reference); fill-opacity: .45; stroke: var(--reference); }
.area.current { fill: var(--current); fill-opacity: .38; stroke: var(--current); } .bar.reference { fill: var(--reference); }
.bar.current, .bar.stable { fill: var(--current); } .bar.stable { fill-opacity: .55; } .bar.drifted { fill: var(--failed); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 2px 0 8px; }
.key.reference { background: var(--reference); } .key.current { background: var(--current); }
.key.second { background: var(--second); } .key.failed { background: var(--failed); }
@media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --ink: #000; --quiet: #444; --rule: #bbb;
  --current: #2563eb; --reference: #8a94a3; --second: #0d9488; --failed: #d9480f; --good: #1a7f4b; --between: #9a6700; }
  @page { margin: 14mm; } body { max-width: none; padding: 0; font-size: 11px; } .wide { overflow: visible; }
  h1 { font-size: 18px; } h2 { font-size: 14px; margin-top: 22px; } h3 { font-size: 12px; } th, figcaption, .badge, .tile span, code
  { font-size: 10px; }
  .plots { grid-template-columns: 1fr 1fr; } article, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

std::string tile(const std::string& figure, std::string_view words, bool is_bad = false) {
  return fmt::format("<div class=\"tile{}\"><b>{}</b><span>{}</span></div>", is_bad ? " bad" : "", escape_html(figure),
                     words);
}

// Of those in a state, or "–" when that is not known.
std::string count_text(const Json& data, const std::string& part, const Json& items, std::string_view key,
                       std::string_view word) {
  if (!refusal_of(data, part).empty() || items.is_null()) return "–";
  std::size_t count = 0;
  for (const Json& item : items) count += words_of(item, key) == word ? 1 : 0;
  return std::to_string(count);
}

std::string tiles(const Json& data) {
  double requests = 0, bad = 0;
  for (const Json& item : field(data, "profiles")) {
    requests += number_of(item, "requests");
    bad += number_of(item, "refused") + number_of(item, "failed");
  }
  const double p99 = number_of(field(main_profile(field(data, "profiles")), "latency_ms"), "p99");
  const Json& drifted = field(field(data, "drift"), "features");
  const std::string drifts = count_text(data, "drift", drifted, "verdict", "drifted");
  const std::string firing = count_text(data, "monitors", field(data, "alerts"), "state", "firing");
  const std::string state = words_of(field(data, "status"), "state");
  return "<div class=\"tiles\">" + tile(state.empty() ? "–" : state, "state", state == "failing") +
         tile(number_text(requests), "requests") +
         tile(requests > 0 ? percent_text(bad / requests) : "–", "refused or failed", bad > 0) +
         tile(std::isfinite(p99) ? number_text(p99) + " ms" : "–", "p99 latency") +
         tile(drifts == "–" ? drifts : fmt::format("{} of {}", drifts, drifted.size()), "features drifted",
              drifts != "–" && drifts != "0") +
         tile(firing, "alerts firing", firing != "–" && firing != "0") + "</div>\n";
}

std::string contents(const Json& data) {
  constexpr std::size_t kFew = 6;
  const auto names = features_in_order(data);
  std::string html =
      "<nav><a href=\"#serving\">What serves</a> · <a href=\"#alerts\">Alerts and monitors</a> · "
      "<a href=\"#traffic\">Requests</a> · <a href=\"#drift\">What has changed</a> · ";
  if (!names.empty()) html += "<a href=\"#features\">Inputs and outputs</a> · ";
  html += "<a href=\"#accuracy\">Accuracy</a> · <a href=\"#method\">How this was made</a>";
  if (names.size() > kFew) {
    html += "<ol>";
    for (std::size_t i = 0; i < std::min(names.size(), kMostFeatures); ++i) {
      const Json& drift = drift_of(data, names[i]);
      html += fmt::format("<li><a href=\"#f{}\">{}</a> {}</li>", i + 1, escape_html(shortened(names[i], 60)),
                          words_of(drift, "verdict") == "stable" ? "" : drift_badge(drift));
    }
    html += "</ol>";
  }
  return html + "</nav>\n";
}

std::string width_text(const Json& data) {
  double least = INFINITY, most = 0;
  for (const Json& step : field(data, "steps")) {
    const double width = time_of(step, "to") - time_of(step, "from");
    least = std::min(least, width);
    most = std::max(most, width);
  }
  const auto text = [](double seconds) {
    return seconds >= 86'400 ? fmt::format("{:.3g} d", seconds / 86'400)
           : seconds >= 3600 ? fmt::format("{:.3g} h", seconds / 3600)
           : seconds >= 60   ? fmt::format("{:.3g} min", seconds / 60)
                             : fmt::format("{:.3g} s", seconds);
  };
  // The first and the last one may be cut.
  constexpr double kAlike = 1.3;
  if (most < kAlike * least) return "steps of " + text(most);
  return fmt::format("steps of {} to {}", text(least), text(most));
}

std::string method_section(const Json& data) {
  double rows = 0, profiled = 0, least = 1;
  const Json &profiles = field(data, "profiles"), &main = main_profile(profiles);
  for (const Json& item : profiles) {
    rows += number_of(item, "rows");
    profiled += number_of(item, "profiled_rows");
    if (const double share = number_of(item, "least_share"); share < least) least = share;
  }
  std::string html = "<section id=\"method\"><h2>How this was made</h2>\n<ul>\n";
  if (!profiles.empty()) {
    html += fmt::format(
        "<li>Of {} answered rows {} were looked at ({}){}.</li>\n", number_text(rows), number_text(profiled),
        percent_text(rows > 0 ? profiled / rows : 0),
        least > 0 && least < 1 ? "; in the busiest moment one row in " + number_text(std::round(1 / least)) : "");
    html += fmt::format(
        "<li>Over time in {} {}: windows of profiles, which are wider for what is some hours or days old.</li>\n",
        number_text(static_cast<double>(field(data, "steps").size())), width_text(data));
  }
  if (profiles.size() > 1) {
    html += fmt::format(
        "<li>Several versions answered. Requests are those of all of them; latency, distributions and medians those of "
        "the "
        "version with the most rows: over the whole time that is version {}.</li>\n",
        escape_html(words_of(main, "version")));
  }
  html +=
      "<li>Quantiles and histograms of live data come from sketches whose ranks are off by at most 1.3 % with a "
      "probability of 99 %, and those of a reference from a table by at most 0.7 %; of a few hundred rows they are "
      "exact. "
      "Counts, means and extremes are exact for the rows that were looked at.</li>\n"
      "<li>Distributions are drawn from the 1 % to the 99 % quantile of both sides, by density; spikes of a single "
      "value "
      "are cut. Where bins would be too wide for that, they are drawn between quantiles.</li>\n"
      "<li>Of categories the 20 most frequent are known here; the rest is ‘(others)’.</li>\n";
  html += fmt::format("<li>All times are UTC. Made on {} from {}.</li>\n</ul></section>\n",
                      escape_html(second_text(words_of(data, "made"))), escape_html(words_of(data, "server")));
  return html;
}

}  // namespace

std::string report_page(const Json& data) {
  const Timeline timeline = timeline_of(data);
  const std::string endpoint = escape_html(words_of(data, "endpoint"));
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Should anything ever get through that is not text, no browser runs or fetches it.
  html +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  html += fmt::format("<title>{}: report of {}</title>\n<style>{}</style>\n</head>\n<body>\n", endpoint,
                      escape_html(minute_text(words_of(data, "to"))), kStyle);
  html += fmt::format("<header><h1>Endpoint {}</h1><p class=\"quiet\">{} to {} (UTC), model {}</p></header>\n",
                      endpoint, escape_html(minute_text(words_of(data, "from"))),
                      escape_html(minute_text(words_of(data, "to"))), escape_html(words_of(data, "model")));
  html += tiles(data) + contents(data) + "<main>\n" + serving_section(data) + alerts_section(data) +
          traffic_section(data, timeline) + drift_section(data) + feature_sections(data, timeline) +
          accuracy_section(data) + method_section(data);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace modelyard::app
