#include "app/cli/export/field_columns.h"

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "inference/element.h"
#include "inference/tensor.h"

namespace modelyard::app {
namespace {

using inference::DataType;

ColumnType column_type_of(const FieldCensus::Field& field) {
  switch (field.type) {
    case DataType::kBool: return ColumnType::kBool;
    case DataType::kUint8: return ColumnType::kUint8;
    case DataType::kUint16: return ColumnType::kUint16;
    case DataType::kUint32: return ColumnType::kUint32;
    case DataType::kUint64: return ColumnType::kUint64;
    case DataType::kInt8: return ColumnType::kInt8;
    case DataType::kInt16: return ColumnType::kInt16;
    case DataType::kInt32: return ColumnType::kInt32;
    case DataType::kInt64: return ColumnType::kInt64;
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kFp32: return ColumnType::kFloat;
    case DataType::kFp64: return ColumnType::kDouble;
    case DataType::kBytes: return field.is_text ? ColumnType::kText : ColumnType::kBytes;
  }
  return ColumnType::kBytes;
}

Error not_as_written(const Json& field) {
  return error(Code::kInternal, "a captured tensor is not as it is written: {}", field.dump().substr(0, 200));
}

Result<DataType> type_of(const Json& field) {
  const auto name = field.find("datatype");
  const auto type = name != field.end() && name->is_string()
                        ? inference::parse_data_type(name->get_ref<const std::string&>())
                        : std::nullopt;
  if (!type || !field.contains("name") || !field["name"].is_string() || !field.contains("shape")) {
    return not_as_written(field);
  }
  return *type;
}

// Whether the column takes it.
bool add_json(Column& column, DataType type, const Json& value) {
  if (type == DataType::kBytes && value.is_string()) {
    column.add_text(value.get_ref<const std::string&>());
  } else if (type == DataType::kBool && (value.is_boolean() || value.is_number_integer())) {
    column.add_bool(value.is_boolean() ? value.get<bool>() : value != 0);
  } else if (inference::is_floating(type) && value.is_number()) {
    column.add_number(value.get<double>());
  } else if (value.is_number_unsigned()) {
    column.add_unsigned(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    column.add_integer(value.get<std::int64_t>());
  } else {
    return false;
  }
  return true;
}

void add_element(Column& column, DataType type, const std::byte* element) {
  if (inference::is_floating(type)) return column.add_number(inference::number_at(type, element));
  if (type == DataType::kBool) return column.add_bool(*element != std::byte{0});
  // Little-endian, and the column takes as many bytes as the type has.
  std::uint64_t bits = 0;
  std::memcpy(&bits, element, inference::element_bytes(type));
  column.add_unsigned(bits);
}

// What JSON cannot hold comes as bytes.
Status add_bytes(Column& column, DataType type, const Json& field) {
  MODELYARD_ASSIGN(const std::string bytes, base64_decode(field["data_base64"].get<std::string>()));
  const auto view = std::as_bytes(std::span(bytes));
  inference::Shape shape;
  for (const Json& dim : field["shape"]) shape.push_back(dim.get<std::int64_t>());
  MODELYARD_TRY(inference::check_tensor_bytes({field["name"].get_ref<const std::string&>(), type, shape, view}));
  if (type == DataType::kBytes) {
    inference::for_each_bytes_element(view, [&](std::string_view text) { column.add_text(text); });
    return ok();
  }
  const std::size_t width = inference::element_bytes(type);
  for (std::size_t at = 0; at < view.size(); at += width) add_element(column, type, view.data() + at);
  return ok();
}

Status add_values(Column& column, DataType type, const Json& field) {
  if (field.contains("data_base64")) {
    MODELYARD_TRY(add_bytes(column.items(), type, field));
  } else if (field.contains("data")) {
    for (const Json& value : field["data"]) {
      if (!add_json(column.items(), type, value)) return not_as_written(field);
    }
  } else {
    column.add_null();
    return ok();
  }
  column.end_list();
  return ok();
}

void add_shape(Column& column, const Json& shape) {
  for (const Json& dim : shape) column.items().add_integer(dim.get<std::int64_t>());
  column.end_list();
}

const Json* field_of(const Json& fields, const FieldCensus::Field& wanted) {
  for (const Json& field : fields) {
    if (field["name"] == wanted.name && field["datatype"] == inference::data_type_name(wanted.type)) return &field;
  }
  return nullptr;
}

}  // namespace

Status FieldCensus::add(const Json& record) {
  const auto payload = record.find("payload");
  if (payload == record.end() || !payload->is_object()) return ok();
  MODELYARD_TRY(add_side(payload->value("inputs", Json::array()), true));
  return add_side(payload->value("outputs", Json::array()), false);
}

Status FieldCensus::add_side(const Json& fields, bool is_input) {
  for (const Json& field : fields) {
    MODELYARD_ASSIGN(const DataType type, type_of(field));
    const std::string& name = field["name"].get_ref<const std::string&>();
    auto known = std::ranges::find_if(
        fields_, [&](const Field& one) { return one.is_input == is_input && one.type == type && one.name == name; });
    if (known == fields_.end()) {
      if (fields_.size() == kMostFields) {
        return error(Code::kInvalidArgument, "more than {} different tensors: export one version with --version",
                     kMostFields);
      }
      known = fields_.insert(fields_.end(), {is_input, name, type});
    }
    if (type == DataType::kBytes && field.contains("data_base64")) known->is_text = false;
    if (field.value("treatment", "") != "kept") known->is_treated = true;
  }
  return ok();
}

FieldColumns::FieldColumns(ColumnBatch& batch, const FieldCensus& census) {
  for (const bool is_input : {true, false}) {
    const std::string side = is_input ? "input" : "output";
    for (const FieldCensus::Field& field : census.fields()) {
      if (field.is_input != is_input) continue;
      const auto is_same = [&](const FieldCensus::Field& one) {
        return one.is_input == is_input && one.name == field.name;
      };
      std::string name = field.name;
      if (std::ranges::count_if(census.fields(), is_same) > 1) {
        name += fmt::format(":{}", inference::data_type_name(field.type));
      }
      Kept kept{field, &batch.add(side + "." + name, column_type_of(field), Column::Shape::kLists),
                &batch.add(side + "_shape." + name, ColumnType::kInt64, Column::Shape::kLists), nullptr};
      if (field.is_treated) kept.treatment = &batch.add(side + "_treatment." + name, ColumnType::kText);
      kept_.push_back(kept);
    }
  }
}

Status FieldColumns::add(const Json& record) {
  const auto payload = record.find("payload");
  const bool is_captured = payload != record.end() && payload->is_object();
  for (const Kept& kept : kept_) {
    const Json* field = nullptr;
    if (is_captured) {
      const auto side = payload->find(kept.field.is_input ? "inputs" : "outputs");
      if (side != payload->end()) field = field_of(*side, kept.field);
    }
    if (field == nullptr) {
      for (Column* column : {kept.values, kept.shape, kept.treatment}) {
        if (column != nullptr) column->add_null();
      }
      continue;
    }
    MODELYARD_TRY(add_values(*kept.values, kept.field.type, *field));
    add_shape(*kept.shape, (*field)["shape"]);
    if (kept.treatment != nullptr) kept.treatment->add_text(field->value("treatment", ""));
  }
  return ok();
}

}  // namespace modelyard::app
