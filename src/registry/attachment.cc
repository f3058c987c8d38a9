#include "registry/attachment.h"

#include <array>

#include "base/names.h"

namespace modelyard::registry {
namespace {

constexpr std::array<std::string_view, 6> kKinds{"golden", "lineage", "metrics", "card", "reference", "evidence"};

Status check_tensor(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_TRY(reader.string("name"));
  MODELYARD_TRY(reader.string("datatype"));
  MODELYARD_TRY(reader.array("shape"));
  MODELYARD_TRY(reader.array("data"));
  return reader.finish();
}

Status check_tensors(const Json& list, const std::string& path) {
  if (list.empty()) return error(Code::kInvalidArgument, "{}: empty", path);
  for (std::size_t i = 0; i < list.size(); ++i) MODELYARD_TRY(check_tensor(list[i], fmt::format("{}[{}]", path, i)));
  return ok();
}

Status check_tolerance(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  for (const std::string_view key : {"relative", "absolute"}) {
    MODELYARD_ASSIGN(const auto number, reader.optional_number(key));
    if (number.value_or(0) < 0) return error(Code::kInvalidArgument, "{}: negative", reader.path_of(key));
  }
  MODELYARD_ASSIGN(const Json* outputs, reader.optional_object("outputs"));
  MODELYARD_TRY(reader.finish());
  if (!outputs) return ok();
  for (const auto& [name, tolerance] : outputs->items()) {
    if (tolerance.contains("outputs"))
      return error(Code::kInvalidArgument, "{}.outputs.{}: unknown field 'outputs'", path, name);
    MODELYARD_TRY(check_tolerance(tolerance, path + ".outputs." + name));
  }
  return ok();
}

Status check_golden(const Json& content) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(content, "golden"));
  MODELYARD_ASSIGN(const Json* samples, reader.array("samples"));
  MODELYARD_ASSIGN(const Json* tolerance, reader.optional_object("tolerance"));
  MODELYARD_TRY(reader.finish());
  if (samples->empty()) return error(Code::kInvalidArgument, "golden.samples: empty");
  for (std::size_t i = 0; i < samples->size(); ++i) {
    const std::string path = fmt::format("golden.samples[{}]", i);
    MODELYARD_ASSIGN(auto sample, ObjectReader::open((*samples)[i], path));
    MODELYARD_ASSIGN(const Json* inputs, sample.array("inputs"));
    MODELYARD_ASSIGN(const Json* outputs, sample.array("outputs"));
    MODELYARD_TRY(sample.finish());
    MODELYARD_TRY(check_tensors(*inputs, path + ".inputs"));
    MODELYARD_TRY(check_tensors(*outputs, path + ".outputs"));
  }
  return tolerance ? check_tolerance(*tolerance, "golden.tolerance") : ok();
}

// Typed, all optional: what is known of where the version came from.
Status check_part(ObjectReader& lineage, std::string_view part, std::initializer_list<std::string_view> texts,
                  std::initializer_list<std::string_view> integers = {}) {
  MODELYARD_ASSIGN(const Json* value, lineage.optional_object(part));
  if (!value) return ok();
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(*value, lineage.path_of(part)));
  for (const std::string_view key : texts) MODELYARD_TRY(reader.optional_string(key));
  for (const std::string_view key : integers) MODELYARD_TRY(reader.optional_integer(key));
  if (part == "code") MODELYARD_TRY(reader.optional_boolean("dirty"));
  if (part == "run") MODELYARD_TRY(reader.optional_object("parameters"));
  return reader.finish();
}

Status check_lineage(const Json& content) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(content, "lineage"));
  MODELYARD_TRY(check_part(reader, "data", {"uri", "snapshot", "digest", "schema_digest", "label_cutoff"}, {"rows"}));
  MODELYARD_TRY(check_part(reader, "code", {"repository", "commit", "path"}));
  MODELYARD_TRY(check_part(reader, "environment", {"image_digest", "lock_digest", "hardware"}));
  MODELYARD_TRY(check_part(reader, "run", {"id", "orchestrator", "url"}, {"seed", "duration_seconds"}));
  MODELYARD_TRY(check_part(reader, "parent", {"model"}, {"version"}));
  return reader.finish();
}

Status check_metrics(const Json& content) {
  if (!content.is_object() || content.empty()) {
    return error(Code::kInvalidArgument, "metrics: expected an object of numbers");
  }
  for (const auto& [name, value] : content.items()) {
    if (!value.is_number()) return error(Code::kInvalidArgument, "metrics.{}: expected a number", name);
  }
  return ok();
}

Status check_card(const Json& content) {
  constexpr std::array<std::string_view, 9> kFields{"overview",      "intended_use",    "limitations",
                                                    "training_data", "evaluation_data", "ethical_considerations",
                                                    "owners",        "licence",         "contact"};
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(content, "card"));
  for (const std::string_view field : kFields) MODELYARD_TRY(reader.optional_string(field));
  return reader.finish();
}

Status check_reference(const Json& content) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(content, "reference"));
  MODELYARD_ASSIGN(const std::string blob, reader.string("blob"));
  MODELYARD_TRY(Digest::parse(blob));
  MODELYARD_TRY(reader.string("media_type"));
  MODELYARD_TRY(reader.optional_string("name"));
  MODELYARD_TRY(reader.optional_integer("rows"));
  return reader.finish();
}

Status check_evidence(const Json& content) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(content, "evidence"));
  MODELYARD_TRY(reader.string("title"));
  MODELYARD_TRY(reader.optional_string("text"));
  MODELYARD_TRY(reader.optional_string("url"));
  MODELYARD_TRY(reader.optional_object("facts"));
  return reader.finish();
}

Status check_content(AttachmentKind kind, const Json& content) {
  switch (kind) {
    case AttachmentKind::kGolden: return check_golden(content);
    case AttachmentKind::kLineage: return check_lineage(content);
    case AttachmentKind::kMetrics: return check_metrics(content);
    case AttachmentKind::kCard: return check_card(content);
    case AttachmentKind::kReference: return check_reference(content);
    case AttachmentKind::kEvidence: return check_evidence(content);
  }
  return ok();
}

}  // namespace

std::string_view attachment_kind_name(AttachmentKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<AttachmentKind> parse_attachment_kind(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<AttachmentKind>(i);
  }
  return std::nullopt;
}

Result<Attachment> make_attachment(AttachmentKind kind, const Json& content) {
  MODELYARD_TRY(check_content(kind, content));
  Attachment attachment;
  attachment.kind = kind;
  MODELYARD_ASSIGN(attachment.content, canonical_json(content));
  if (attachment.content.size() > kMaxAttachmentBytes) {
    return error(Code::kInvalidArgument, "{}: {} bytes, the limit is {}", attachment_kind_name(kind),
                 attachment.content.size(), kMaxAttachmentBytes);
  }
  attachment.digest = sha256(attachment.content);
  return attachment;
}

std::optional<Digest> referenced_blob(const Attachment& attachment) {
  if (attachment.kind != AttachmentKind::kReference) return std::nullopt;
  const auto content = parse_json(attachment.content);
  const auto digest = content ? Digest::parse(content->value("blob", "")) : Result<Digest>(content.error());
  return digest ? std::optional<Digest>(*digest) : std::nullopt;
}

}  // namespace modelyard::registry
