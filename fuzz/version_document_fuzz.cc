// A version document or attachment that was accepted keeps its digest through its JSON form.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "registry/attachment.h"
#include "registry/version_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace modelyard;
  using registry::AttachmentKind;
  const auto value = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!value) return 0;

  if (const auto document = registry::parse_version_document(*value)) {
    const auto again = registry::parse_version_document(registry::to_json(*document));
    MODELYARD_CHECK(again.has_value(), "a written document can be read");
    MODELYARD_CHECK(*registry::identity_of(*again) == *registry::identity_of(*document), "the identity stays");
  }
  for (const AttachmentKind kind : {AttachmentKind::kGolden, AttachmentKind::kLineage, AttachmentKind::kMetrics,
                                    AttachmentKind::kCard, AttachmentKind::kReference, AttachmentKind::kEvidence}) {
    const auto attachment = registry::make_attachment(kind, *value);
    if (!attachment) continue;
    const auto again = registry::make_attachment(kind, *parse_json(attachment->content));
    MODELYARD_CHECK(again.has_value() && again->digest == attachment->digest, "the digest stays");
    (void)registry::referenced_blob(*attachment);
  }
  return 0;
}
