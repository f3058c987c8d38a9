// Attachments are dated, digested additions to a version that never change its identity: golden samples,
// lineage, metrics, card, reference profile, evidence (docs/formats/attachments.md).
//
// Limits: kMaxAttachmentBytes of canonical JSON. Errors: InvalidArgument that names the field; unknown fields
//         are refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/json.h"

namespace modelyard::registry {

inline constexpr std::size_t kMaxAttachmentBytes = 16u << 20;

enum class AttachmentKind { kGolden, kLineage, kMetrics, kCard, kReference, kEvidence };

std::string_view attachment_kind_name(AttachmentKind kind);
std::optional<AttachmentKind> parse_attachment_kind(std::string_view name);

struct Attachment {
  AttachmentKind kind = AttachmentKind::kEvidence;
  Digest digest;        // of the canonical JSON
  std::string content;  // canonical JSON
};

// Checks the content's form for its kind.
Result<Attachment> make_attachment(AttachmentKind kind, const Json& content);

// The blob that a reference attachment names, which must be kept as long as the attachment.
std::optional<Digest> referenced_blob(const Attachment& attachment);

}  // namespace modelyard::registry
