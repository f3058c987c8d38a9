#include "statistics/sketches/sketch_bytes.h"

namespace modelyard::statistics {

Result<SketchReader> SketchReader::open(std::string_view bytes, std::string_view name, SketchKind kind,
                                        std::uint8_t version) {
  SketchReader reader(bytes, name);
  MODELYARD_ASSIGN(const auto found_kind, reader.take<std::uint8_t>());
  MODELYARD_ASSIGN(const auto found_version, reader.take<std::uint8_t>());
  if (found_kind != static_cast<std::uint8_t>(kind)) return reader.damaged("it is of another kind");
  if (found_version != version) {
    return error(Code::kInvalidArgument, "{}: its form has version {}, this program reads {}", name, found_version,
                 version);
  }
  return reader;
}

Result<std::size_t> SketchReader::take_count(std::size_t entry_bytes) {
  MODELYARD_ASSIGN(const auto count, take<std::uint32_t>());
  if (count > bytes_.size() / entry_bytes) return damaged("it is too short");
  return count;
}

Result<std::string_view> SketchReader::take_text() {
  MODELYARD_ASSIGN(const std::size_t size, take_count(1));
  const std::string_view text = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return text;
}

Status SketchReader::finish() const {
  return bytes_.empty() ? ok() : Status(damaged("something stands behind its end"));
}

Error SketchReader::damaged(std::string_view why) const {
  return error(Code::kInvalidArgument, "{}: damaged: {}", name_, why);
}

}  // namespace modelyard::statistics
