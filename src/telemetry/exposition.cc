#include "telemetry/exposition.h"

#include <fmt/format.h>

#include <array>

namespace modelyard::telemetry {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
}

}  // namespace

std::string_view exposition_content_type(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                  : "text/plain; version=0.0.4; charset=utf-8";
}

void Exposition::family(std::string_view name, MetricKind kind, std::string_view help) {
  constexpr std::array<std::string_view, 3> kKinds{"counter", "gauge", "histogram"};
  name_ = name;
  kind_ = kind;
  // OpenMetrics names the family, the older text names the sample.
  const bool total = kind == MetricKind::kCounter && format_ == ExpositionFormat::kPrometheus;
  const std::string shown = total ? name_ + "_total" : name_;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", shown, help, shown,
                 kKinds[static_cast<std::size_t>(kind)]);
}

void Exposition::line(std::string_view suffix, const Labels& labels, std::string_view extra, std::string_view value) {
  text_.append(name_).append(suffix);
  if (!labels.empty() || !extra.empty()) {
    char separator = '{';
    for (const auto& [key, label] : labels) {
      text_ += separator;
      text_.append(key).append("=\"");
      append_escaped(text_, label);
      text_ += '"';
      separator = ',';
    }
    if (!extra.empty()) {
      text_ += separator;
      text_ += extra;
    }
    text_ += '}';
  }
  text_.append(" ").append(value).append("\n");
}

void Exposition::sample(const Labels& labels, double value) {
  line(kind_ == MetricKind::kCounter ? "_total" : "", labels, "", fmt::format("{}", value));
}

void Exposition::sample(const Labels& labels, std::uint64_t value) {
  line(kind_ == MetricKind::kCounter ? "_total" : "", labels, "", fmt::format("{}", value));
}

void Exposition::histogram(const Labels& labels, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                           double sum, std::span<const std::optional<Exemplar>> exemplars) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    const std::string bound = i < bounds.size() ? fmt::format("le=\"{}\"", bounds[i]) : "le=\"+Inf\"";
    std::string value = fmt::format("{}", below);
    if (format_ == ExpositionFormat::kOpenMetrics && i < exemplars.size() && exemplars[i]) {
      const Exemplar& one = *exemplars[i];
      value += fmt::format(" # {{trace_id=\"{}\"}} {} {:.6f}", one.trace_id, one.value, one.timestamp);
    }
    line("_bucket", labels, bound, value);
  }
  line("_sum", labels, "", fmt::format("{}", sum));
  line("_count", labels, "", fmt::format("{}", below));
}

std::string Exposition::finish() && {
  if (format_ == ExpositionFormat::kOpenMetrics) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace modelyard::telemetry
