#include "app/cli/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/cli/report/document.h"
#include "app/cli/report/page_frame.h"
#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

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
  return "<div class=\"tiles\">" +
         tile(state.empty() ? "–" : state, "state", state == "failing" ? Tile::kBad : Tile::kPlain) +
         tile(number_text(requests), "requests") +
         tile(requests > 0 ? percent_text(bad / requests) : "–", "refused or failed",
              bad > 0 ? Tile::kBad : Tile::kPlain) +
         tile(std::isfinite(p99) ? number_text(p99) + " ms" : "–", "p99 latency") +
         tile(drifts == "–" ? drifts : fmt::format("{} of {}", drifts, drifted.size()), "features drifted",
              drifts != "–" && drifts != "0" ? Tile::kBad : Tile::kPlain) +
         tile(firing, "alerts firing", firing != "–" && firing != "0" ? Tile::kBad : Tile::kPlain) + "</div>\n";
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
  std::string html;
  html += fmt::format("<header><h1>Endpoint {}</h1><p class=\"quiet\">{} to {} (UTC), model {}</p></header>\n",
                      endpoint, escape_html(minute_text(words_of(data, "from"))),
                      escape_html(minute_text(words_of(data, "to"))), escape_html(words_of(data, "model")));
  html += tiles(data) + contents(data) + "<main>\n" + serving_section(data) + alerts_section(data) +
          traffic_section(data, timeline) + drift_section(data) + feature_sections(data, timeline) +
          accuracy_section(data) + method_section(data);
  return framed_page(fmt::format("{}: report of {}", endpoint, escape_html(minute_text(words_of(data, "to")))),
                     html + "</main>\n");
}

}  // namespace modelyard::app
