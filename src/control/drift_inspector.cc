#include "control/drift_inspector.h"

#include <algorithm>

#include "control/version_names.h"
#include "inference/element.h"

namespace modelyard::control {
namespace {

using inference::DataType;
using journal::FieldRecord;
using monitoring::FeatureKind;
using monitoring::FeatureProfile;
using monitoring::Profiles;

// Names of columns by the tensor that has them.
using ColumnNames = std::map<std::string, std::vector<std::string>, std::less<>>;

Result<ColumnNames> column_names(registry::CatalogReader& reader, const std::string& endpoint) {
  ColumnNames names;
  MODELYARD_ASSIGN(const auto record, reader.endpoint(endpoint));
  MODELYARD_TRY(for_each_signature(reader, record.model, [&](const inference::Signature& signature) {
    for (const auto* const specs : {&signature.inputs, &signature.outputs}) {
      for (const inference::TensorSpec& spec : *specs) {
        if (!spec.features.empty()) names[spec.name] = spec.features;
      }
    }
  }));
  return names;
}

// Profiles of one period, filled payload by payload.
class Profiler {
 public:
  explicit Profiler(const ColumnNames& names) : names_(names) {}

  void add(const journal::PayloadRecord& payload) {
    ++predictions_;
    for (const FieldRecord& field : payload.fields) {
      const bool has_values =
          field.treatment == journal::Treatment::kKept || field.treatment == journal::Treatment::kHashed;
      if (has_values && !field.shape.empty()) add(field);
    }
  }

  std::uint64_t predictions() const { return predictions_; }
  const Profiles& profiles() const { return profiles_; }

 private:
  void add(const FieldRecord& field) {
    std::int64_t columns = 1;
    for (std::size_t i = 1; i < field.shape.size(); ++i) columns *= field.shape[i];
    if (columns < 1 || columns > DriftInspector::kMostColumns || field.shape.front() < 1) return;
    const auto kind =
        field.type == DataType::kBytes || field.type == DataType::kBool ? FeatureKind::kCategory : FeatureKind::kNumber;
    const auto& of_columns = profiles_of(field, static_cast<std::size_t>(columns), kind);
    const auto bytes = std::as_bytes(std::span(field.bytes));
    std::size_t place = 0;
    if (field.type == DataType::kBytes) {
      inference::for_each_bytes_element(
          bytes, [&](std::string_view text) { add_text(*of_columns[place++ % of_columns.size()], text); });
      return;
    }
    const std::size_t width = inference::element_bytes(field.type);
    for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
      FeatureProfile& profile = *of_columns[place++ % of_columns.size()];
      const double value = inference::number_at(field.type, bytes.data() + at);
      if (profile.kind() != kind) continue;
      kind == FeatureKind::kNumber ? profile.add(value) : profile.add(value != 0 ? "true" : "false");
    }
  }

  static void add_text(FeatureProfile& profile, std::string_view text) {
    if (profile.kind() == FeatureKind::kCategory) profile.add(text);
  }

  // They are looked up once for each tensor as long as its width is the same.
  const std::vector<FeatureProfile*>& profiles_of(const FieldRecord& field, std::size_t columns, FeatureKind kind) {
    auto& known = of_tensors_[{field.side, field.name}];
    if (known.size() == columns) return known;
    known.clear();
    const auto named = names_.find(field.name);
    for (std::size_t i = 0; i < columns; ++i) {
      const bool has_name = named != names_.end() && named->second.size() == columns;
      std::string name = has_name ? named->second[i] : columns == 1 ? field.name : fmt::format("{}[{}]", field.name, i);
      // An output may be called as an input is.
      const auto side = sides_.try_emplace(name, field.side).first->second;
      if (side != field.side) name += " (output)";
      known.push_back(&profiles_.try_emplace(name, kind).first->second);
    }
    return known;
  }

  const ColumnNames& names_;
  std::uint64_t predictions_ = 0;
  Profiles profiles_;
  std::map<std::string, journal::Side, std::less<>> sides_;  // of names
  std::map<std::pair<journal::Side, std::string>, std::vector<FeatureProfile*>> of_tensors_;
};

Json period_to_json(const Period& period, std::uint64_t predictions) {
  return {{"from", format_utc(period.from)}, {"to", format_utc(period.to)}, {"predictions", predictions}};
}

}  // namespace

Result<DriftReport> DriftInspector::inspect(const DriftQuery& query) {
  for (const Period* const period : {&query.reference, &query.current}) {
    if (period->from >= period->to) return error(Code::kInvalidArgument, "a period ends before it begins");
  }
  ColumnNames names;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(names, column_names(reader, query.endpoint));
    return ok();
  }));
  Profiler reference(names), current(names);
  for (const auto& [period, profiler] :
       {std::pair(&query.reference, &reference), std::pair(&query.current, &current)}) {
    payloads_.scan(query.endpoint, period->from, period->to - std::chrono::microseconds(1),
                   [profiler](const journal::PayloadRecord& payload) { profiler->add(payload); });
    if (profiler->predictions() > 0) continue;
    return error(Code::kFailedPrecondition,
                 "nothing is captured of endpoint '{}' from {} to {}: modelyard record {} capture.share=0.1",
                 query.endpoint, format_utc(period->from), format_utc(period->to), query.endpoint);
  }
  return DriftReport{query, reference.predictions(), current.predictions(),
                     monitoring::compare(reference.profiles(), current.profiles(), query.rule)};
}

Json to_json(const DriftReport& report) {
  Json features = Json::array();
  for (const monitoring::FeatureDrift& drift : report.features) {
    features.push_back({{"feature", drift.feature},
                        {"kind", monitoring::feature_kind_name(drift.kind)},
                        {"verdict", monitoring::drift_verdict_name(drift.verdict)},
                        {"reference_rows", drift.reference_rows},
                        {"current_rows", drift.current_rows},
                        {"reference_missing", drift.reference_missing},
                        {"current_missing", drift.current_missing},
                        {"distance", drift.distance},
                        {"p", drift.p},
                        {"missing_p", drift.missing_p},
                        {"change", drift.change}});
  }
  const monitoring::DriftRule& rule = report.query.rule;
  return {{"endpoint", report.query.endpoint},
          {"reference", period_to_json(report.query.reference, report.reference_predictions)},
          {"current", period_to_json(report.query.current, report.current_predictions)},
          {"alpha", rule.alpha},
          {"distance_floor", rule.distance_floor},
          {"missing_floor", rule.missing_floor},
          {"least_rows", rule.least_rows},
          {"features", std::move(features)}};
}

}  // namespace modelyard::control
