// Exposition writes metrics as Prometheus text 0.0.4 or OpenMetrics 1.0.0.
//
// A family is begun once, with its samples behind it. Names follow the Prometheus rules; counters are named
// without "_total" here and get it where the format asks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace modelyard::telemetry {

enum class ExpositionFormat { kPrometheus, kOpenMetrics };
enum class MetricKind { kCounter, kGauge, kHistogram };

std::string_view exposition_content_type(ExpositionFormat format);

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// One trace that a bucket counts. Only OpenMetrics has a place for it.
struct Exemplar {
  std::string trace_id;
  double value = 0;
  double timestamp = 0;  // seconds since 1970
};

class Exposition {
 public:
  explicit Exposition(ExpositionFormat format) : format_(format) {}

  // Begins a family: "modelyard_requests", its kind and what it counts.
  void family(std::string_view name, MetricKind kind, std::string_view help);
  void sample(const Labels& labels, double value);
  void sample(const Labels& labels, std::uint64_t value);
  // `counts` are per bucket, one more than `bounds` for the rest; `exemplars` are as many, or none.
  void histogram(const Labels& labels, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                 double sum, std::span<const std::optional<Exemplar>> exemplars = {});

  std::string finish() &&;

 private:
  void line(std::string_view suffix, const Labels& labels, std::string_view extra, std::string_view value);

  const ExpositionFormat format_;
  std::string name_;
  MetricKind kind_ = MetricKind::kGauge;
  std::string text_;
};

}  // namespace modelyard::telemetry
