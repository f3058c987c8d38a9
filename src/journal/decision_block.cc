#include "journal/decision_block.h"

namespace modelyard::journal {
namespace {

enum Column : std::uint16_t {
  kIdTails = 1,
  kTimes = 2,
  kVersions = 3,
  kPlanRevisions = 4,
  kOutcomes = 5,
  kLatencies = 6,
  kRowCounts = 7,
  kModels = 8,
  kArms = 9,
  kPrincipals = 10,
  kProtocols = 11,
};
constexpr std::uint32_t kColumns = 11;

Status read_column(std::uint16_t column, std::string_view raw, std::span<DecisionRow> rows, NameTable& names,
                   std::string& id_tails) {
  switch (column) {
    case kIdTails: id_tails = raw; return ok();
    case kTimes: return read_times(raw, rows);
    case kVersions: return read_numbers(raw, rows, &DecisionRow::version);
    case kPlanRevisions: return read_numbers(raw, rows, &DecisionRow::plan_revision);
    case kOutcomes:
      return read_varints(raw, rows, [](DecisionRow& row, std::uint64_t value) {
        row.outcome = static_cast<std::uint8_t>(std::min<std::uint64_t>(value, 1 + static_cast<int>(Code::kInternal)));
      });
    case kLatencies: return read_numbers(raw, rows, &DecisionRow::latency);
    case kRowCounts: return read_numbers(raw, rows, &DecisionRow::rows);
    case kModels: return read_names(raw, rows, names, &DecisionRow::model);
    case kArms: return read_names(raw, rows, names, &DecisionRow::arm);
    case kPrincipals: return read_names(raw, rows, names, &DecisionRow::principal);
    case kProtocols: return read_names(raw, rows, names, &DecisionRow::protocol);
    default: return ok();
  }
}

Status read_rows(std::span<const StoredColumn> columns, std::span<DecisionRow> rows, NameTable& names) {
  std::uint32_t seen = 0;
  std::string id_tails;
  for (const StoredColumn& column : columns) {
    if (column.number < 1 || column.number > kColumns) continue;  // of a newer writer
    if ((seen >> column.number & 1) != 0) return damaged_block("a column comes twice");
    seen |= 1u << column.number;
    MODELYARD_ASSIGN(const std::string raw, unpack_column(column));
    MODELYARD_TRY(read_column(column.number, raw, rows, names, id_tails));
  }
  if (seen != ((1u << (kColumns + 1)) - 2)) return damaged_block("a column is missing");
  return put_ids_together(id_tails, rows);
}

}  // namespace

DecisionRow row_of(const Decision& decision, NameTable& names) {
  DecisionRow row;
  row.id = decision.id;
  row.time = utc_micros(decision.time);
  row.version = decision.version;
  row.plan_revision = decision.plan_revision;
  row.latency = decision.latency.count();
  row.rows = decision.rows;
  row.outcome = decision.failure ? static_cast<std::uint8_t>(1 + static_cast<int>(*decision.failure)) : std::uint8_t{0};
  row.model = names.number_of(decision.model);
  row.arm = names.number_of(decision.arm);
  row.principal = names.number_of(decision.principal);
  row.protocol = names.number_of(decision.protocol);
  return row;
}

DecisionRecord record_of(const DecisionRow& row, const NameTable& names, std::string_view endpoint) {
  DecisionRecord record;
  record.id = row.id;
  record.time = utc_from_micros(row.time);
  record.endpoint = endpoint;
  record.model = names.name(row.model);
  record.version = row.version;
  record.plan_revision = row.plan_revision;
  record.arm = names.name(row.arm);
  record.principal = names.name(row.principal);
  record.protocol = names.name(row.protocol);
  if (row.outcome != 0) record.failure = static_cast<Code>(row.outcome - 1);
  record.latency = std::chrono::microseconds(row.latency);
  record.rows = row.rows;
  return record;
}

std::string_view DecisionEncoder::encode(std::span<const DecisionRow> rows, const NameTable& names, Packing packing) {
  writer_.begin(kColumns, packing);
  writer_.add_id_tails(kIdTails, rows);
  writer_.add_times(kTimes, rows);
  writer_.add_numbers(kVersions, rows, [](const DecisionRow& row) { return row.version; });
  writer_.add_numbers(kPlanRevisions, rows, [](const DecisionRow& row) { return row.plan_revision; });
  writer_.add_numbers(kOutcomes, rows, [](const DecisionRow& row) { return row.outcome; });
  writer_.add_numbers(kLatencies, rows, [](const DecisionRow& row) { return row.latency; });
  writer_.add_numbers(kRowCounts, rows, [](const DecisionRow& row) { return row.rows; });
  writer_.add_names(kModels, rows, names, &DecisionRow::model);
  writer_.add_names(kArms, rows, names, &DecisionRow::arm);
  writer_.add_names(kPrincipals, rows, names, &DecisionRow::principal);
  writer_.add_names(kProtocols, rows, names, &DecisionRow::protocol);
  return writer_.finish(rows.size(), time_range(rows));
}

Status decode_decisions(std::string_view block, NameTable& names, std::vector<DecisionRow>& rows) {
  MODELYARD_ASSIGN(const auto columns, read_columns(block));
  MODELYARD_ASSIGN(const BlockHead head, read_block_head(block));
  const std::size_t before = rows.size();
  rows.resize(before + head.rows);
  const Status read = read_rows(columns, std::span(rows).subspan(before), names);
  if (!read) rows.resize(before);
  return read;
}

}  // namespace modelyard::journal
