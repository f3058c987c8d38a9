#include "app/cli/export/export_progress.h"

#include "base/directory.h"
#include "base/json.h"

namespace modelyard::app {

Result<ExportProgress> ExportProgress::resume(const std::string& path, const std::string& asked,
                                              const std::string& form) {
  const auto text = read_file(path);
  if (!text) return error(Code::kNotFound, "there is no interrupted export: '{}' is not there", path);
  MODELYARD_ASSIGN(const Json document, parse_json(*text));
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, path));
  ExportProgress progress;
  MODELYARD_ASSIGN(progress.asked, reader.string("asked"));
  MODELYARD_ASSIGN(progress.query, reader.string("query"));
  MODELYARD_ASSIGN(progress.form, reader.string("form"));
  MODELYARD_ASSIGN(progress.cursor, reader.string("cursor"));
  MODELYARD_ASSIGN(const std::int64_t bytes, reader.integer("bytes"));
  MODELYARD_ASSIGN(const std::int64_t records, reader.integer("records"));
  MODELYARD_ASSIGN(const auto left_out, reader.optional_integer("left_out"));  // older ones do not count them
  MODELYARD_TRY(reader.finish());
  progress.bytes = static_cast<std::uint64_t>(bytes);
  progress.records = static_cast<std::uint64_t>(records);
  progress.left_out = static_cast<std::uint64_t>(left_out.value_or(0));
  if (progress.asked == asked && progress.form == form) return progress;
  return error(Code::kConflict, "'{}' is of an export of other predictions, or in another form ({}, {})", path,
               progress.form, progress.asked);
}

Status ExportProgress::save(const std::string& path) const {
  const Json document{{"asked", asked}, {"query", query},     {"form", form},        {"cursor", cursor},
                      {"bytes", bytes}, {"records", records}, {"left_out", left_out}};
  return write_file_atomically(path, document.dump() + "\n");
}

}  // namespace modelyard::app
