#include "control/predictions/accuracy_document.h"

namespace modelyard::control {
namespace {

Json interval_to_json(const std::optional<statistics::Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json(nullptr);
}

Json metrics_to_json(const monitoring::Metrics& metrics) {
  Json document = Json::object();
  for (const monitoring::Metric& metric : metrics.list) {
    document[std::string(metric.name)] = {{"value", metric.score.value},
                                          {"interval", interval_to_json(metric.score.interval)}};
  }
  return document;
}

Json classes_to_json(const monitoring::Metrics& metrics) {
  Json classes = Json::array();
  const auto score = [](const std::optional<statistics::Score>& one) {
    return one ? Json{{"value", one->value}, {"interval", interval_to_json(one->interval)}} : Json(nullptr);
  };
  for (const monitoring::ClassMetrics& of_class : metrics.classes) {
    classes.push_back({{"class", of_class.name},
                       {"support", of_class.scores.support},
                       {"predicted", of_class.scores.predicted},
                       {"precision", score(of_class.scores.precision)},
                       {"recall", score(of_class.scores.recall)},
                       {"f1", score(of_class.scores.f1)}});
  }
  return classes;
}

}  // namespace

Json to_json(const AccuracyReport& report) {
  Json parts = Json::array();
  for (const AccuracyPart& part : report.parts) {
    Json document{{"from", format_utc(part.from)},           {"to", format_utc(part.to)},
                  {"predictions", part.predictions},         {"captured", part.captured},
                  {"labelled", part.metrics.rows},           {"coverage", part.coverage()},
                  {"provisional", part.is_provisional},      {"withheld", part.is_withheld},
                  {"metrics", metrics_to_json(part.metrics)}};
    document["segment"] = report.query.by.empty() ? Json(nullptr) : Json(part.segment);
    if (!part.metrics.classes.empty()) {
      document["classes"] = classes_to_json(part.metrics);
      document["confusion"] = part.metrics.confusion;
    }
    parts.push_back(std::move(document));
  }
  const bool is_now = report.query.known_at == UtcTime::max();
  return {{"endpoint", report.query.endpoint},
          {"from", format_utc(report.query.from)},
          {"to", format_utc(report.query.to)},
          {"known_at", is_now ? Json(nullptr) : Json(format_utc(report.query.known_at))},
          {"window_seconds", report.query.window.count() / 1'000'000},
          {"by", report.query.by.empty() ? Json(nullptr) : Json(report.query.by)},
          {"evaluation", monitoring::to_json(report.evaluation)},
          {"confidence", 0.95},
          {"parts", std::move(parts)},
          {"unjoined",
           {{"unknown", report.unknown},
            {"uncaptured", report.uncaptured},
            {"unreadable", report.unreadable},
            {"why", report.unreadable_why.empty() ? Json(nullptr) : Json(report.unreadable_why)}}}};
}

}  // namespace modelyard::control
