#include "edge/codec/labels/label_reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/base64.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/names.h"
#include "base/nearest_name.h"
#include "edge/codec/labels/label_limits.h"

namespace modelyard::edge {
namespace {

using journal::GivenLabel;
using journal::Label;
using journal::LabelValue;

constexpr std::size_t kMostTold = 5;  // lines that cannot be read
constexpr std::array<std::string_view, 7> kColumns{"prediction_id", "row",        "value",   "unit",
                                                   "time",          "event_time", "endpoint"};

Result<LabelValue> checked_text(const std::string& text) {
  if (text.empty()) return error(Code::kInvalidArgument, "value: it is empty");
  if (text.size() <= journal::kMostLabelTextBytes && is_valid_utf8(text)) return LabelValue(text);
  return error(Code::kInvalidArgument, "value: a text has at most {} bytes of UTF-8", journal::kMostLabelTextBytes);
}

Result<LabelValue> value_of(const Json& value) {
  if (value.is_boolean()) return LabelValue(value.get<bool>() ? 1.0 : 0.0);
  if (value.is_number()) {
    const double number = value.get<double>();
    if (std::abs(number) < journal::kLabelNumbersEnd) return LabelValue(number);
    return error(Code::kInvalidArgument, "value: {} is not below 2^53; send it as a text", value.dump());
  }
  if (value.is_string()) return checked_text(value.get<std::string>());
  return error(Code::kInvalidArgument, "value: expected a number, a text, true or false");
}

// What is common to all forms, as texts and a number.
struct Parts {
  std::optional<std::string> prediction_id, unit, time, event_time, endpoint;
  std::optional<std::int64_t> row;
};

Result<GivenLabel> label_of(const Parts& parts, const LabelForm& form, std::size_t line) {
  GivenLabel given{parts.endpoint.value_or(form.endpoint), {}, line};
  Label& label = given.label;
  if (parts.prediction_id.has_value() == parts.unit.has_value()) {
    return error(Code::kInvalidArgument, "say prediction_id, or unit and time");
  }
  if (parts.prediction_id) {
    MODELYARD_ASSIGN(label.prediction, Uuid::parse(*parts.prediction_id));
    if (parts.time) return error(Code::kInvalidArgument, "time: the prediction has one; it goes with unit");
  } else {
    label.unit = *parts.unit;
    if (label.unit.empty() || label.unit.size() > journal::kMostLabelTextBytes || !is_valid_utf8(label.unit)) {
      return error(Code::kInvalidArgument, "unit: expected 1 to {} bytes of UTF-8", journal::kMostLabelTextBytes);
    }
    if (!parts.time) return error(Code::kInvalidArgument, "time: a unit goes with the time that the label is about");
    MODELYARD_ASSIGN(label.time, parse_utc(*parts.time));
  }
  if (parts.row && *parts.row < 0) return error(Code::kInvalidArgument, "row: {} is not 0, 1, 2…", *parts.row);
  label.row = parts.row;
  if (parts.event_time) {
    MODELYARD_ASSIGN(label.event_time, parse_utc(*parts.event_time));
  }
  if (!given.endpoint.empty()) MODELYARD_TRY(check_model_name(given.endpoint));
  return given;
}

class Reading {
 public:
  explicit Reading(const LabelForm& form) : form_(form) {}

  Status read_json(std::string_view body) {
    MODELYARD_ASSIGN(const Json document, parse_json(body, {.max_bytes = kMostLabelBytes, .max_depth = 8}));
    const Json* list = &document;
    if (document.is_object() && document.contains("labels")) {
      MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, ""));
      MODELYARD_ASSIGN(list, reader.array("labels"));
      MODELYARD_TRY(reader.finish());
    }
    if (!list->is_array()) return add(*list, 1);  // told without a line: there is only one
    std::size_t place = 0;
    for (const Json& one : *list) {
      ++place;
      MODELYARD_TRY(take(place, add(one, place)));
    }
    return ok();
  }

  Status read_lines(std::string_view body) {
    std::size_t number = 0;
    while (!body.empty()) {
      const auto end = std::min(body.find('\n'), body.size());
      const std::string_view line = body.substr(0, end);
      body.remove_prefix(std::min(end + 1, body.size()));
      ++number;
      const std::size_t told = number + form_.line_offset;
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      MODELYARD_TRY(take(told, add_line(line, told)));
    }
    return ok();
  }

  Status read_csv(std::string_view body) {
    CsvReader reader(body);
    MODELYARD_ASSIGN(const auto head, reader.next());
    if (!head) return ok();
    if (head->size() == 1 && head->front().contains(';')) {
      return error(Code::kInvalidArgument, "line 1: fields are parted by commas, not semicolons");
    }
    MODELYARD_TRY(place_columns(*head));
    for (;;) {
      MODELYARD_ASSIGN(const auto fields, reader.next());
      if (!fields) return ok();
      const std::size_t told = reader.line() + form_.line_offset;
      MODELYARD_TRY(take(told, add_fields(*fields, told)));
    }
  }

  Result<std::vector<GivenLabel>> finish() {
    if (wrong_ == 0) return std::move(labels_);
    const std::string more = wrong_ > kMostTold ? fmt::format("; and {} more", wrong_ - kMostTold) : "";
    return error(Code::kInvalidArgument, "nothing was kept: {}{}", fmt::join(told_, "; "), more);
  }

 private:
  // Goes on behind what cannot be read, so that all of it is told at once.
  Status take(std::size_t line, const Status& outcome) {
    if (labels_.size() > kMostLabels) {
      return error(Code::kInvalidArgument, "more than {} labels in a call: send them in parts", kMostLabels);
    }
    if (outcome) return ok();
    if (++wrong_ <= kMostTold) told_.push_back(fmt::format("line {}: {}", line, outcome.error().message()));
    return ok();
  }

  Status add_line(std::string_view line, std::size_t number) {
    MODELYARD_TRY(check_bytes(line.size(), kMostBytesOfRows));
    MODELYARD_ASSIGN(const Json one, parse_json(line, {.max_bytes = kMostLabelBytes, .max_depth = 8}));
    return add(one, number);
  }

  Status add(const Json& one, std::size_t line) {
    MODELYARD_TRY(check_label_size(one));
    MODELYARD_ASSIGN(auto reader, ObjectReader::open(one, ""));
    if (one.contains("groundTruthData")) return add_sagemaker(reader, line);
    Parts parts;
    MODELYARD_ASSIGN(parts.prediction_id, reader.optional_string("prediction_id"));
    MODELYARD_ASSIGN(parts.unit, reader.optional_string("unit"));
    MODELYARD_ASSIGN(parts.time, reader.optional_string("time"));
    MODELYARD_ASSIGN(parts.event_time, reader.optional_string("event_time"));
    MODELYARD_ASSIGN(parts.endpoint, reader.optional_string("endpoint"));
    MODELYARD_ASSIGN(parts.row, reader.optional_integer("row"));
    MODELYARD_ASSIGN(const Json* const values, reader.optional_array("values"));
    const bool takes_back = one.contains("value") && one["value"].is_null();
    const Json* const value = reader.optional_any("value");
    MODELYARD_TRY(reader.finish());
    if ((value != nullptr || takes_back) == (values != nullptr)) {
      return error(Code::kInvalidArgument, "say value, or values for all rows");
    }
    if (values != nullptr && parts.row) return error(Code::kInvalidArgument, "row: values are those of all rows");
    MODELYARD_ASSIGN(GivenLabel given, label_of(parts, form_, line));
    if (values != nullptr) return add_rows(given, *values);
    if (!takes_back) {
      MODELYARD_ASSIGN(given.label.value, value_of(*value));
    }
    labels_.push_back(std::move(given));
    return ok();
  }

  Status add_rows(GivenLabel given, const Json& values) {
    if (values.size() + labels_.size() > kMostLabels) {
      return error(Code::kInvalidArgument, "values: more than {} labels in a call", kMostLabels);
    }
    std::vector<LabelValue> read;
    for (const Json& value : values) {
      MODELYARD_ASSIGN(read.emplace_back(), value_of(value));
    }
    add_rows(std::move(given), std::move(read));
    return ok();
  }

  void add_rows(GivenLabel given, std::vector<LabelValue> values) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      given.label.value = std::move(values[row]);
      given.label.row = static_cast<std::int64_t>(row);
      labels_.push_back(given);
    }
  }

  // Its event is our prediction: SageMaker's inference id.
  Status add_sagemaker(ObjectReader& reader, std::size_t line) {
    MODELYARD_ASSIGN(const Json* const truth, reader.object("groundTruthData"));
    MODELYARD_ASSIGN(const Json* const event, reader.object("eventMetadata"));
    MODELYARD_ASSIGN(const auto version, reader.optional_string("eventVersion"));
    MODELYARD_TRY(reader.finish());
    if (version.value_or("0") != "0") return error(Code::kInvalidArgument, "eventVersion: '{}' is not 0", *version);
    MODELYARD_ASSIGN(auto metadata, ObjectReader::open(*event, "eventMetadata"));
    Parts parts;
    MODELYARD_ASSIGN(parts.prediction_id, metadata.string("eventId"));
    MODELYARD_ASSIGN(auto data, ObjectReader::open(*truth, "groundTruthData"));
    MODELYARD_ASSIGN(std::string text, data.string("data"));
    MODELYARD_ASSIGN(const auto encoding, data.optional_string("encoding"));
    MODELYARD_TRY(data.finish());
    MODELYARD_ASSIGN(GivenLabel given, label_of(parts, form_, line));
    const std::string form = encoding.value_or("CSV");
    if (form == "BASE64") {
      MODELYARD_ASSIGN(text, base64_decode(text));
    } else if (form != "CSV" && form != "JSON") {
      return error(Code::kInvalidArgument, "groundTruthData.encoding: '{}' is none of CSV, JSON, BASE64", form);
    }
    if (form == "JSON") {
      MODELYARD_ASSIGN(const Json value, parse_json(text, {.max_bytes = kMostLabelBytes, .max_depth = 2}));
      if (value.is_array()) return add_rows(given, value);
      MODELYARD_ASSIGN(given.label.value, value_of(value));
      labels_.push_back(std::move(given));
      return ok();
    }
    return add_texts(std::move(given), text);
  }

  // One value of the only row, or as many as there are rows.
  Status add_texts(GivenLabel given, std::string_view text) {
    CsvReader csv(text);
    MODELYARD_ASSIGN(const auto fields, csv.next());
    std::vector<LabelValue> values;
    for (const std::string& field : fields.value_or(std::vector<std::string>())) {
      MODELYARD_ASSIGN(values.emplace_back(), checked_text(field));
    }
    if (values.empty()) return error(Code::kInvalidArgument, "groundTruthData.data: it is empty");
    given.is_typed = false;
    if (values.size() > 1) {
      add_rows(std::move(given), std::move(values));
      return ok();
    }
    given.label.value = std::move(values.front());
    labels_.push_back(std::move(given));
    return ok();
  }

  // Which field has which column.
  Status place_columns(const std::vector<std::string>& head) {
    places_.fill(std::string::npos);
    for (std::size_t i = 0; i < head.size(); ++i) {
      std::string name = head[i];
      if (const Status known = check_name(name); !known) return known.error().with_context("line 1");
      if (i == 0 && name.starts_with("\xEF\xBB\xBF")) name.erase(0, 3);  // as spreadsheets write it
      const auto column = std::ranges::find_if(kColumns, [&](std::string_view ours) { return name == theirs(ours); });
      if (column == kColumns.end()) {
        if (!form_.columns.empty()) continue;
        const auto nearest = nearest_name(name, std::vector<std::string>(kColumns.begin(), kColumns.end()));
        return error(Code::kInvalidArgument, "line 1: unknown column '{}'{}; columns are {}, or what `columns` says",
                     name, nearest ? fmt::format("; did you mean '{}'?", *nearest) : "", fmt::join(kColumns, ", "));
      }
      std::size_t& place = places_[static_cast<std::size_t>(column - kColumns.begin())];
      if (place != std::string::npos) return error(Code::kInvalidArgument, "line 1: column '{}' comes twice", name);
      place = i;
    }
    for (const auto& [ours, name] : form_.columns) {
      const auto column = std::ranges::find(kColumns, ours) - kColumns.begin();
      if (places_[static_cast<std::size_t>(column)] != std::string::npos) continue;
      return error(Code::kInvalidArgument, "line 1: there is no column '{}'; there are {}", name,
                   fmt::join(head, ", "));
    }
    fields_ = head.size();
    if (places_[2] != std::string::npos) return ok();
    return error(Code::kInvalidArgument, "line 1: there is no column '{}'; there are {}", theirs("value"),
                 fmt::join(head, ", "));
  }

  std::string theirs(std::string_view ours) const {
    const auto renamed = form_.columns.find(std::string(ours));
    return renamed == form_.columns.end() ? std::string(ours) : renamed->second;
  }

  // An empty field is one that is not given.
  Status add_fields(const std::vector<std::string>& fields, std::size_t line) {
    if (fields.size() != fields_) {
      return error(Code::kInvalidArgument, "{} fields where the first line has {}", fields.size(), fields_);
    }
    const auto add_size = [](std::size_t sum, const std::string& field) { return sum + field.size(); };
    MODELYARD_TRY(
        check_bytes(std::accumulate(fields.begin(), fields.end(), std::size_t{0}, add_size), kMostBytesOfLabel));
    const auto field = [&](std::size_t column) -> std::optional<std::string> {
      if (places_[column] == std::string::npos || fields[places_[column]].empty()) return std::nullopt;
      return fields[places_[column]];
    };
    Parts parts{field(0), field(3), field(4), field(5), field(6), std::nullopt};
    if (const auto row = field(1)) {
      std::int64_t number = 0;
      const auto [end, failure] = std::from_chars(row->data(), row->data() + row->size(), number);
      if (failure != std::errc{} || end != row->data() + row->size()) {
        return error(Code::kInvalidArgument, "row: '{}' is not 0, 1, 2…", *row);
      }
      parts.row = number;
    }
    MODELYARD_ASSIGN(GivenLabel given, label_of(parts, form_, line));
    if (const std::string value = field(2).value_or(""); value != "null") {
      MODELYARD_ASSIGN(given.label.value, checked_text(value));
      given.is_typed = false;
    }
    labels_.push_back(std::move(given));
    return ok();
  }

  const LabelForm& form_;
  std::vector<GivenLabel> labels_;
  std::array<std::size_t, kColumns.size()> places_{};
  std::size_t fields_ = 0;
  std::size_t wrong_ = 0;
  std::vector<std::string> told_;
};

}  // namespace

Result<std::vector<GivenLabel>> read_labels(std::string_view body, const LabelForm& form) {
  if (body.size() > kMostLabelBytes) {
    return error(Code::kInvalidArgument, "more than {} bytes of labels in a call: send them in parts", kMostLabelBytes);
  }
  std::string type = form.content_type.substr(0, form.content_type.find(';'));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  type.erase(type.find_last_not_of(' ') + 1);
  if (!form.columns.empty() && type != "text/csv") {
    return error(Code::kInvalidArgument, "columns: they are for text/csv");
  }
  Reading reading(form);
  if (type == "text/csv") {
    MODELYARD_TRY(reading.read_csv(body));
  } else if (type == "application/x-ndjson" || type == "application/jsonl" || type == "application/jsonlines") {
    MODELYARD_TRY(reading.read_lines(body));
  } else if (type.empty() || type == "application/json" || type == "application/x-www-form-urlencoded") {
    // The last is what curl says unless it is told.
    MODELYARD_TRY(reading.read_json(body));
  } else {
    return error(Code::kInvalidArgument,
                 "Content-Type: '{}' is none of application/json, application/x-ndjson and text/csv", type);
  }
  MODELYARD_ASSIGN(auto labels, reading.finish());
  if (labels.empty()) return error(Code::kInvalidArgument, "there is no label in the body");
  return labels;
}

Result<std::map<std::string, std::string>> parse_label_columns(std::string_view text) {
  std::map<std::string, std::string> columns;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = pair.find('=');
    const std::string ours(pair.substr(0, equals));
    const bool is_known = std::ranges::find(kColumns, ours) != kColumns.end();
    if (equals == std::string_view::npos || equals + 1 == pair.size() || !is_known) {
      return error(Code::kInvalidArgument, "columns: expected OURS=THEIRS with one of {}, got '{}'",
                   fmt::join(kColumns, ", "), pair);
    }
    if (!columns.emplace(ours, pair.substr(equals + 1)).second) {
      return error(Code::kInvalidArgument, "columns: '{}' comes twice", ours);
    }
  }
  return columns;
}

}  // namespace modelyard::edge
