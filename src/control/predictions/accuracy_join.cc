#include "control/predictions/accuracy_join.h"

#include <algorithm>
#include <tuple>

#include "journal/ground_truth/label_rule.h"

namespace modelyard::control {

using inference::Signature;
using journal::KeptLabel;
using journal::PayloadRecord;
using monitoring::JudgedRow;
using monitoring::ReadOutputs;

Status AccuracyJoin::read(const Sources& sources) {
  if (query_.from >= query_.to) return error(Code::kInvalidArgument, "from: it is not before 'to'");
  MODELYARD_TRY(sources.catalog.read([&](registry::CatalogReader& reader) { return read_endpoint(reader); }));
  MODELYARD_TRY(read_labels(sources.labels));
  find_units(sources.payloads);
  MODELYARD_TRY(read_predictions(sources.journal));
  drop_labels_of_nothing();
  MODELYARD_TRY(sources.catalog.read([&](registry::CatalogReader& reader) { return choose_signatures(reader); }));
  read_answers(sources.payloads);
  return ok();
}

Status AccuracyJoin::read_endpoint(registry::CatalogReader& reader) {
  MODELYARD_ASSIGN(const auto endpoint, reader.endpoint(query_.endpoint));
  model_ = endpoint.model;
  MODELYARD_ASSIGN(const Json document, parse_json(endpoint.wants.evaluation));
  MODELYARD_ASSIGN(report_.evaluation, monitoring::parse_evaluation(document));
  return ok();
}

Status AccuracyJoin::read_labels(journal::LabelStore& store) {
  // The time of an id is cut to its millisecond.
  const UtcTime from = std::chrono::floor<std::chrono::milliseconds>(query_.from);
  return store.scan(query_.endpoint, from, last(), query_.known_at, [&](const KeptLabel& label) {
    (label.prediction ? labels_[*label.prediction] : unit_labels_[label.unit]).push_back(label);
  });
}

void AccuracyJoin::find_units(journal::PayloadJournal& payloads) {
  if (unit_labels_.empty()) return;
  std::map<std::string, std::vector<std::pair<UtcTime, Uuid>>> asked;
  payloads.scan(query_.endpoint, query_.from, UtcTime::max(), [&](const PayloadRecord& payload) {
    const auto is_output = [](const journal::FieldRecord& field) { return field.side == journal::Side::kOutput; };
    const bool was_answered = std::ranges::any_of(payload.fields, is_output);
    if (was_answered && unit_labels_.contains(payload.unit)) asked[payload.unit].emplace_back(payload.time, payload.id);
  });
  for (auto& [unit, labels] : unit_labels_) {
    auto& times = asked[unit];
    std::ranges::sort(times);
    for (KeptLabel& label : labels) {
      const auto later = std::ranges::upper_bound(times, label.time, {}, &std::pair<UtcTime, Uuid>::first);
      if (later == times.begin()) {
        report_.unknown += label.time < query_.to && label.value ? 1 : 0;
      } else {
        labels_[std::prev(later)->second].push_back(label);
      }
    }
  }
}

// Of an endpoint that was of another model before, only those of this one.
Status AccuracyJoin::read_predictions(journal::Journal& journal) {
  std::size_t rows = 0;
  journal.scan(query_.endpoint, query_.from, last(),
               [&](const std::string&, const journal::DecisionRow& row, const journal::NameTable& names) {
                 const bool is_judged = row.outcome == 0 && row.rows > 0 && names.name(row.model) == model_;
                 if (!is_judged || rows > Evaluator::kMostRows) return;
                 if (wanted_ == Wanted::kLabelled && !labels_.contains(row.id)) return;
                 const Prediction prediction{
                     row.time,          static_cast<std::size_t>(row.rows), row.version,
                     row.plan_revision, kept_name(names.name(row.arm)),     kept_name(names.name(row.principal))};
                 rows += prediction.rows;
                 versions_.insert(row.version);
                 predictions_.emplace(row.id, prediction);
               });
  if (rows <= Evaluator::kMostRows) return ok();
  if (wanted_ == Wanted::kLabelled) {
    return error(Code::kResourceExhausted, "more than {} labelled rows: so many are not joined at once",
                 Evaluator::kMostRows);
  }
  return error(Code::kResourceExhausted, "more than {} rows were predicted: ask for a shorter time",
               Evaluator::kMostRows);
}

void AccuracyJoin::drop_labels_of_nothing() {
  std::erase_if(labels_, [&](const auto& entry) {
    if (predictions_.contains(entry.first)) return false;
    // Those by unit may be meant for predictions of another time.
    report_.unknown += static_cast<std::uint64_t>(std::ranges::count_if(entry.second, [&](const KeptLabel& label) {
      return label.prediction && label.time >= query_.from && label.value;
    }));
    return true;
  });
}

Status AccuracyJoin::choose_signatures(registry::CatalogReader& reader) {
  for (const VersionNumber number : versions_) {
    const auto version = reader.version({model_, number});
    if (!version) continue;  // deleted since
    MODELYARD_ASSIGN(signatures_[number], inference::parse_signature(version->document.signature));
  }
  if (signatures_.empty()) return ok();
  MODELYARD_ASSIGN(report_.evaluation, monitoring::complete(report_.evaluation, signatures_.rbegin()->second));
  judged_.emplace(report_.evaluation);
  const auto has = [&](const auto& entry) { return has_feature(entry.second, query_.by); };
  if (!is_by_feature() || std::ranges::any_of(signatures_, has)) return ok();
  return error(Code::kNotFound, "by: there is no input or feature '{}'; 'version' and 'arm' are known, too", query_.by);
}

std::string AccuracyJoin::segment_of(const Prediction& prediction) const {
  if (query_.by == "version") return std::to_string(prediction.version);
  if (query_.by == "arm") return std::string(prediction.arm.empty() ? "(none)" : prediction.arm);
  return "";
}

std::size_t AccuracyJoin::segment_number(const std::string& name) {
  const auto found = std::ranges::find(segments_, name);
  if (found != segments_.end()) return static_cast<std::size_t>(found - segments_.begin());
  segments_.push_back(name);
  return segments_.size() - 1;
}

void AccuracyJoin::note_unreadable(const Error& why) {
  if (report_.unreadable++ == 0) report_.unreadable_why = why.message();
}

// One label for each row, of all ways in which they were given.
void AccuracyJoin::judge(const Prediction& prediction, const std::vector<KeptLabel>& labels, const ReadOutputs& outputs,
                         std::uint64_t request, std::size_t first_row) {
  std::map<std::int64_t, const KeptLabel*> of_rows;
  for (const KeptLabel& label : labels) {
    if (!label.row && prediction.rows != 1) {
      note_unreadable(Error(Code::kInvalidArgument, "a label names no row, and its prediction has several"));
      continue;
    }
    const KeptLabel*& known = of_rows[label.row.value_or(0)];
    if (known == nullptr || journal::goes_before(label, *known)) known = &label;
  }
  for (const auto& [row, label] : of_rows) {
    if (!label->value) continue;  // it was taken back
    const auto place = static_cast<std::size_t>(row);
    JudgedRow judged;
    judged.time = prediction.time;
    judged.request = request;
    judged.segment = static_cast<std::uint32_t>(first_row + std::min(place, prediction.rows - 1));
    const Status added = judged_->add(judged, *label->value, outputs, place);
    if (!added) note_unreadable(added.error());
  }
}

void AccuracyJoin::add_answer(const PayloadRecord& payload, const Prediction& prediction, std::uint64_t request) {
  const auto signature = signatures_.find(prediction.version);
  if (signature == signatures_.end()) return;
  std::vector<inference::TensorView> kept;
  for (const journal::FieldRecord& field : payload.fields) {
    if (field.side != journal::Side::kOutput || field.treatment != journal::Treatment::kKept) continue;
    kept.push_back({field.name, field.type, field.shape, std::as_bytes(std::span(field.bytes))});
  }
  const auto labels = labels_.find(payload.id);
  const monitoring::JudgedOutputs outputs(report_.evaluation, signature->second, kept);
  const auto read = ReadOutputs::read(report_.evaluation, outputs.views(), prediction.rows);
  if (!read) {
    // What it says of a prediction without labels nobody has asked.
    if (labels == labels_.end()) return;
    note_unreadable(read.error());
    labels_.erase(labels);
    return;
  }
  const std::size_t first_row = captured_.size();
  if (is_by_feature()) {
    auto values = feature_values(payload, signature->second, query_.by, prediction.rows);
    if (!values) values.emplace(prediction.rows, FeatureValue());
    features_.insert(features_.end(), values->begin(), values->end());
  }
  const std::size_t segment = segment_number(segment_of(prediction));
  for (std::size_t row = 0; row < prediction.rows; ++row) captured_.push_back({prediction.time, segment});
  if (labels == labels_.end()) return;
  origins_.emplace(request, Origin{payload.id, &prediction, payload.unit});
  judge(prediction, labels->second, *read, request, first_row);
  labels_.erase(labels);
}

void AccuracyJoin::read_answers(journal::PayloadJournal& payloads) {
  if (!judged_) return;
  std::uint64_t request = 0;
  payloads.scan(query_.endpoint, query_.from, last(), [&](const PayloadRecord& payload) {
    const auto prediction = predictions_.find(payload.id);
    if (prediction != predictions_.end()) add_answer(payload, prediction->second, request++);
  });
  for (const auto& [id, labels] : labels_) {
    report_.uncaptured += static_cast<std::uint64_t>(
        std::ranges::count_if(labels, [](const KeptLabel& label) { return label.value.has_value(); }));
  }
  if (is_by_feature()) group_by_feature();
}

void AccuracyJoin::group_by_feature() {
  const FeatureGroups groups(features_);
  segments_ = groups.names();
  for (std::size_t i = 0; i < captured_.size(); ++i) captured_[i].segment = groups.group_of(features_[i]);
}

// The start of the window, UTC microseconds: whole multiples of its length.
std::int64_t AccuracyJoin::window_of(std::int64_t time) const {
  if (query_.window.count() == 0) return utc_micros(query_.from);
  return std::max(utc_micros(query_.from), time - time % query_.window.count());
}

// By window and place of the segment.
std::map<std::pair<std::int64_t, std::size_t>, AccuracyJoin::Gathered> AccuracyJoin::gather() {
  std::map<std::pair<std::int64_t, std::size_t>, Gathered> parts;
  for (const auto& [id, prediction] : predictions_) {
    if (is_by_feature()) break;
    parts[{window_of(prediction.time), segment_number(segment_of(prediction))}].predictions += prediction.rows;
  }
  for (const CapturedRow& row : captured_) {
    Gathered& part = parts[{window_of(row.time), row.segment}];
    ++part.captured;
    if (is_by_feature()) ++part.predictions;
  }
  if (!judged_) return parts;
  for (std::size_t i = 0; i < judged_->rows().size(); ++i) {
    const JudgedRow& row = judged_->rows()[i];
    parts[{window_of(row.time), captured_[row.segment].segment}].rows.push_back(i);
  }
  return parts;
}

AccuracyReport AccuracyJoin::report() {
  for (auto& [key, gathered] : gather()) {
    AccuracyPart part;
    part.from = utc_from_micros(key.first);
    part.to = query_.to;
    if (query_.window.count() > 0) {
      const std::int64_t end = key.first - key.first % query_.window.count() + query_.window.count();
      part.to = std::min(part.to, utc_from_micros(end));
    }
    part.segment = segments_[key.second];
    part.predictions = gathered.predictions;
    part.captured = gathered.captured;
    if (judged_) part.metrics = monitoring::measure(*judged_, gathered.rows, query_.alpha);
    part.is_provisional = part.captured == 0 || part.coverage() < report_.evaluation.coverage;
    report_.parts.push_back(std::move(part));
  }
  // Groups of a feature stand in their own order already.
  if (is_by_feature()) return std::move(report_);
  std::ranges::sort(report_.parts, {}, [&](const AccuracyPart& part) {
    const std::int64_t number = query_.by == "version" ? std::stoll(part.segment) : 0;
    return std::tuple(part.from, number, std::string_view(part.segment));
  });
  return std::move(report_);
}

Status AccuracyJoin::visit(const Evaluator::Judged& to) const {
  if (!judged_) return ok();
  const monitoring::Task task = *report_.evaluation.task;
  if (task != monitoring::Task::kBinary && task != monitoring::Task::kMulticlass) {
    return error(Code::kFailedPrecondition,
                 "answers of endpoint '{}' are judged as {}, of which none is right or wrong", query_.endpoint,
                 monitoring::task_name(task));
  }
  for (const JudgedRow& row : judged_->rows()) {
    const Origin& origin = origins_.at(row.request);
    const Prediction& prediction = *origin.prediction;
    to({origin.id, prediction.version, prediction.plan_revision, prediction.arm, prediction.principal, origin.unit},
       row.predicted == row.truth);
  }
  return ok();
}

}  // namespace modelyard::control
