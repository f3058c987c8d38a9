#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "app/cli/report/document.h"
#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostBars = 10;

double quantile(const Json& feature, std::string_view share) {
  return number_of(field(feature, "quantiles"), share);
}

double missing_share(const Json& feature) {
  const double rows = number_of(feature, "rows");
  return rows > 0 ? number_of(feature, "missing") / rows : kNoNumber;
}

// Outputs are in no table of training rows: that they are new is no finding.
bool is_without_reference(const Json& drift) {
  const std::string verdict = words_of(drift, "verdict");
  return (verdict == "missing" || verdict == "nodata") && number_of(drift, "reference_rows") == 0;
}

bool is_number(const Json& feature) {
  return words_of(feature, "kind") == "number";
}

// From the 1 % to the 99 % quantile of both, so that a few far values do not press the rest into one bin.
Axis common_axis(const Json& reference, const Json& current) {
  std::vector<double> ends;
  for (const Json* const one : {&reference, &current}) {
    ends.push_back(quantile(*one, "0.01"));
    ends.push_back(quantile(*one, "0.99"));
  }
  Axis axis = axis_over(ends);
  const double room = (axis.high - axis.low) / 20;
  return {axis.low - room, axis.high + room};
}

// What lies between neighbouring quantiles.
std::vector<Cell> cells_of_quantiles(const Json& feature) {
  std::map<double, double> at;  // share → value
  at[0] = number_of(feature, "smallest");
  at[1] = number_of(feature, "largest");
  for (const auto& [share, value] : field(feature, "quantiles").items()) {
    if (value.is_number()) at[std::strtod(share.c_str(), nullptr)] = value.get<double>();
  }
  std::vector<Cell> cells;
  for (auto low = at.begin(), high = std::next(low); high != at.end(); ++low, ++high) {
    if (!cells.empty() && cells.back().from == low->second && low->second == high->second) {
      cells.back().share += high->first - low->first;
    } else {
      cells.push_back({low->second, high->second, high->first - low->first});
    }
  }
  return cells;
}

// The histogram, unless its bins are too wide for the axis.
std::vector<Cell> cells_of(const Json& feature, const Axis& axis) {
  constexpr double kLeastBins = 8;
  if (feature.is_null()) return {};
  const Json &histogram = field(feature, "histogram"), &shares = field(histogram, "shares");
  const double low = number_of(histogram, "from"), high = number_of(histogram, "to");
  const double width = (high - low) / static_cast<double>(std::max<std::size_t>(shares.size(), 1));
  if (shares.empty() || !(width > 0) || width > (axis.high - axis.low) / kLeastBins) return cells_of_quantiles(feature);
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double from = low + static_cast<double>(i) * width;
    cells.push_back({from, from + width, shares[i].is_number() ? shares[i].get<double>() : 0});
  }
  return cells;
}

std::map<std::string, double> shares_of(const Json& feature) {
  std::map<std::string, double> shares;
  const double rows = number_of(feature, "rows");
  for (const Json& one : field(feature, "categories")) {
    if (rows > 0) shares[words_of(one, "text")] = number_of(one, "count") / rows;
  }
  return shares;
}

// The most frequent of either side, and what is left.
std::vector<BarPair> bars_of(const Json& reference, const Json& current) {
  std::map<std::string, BarPair> all;
  for (const auto& [text, share] : shares_of(reference)) all[text].reference = share;
  for (const auto& [text, share] : shares_of(current)) all[text].current = share;
  std::vector<BarPair> bars;
  for (auto& [text, bar] : all) {
    bar.text = text;
    bars.push_back(bar);
  }
  std::ranges::sort(bars, {}, [](const BarPair& bar) {
    return std::pair(-std::max(bar.reference, bar.current), std::string_view(bar.text));
  });
  if (bars.size() > kMostBars) bars.resize(kMostBars);
  BarPair rest{"(others)", 1, 1};
  for (const BarPair& bar : bars) {
    rest.reference -= bar.reference;
    rest.current -= bar.current;
  }
  for (const auto& [side, feature] : {std::pair(&rest.reference, &reference), std::pair(&rest.current, &current)}) {
    const double missing = missing_share(*feature);
    *side = std::isfinite(missing) ? std::max(0.0, *side - missing) : 0;
  }
  constexpr double kLeastRest = 5e-4;
  if (std::max(rest.reference, rest.current) > kLeastRest) bars.push_back(rest);
  return bars;
}

// The category whose share has moved most, or the most frequent one.
std::string moved_category(const Json& reference, const Json& current) {
  std::string moved;
  double most = -1;
  for (const BarPair& bar : bars_of(reference, current)) {
    const double distance = reference.is_null() ? bar.current : std::abs(bar.current - bar.reference);
    if (bar.text == "(others)" || distance <= most) continue;
    most = distance;
    moved = bar.text;
  }
  return moved;
}

TimePlot missing_plot(const Timeline& timeline, const std::string& name) {
  TimePlot plot = plot_over(timeline, "missing values of " + name, Unit::kPercent);
  plot.is_from_zero = true;
  plot.height = 80;
  plot.lines.push_back({"failed", {}});
  for (const Json* const item : timeline.items) {
    plot.lines[0].values.push_back(missing_share(field(field(*item, "features"), name)));
  }
  return plot;
}

TimePlot median_plot(const Timeline& timeline, const std::string& name, const Json& reference) {
  TimePlot plot = plot_over(timeline, "median of " + name, Unit::kNumber);
  plot.lines.push_back({"current", {}});
  if (!reference.is_null()) plot.levels.push_back(quantile(reference, "0.5"));
  for (const Json* const item : timeline.items) {
    const Json& feature = field(field(*item, "features"), name);
    plot.lines[0].values.push_back(quantile(feature, "0.5"));
    plot.low.push_back(quantile(feature, "0.05"));
    plot.high.push_back(quantile(feature, "0.95"));
  }
  return plot;
}

TimePlot category_plot(const Timeline& timeline, const std::string& name, const std::string& category,
                       const Json& reference) {
  TimePlot plot = plot_over(timeline, "share of a category of " + name, Unit::kPercent);
  plot.is_from_zero = true;
  plot.lines.push_back({"current", {}});
  if (!reference.is_null()) plot.levels.push_back(shares_of(reference)[category]);
  for (const Json* const item : timeline.items) {
    const Json& feature = field(field(*item, "features"), name);
    plot.lines[0].values.push_back(feature.is_null() ? kNoNumber : shares_of(feature)[category]);
  }
  return plot;
}

std::string summary_table(const Json& reference, const Json& current) {
  std::vector<std::string> titles{"", "right:Current"};
  if (!reference.is_null()) titles.insert(titles.begin() + 1, "right:Reference");
  HtmlTable table(titles);
  const auto row = [&](const std::string& name, auto&& text) {
    if (reference.is_null()) return table.add({name, text(current)});
    table.add({name, text(reference), text(current)});
  };
  row("Rows looked at", [](const Json& one) { return number_text(number_of(one, "rows")); });
  row("Missing", [](const Json& one) { return percent_text(missing_share(one)); });
  if (is_number(current.is_null() ? reference : current)) {
    row("Median", [](const Json& one) { return number_text(quantile(one, "0.5")); });
    row("5 – 95 %", [](const Json& one) {
      return number_text(quantile(one, "0.05")) + " – " + number_text(quantile(one, "0.95"));
    });
    row("Mean ± deviation", [](const Json& one) {
      return number_text(number_of(one, "mean")) + " ± " + number_text(number_of(one, "deviation"));
    });
    row("Smallest – largest", [](const Json& one) {
      return number_text(number_of(one, "smallest")) + " – " + number_text(number_of(one, "largest"));
    });
  }
  return table.html();
}

std::string figure(const std::string& title, const std::string& svg) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", title, svg);
}

std::string distribution_figure(const std::string& name, const Json& reference, const Json& current) {
  const std::string title =
      reference.is_null() ? "Distribution"
                          : "Distribution: <i class=\"key reference\"></i> reference <i class=\"key current\"></i> "
                            "current";
  const std::string label = "distribution of " + name;
  if (is_number(current.is_null() ? reference : current)) {
    const Axis axis = common_axis(reference, current);
    return figure(title, draw(HistogramPlot{label, cells_of(reference, axis), cells_of(current, axis), axis}));
  }
  return figure(title, draw(BarPlot{label, bars_of(reference, current), !reference.is_null()}));
}

std::string time_figures(const Timeline& timeline, const std::string& name, const Json& reference,
                         const Json& current) {
  const std::string level = reference.is_null() ? "" : "; dashed: reference";
  const std::string missing = figure("Missing over time", draw(missing_plot(timeline, name)));
  if (is_number(current.is_null() ? reference : current)) {
    return figure("Median and 5 – 95 % over time" + level, draw(median_plot(timeline, name, reference))) + missing;
  }
  const std::string category = moved_category(reference, current);
  if (category.empty()) return missing;
  return figure(fmt::format("Share of ‘{}’ over time{}", escape_html(shortened(category, 40)), level),
                draw(category_plot(timeline, name, category, reference))) +
         missing;
}

std::string feature_section(const Json& data, const Timeline& timeline, const std::string& name, std::size_t number) {
  const Json& reference = field(field(field(data, "reference"), "features"), name);
  const Json& current = field(field(main_profile(field(data, "profiles")), "features"), name);
  const Json& drift = drift_of(data, name);
  std::string html = fmt::format("<article id=\"f{}\"><h3>{} {}</h3>\n", number, escape_html(name), drift_badge(drift));
  if (const std::string change = words_of(drift, "change"); !change.empty() && !is_without_reference(drift)) {
    html += fmt::format("<p>{}</p>\n", escape_html(change));
  }
  if (current.is_null() && reference.is_null()) {
    return html + "<p class=\"none\">Neither side has rows of it that can be shown.</p></article>\n";
  }
  const bool is_comparable = reference.is_null() || current.is_null() || is_number(reference) == is_number(current);
  static const Json kNothing;
  const Json& shown = is_comparable ? reference : kNothing;
  if (!is_comparable) html += "<p class=\"none\">The reference has it as another kind.</p>";
  html += "<div class=\"plots\">" + distribution_figure(name, shown, current) +
          time_figures(timeline, name, shown, current) + "<div>" + summary_table(shown, current) + "</div></div>";
  return html + "</article>\n";
}

// What is less is where the arithmetic ends.
std::string p_text(double p) {
  constexpr double kLeast = 1e-300;
  return p < kLeast ? "&lt; 1e-300" : fmt::format("{:.2g}", p);
}

}  // namespace

std::string drift_badge(const Json& drift) {
  return drift.is_null() ? "" : badge(is_without_reference(drift) ? "no reference" : words_of(drift, "verdict"));
}

std::vector<const Json*> drift_in_order(const Json& data) {
  std::vector<const Json*> features;
  for (const bool last : {false, true}) {
    for (const Json& feature : field(field(data, "drift"), "features")) {
      if (is_without_reference(feature) == last) features.push_back(&feature);
    }
  }
  return features;
}

std::vector<std::string> features_in_order(const Json& data) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) names.push_back(name);
  };
  for (const Json* const feature : drift_in_order(data)) add(words_of(*feature, "feature"));
  for (const auto& [name, value] : field(main_profile(field(data, "profiles")), "features").items()) add(name);
  return names;
}

const Json& drift_of(const Json& data, const std::string& feature) {
  static const Json kNothing;
  for (const Json& one : field(field(data, "drift"), "features")) {
    if (words_of(one, "feature") == feature) return one;
  }
  return kNothing;
}

std::string drift_section(const Json& data) {
  std::string html = "<section id=\"drift\"><h2>What has changed</h2>\n";
  if (const std::string refusal = refusal_of(data, "drift"); !refusal.empty()) {
    return html + "<p class=\"none\">What has changed cannot be said:</p>" + refusal +
           "<p class=\"none\">A reference comes with a version (<code>modelyard reference MODEL/VERSION "
           "FILE.csv</code>), or "
           "name a time: <code>--reference-from</code>, <code>--reference-to</code>.</p></section>\n";
  }
  const Json& drift = field(data, "drift");
  const Json& reference = field(drift, "reference");
  const std::string attached = words_of(reference, "attached_to");
  html += fmt::format(
      "<p>Compared with {}.</p>\n",
      attached.empty()
          ? fmt::format("{} to {} (UTC), {} rows", escape_html(minute_text(words_of(reference, "from"))),
                        escape_html(minute_text(words_of(reference, "to"))), number_text(number_of(reference, "rows")))
          : fmt::format("the reference that was published with version {}, {} rows", escape_html(attached),
                        number_text(number_of(reference, "rows"))));
  HtmlTable table({"Feature", "Kind", "right:Distance", "", "right:p", "Verdict", "Change"});
  const double floor = number_of(drift, "distance_floor");
  std::size_t number = 0;
  for (const Json* const one : drift_in_order(data)) {
    const Json& feature = *one;
    if (++number > kMostFeatures) break;
    const std::string verdict = words_of(feature, "verdict");
    const bool is_measured = verdict == "stable" || verdict == "drifted";
    const double distance = number_of(feature, "distance"), p = number_of(feature, "p");
    table.add({fmt::format("<a href=\"#f{}\">{}</a>", number, escape_html(words_of(feature, "feature"))),
               escape_html(words_of(feature, "kind")), is_measured ? fmt::format("{:.3f}", distance) : "–",
               is_measured ? draw_distance(distance, floor) : "", is_measured ? p_text(p) : "–", drift_badge(feature),
               escape_html(words_of(feature, "change"))});
  }
  html += table.html();
  html += fmt::format(
      "<p class=\"quiet\">Drifted: a distance of {} or more (the upright mark; a bar is full at ten times that) and a "
      "p-value below {}, corrected for all features; or as clear a change of what is missing.</p></section>\n",
      number_text(floor), number_text(number_of(drift, "alpha")));
  return html;
}

std::string feature_sections(const Json& data, const Timeline& timeline) {
  const auto names = features_in_order(data);
  if (names.empty()) return "";
  std::string html = "<section id=\"features\"><h2>Inputs and outputs</h2>\n";
  if (names.size() > kMostFeatures) {
    html += fmt::format("<p class=\"none\">The first {} of {} in the order of drift; {} are left out.</p>\n",
                        kMostFeatures, names.size(), names.size() - kMostFeatures);
  }
  for (std::size_t i = 0; i < std::min(names.size(), kMostFeatures); ++i) {
    html += feature_section(data, timeline, names[i], i + 1);
  }
  return html + "</section>\n";
}

}  // namespace modelyard::app
