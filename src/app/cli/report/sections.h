// The parts of a report's page, each of the document that collect_report() made. Pure: same document, same HTML.
#pragma once

#include <string>
#include <vector>

#include "app/cli/report/svg_plot.h"
#include "base/json.h"

namespace modelyard::app {

constexpr std::size_t kMostFeatures = 60;

// What every plot over time shares.
struct Timeline {
  Axis period;
  std::vector<double> begins, ends;
  std::vector<const Json*> items;  // of each step the version with the most rows
  std::vector<double> changes;     // when that version is another one
};
Timeline timeline_of(const Json& data);
// A plot of it without lines.
TimePlot plot_over(const Timeline& timeline, std::string label, Unit unit);

std::string serving_section(const Json& data);
std::string alerts_section(const Json& data);
std::string traffic_section(const Json& data, const Timeline& timeline);
std::string accuracy_section(const Json& data);
std::string drift_section(const Json& data);
std::string feature_sections(const Json& data, const Timeline& timeline);

// The rows of the drift report: what has drifted first, last what the reference does not have.
std::vector<const Json*> drift_in_order(const Json& data);
// The verdict, or "" without one.
std::string drift_badge(const Json& drift);
// Features in that order, then those that drift does not know.
std::vector<std::string> features_in_order(const Json& data);
// Its row of the drift report, or null.
const Json& drift_of(const Json& data, const std::string& feature);
// <span class="badge …">drifted</span>
std::string badge(std::string_view word);
// Why a part is not there, or "".
std::string refusal_of(const Json& data, std::string_view part);

}  // namespace modelyard::app
