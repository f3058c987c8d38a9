#include "control/watching/reference_profiles.h"

#include <algorithm>

#include "monitoring/profile/table_profiler.h"

namespace modelyard::control {
namespace {

constexpr std::string_view kTableType = "text/csv";

}  // namespace

Result<ProfilePtr> ReferenceProfiles::of(const VersionRef& version) {
  std::optional<Json> newest;
  inference::Signature signature;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto record, reader.version(version));
    MODELYARD_ASSIGN(signature, inference::parse_signature(record.document.signature));
    MODELYARD_ASSIGN(const auto attachments, reader.attachments(version));
    UtcTime last{};
    for (const registry::AttachmentRecord& attached : attachments) {
      if (attached.attachment.kind != registry::AttachmentKind::kReference || attached.created < last) continue;
      last = attached.created;
      MODELYARD_ASSIGN(newest, parse_json(attached.attachment.content));
    }
    return ok();
  }));
  if (newest) return find(*newest, signature);
  return error(Code::kNotFound, "version {} of '{}' has no reference: modelyard reference {}/{} FILE.csv",
               version.version, version.model, version.model, version.version);
}

Status ReferenceProfiles::check(const registry::Attachment& attachment, const inference::Signature& signature) {
  if (attachment.kind != registry::AttachmentKind::kReference) return ok();
  MODELYARD_ASSIGN(const Json reference, parse_json(attachment.content));
  const auto found = find(reference, signature);
  // What cannot be read here is kept as it is, and monitors say so.
  if (found || found.error().code() == Code::kFailedPrecondition) return ok();
  return found.error().with_context("reference");
}

Result<ProfilePtr> ReferenceProfiles::find(const Json& reference, const inference::Signature& signature) {
  MODELYARD_ASSIGN(const Digest blob, Digest::parse(reference["blob"].get<std::string>()));
  const std::string type = reference["media_type"].get<std::string>();
  if (type != kProfileType && type != kTableType) {
    return error(Code::kFailedPrecondition, "the reference is {}; monitors read {} and {}", type, kTableType,
                 kProfileType);
  }
  MODELYARD_ASSIGN(const std::string form, canonical_json(inference::to_json(signature)));
  const std::string key = blob.hex() + sha256(form).hex();
  {
    MutexLock lock(mutex_);
    const auto known = std::ranges::find(kept_, key, &std::pair<std::string, ProfilePtr>::first);
    if (known != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, known);
      return kept_.front().second;
    }
  }
  MODELYARD_ASSIGN(auto profile, type == kTableType ? read_table(blob, signature) : read_profile(blob));
  const auto shared = std::make_shared<const monitoring::WindowProfile>(std::move(profile));
  MutexLock lock(mutex_);
  kept_.emplace_front(key, shared);
  if (kept_.size() > kMostKept) kept_.pop_back();
  return shared;
}

Result<monitoring::WindowProfile> ReferenceProfiles::read_profile(const Digest& blob) {
  std::string text;
  MODELYARD_TRY(blobs_.read_verified(blob, [&](std::span<const std::byte> bytes) -> Status {
    if (text.size() + bytes.size() > kMostBytes) {
      return error(Code::kInvalidArgument, "the profile is larger than {} bytes", kMostBytes);
    }
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return ok();
  }));
  MODELYARD_ASSIGN(const Json document, parse_json(text, {.max_bytes = kMostBytes, .max_depth = 8}));
  return monitoring::parse_window_profile(document);
}

Result<monitoring::WindowProfile> ReferenceProfiles::read_table(const Digest& blob,
                                                                const inference::Signature& signature) {
  monitoring::TableProfiler profiler(signature);
  MODELYARD_TRY(blobs_.read_verified(blob, [&](std::span<const std::byte> bytes) {
    return profiler.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }));
  return profiler.finish();
}

}  // namespace modelyard::control
