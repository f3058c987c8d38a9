#include "control/models/registry_source.h"

#include "control/models/golden_document.h"
#include "lifecycle/policy.h"

namespace modelyard::control {

Status read_desired(registry::CatalogReader& reader, lifecycle::DesiredState& desired,
                    std::map<std::string, SettingsTexts>& settings) {
  MODELYARD_ASSIGN(desired.revision, reader.revision());
  MODELYARD_ASSIGN(const auto endpoints, reader.endpoints());
  for (const registry::EndpointRecord& endpoint : endpoints) {
    if (endpoint.plan_revision == 0) continue;
    MODELYARD_ASSIGN(const auto record, reader.plan(endpoint.name, endpoint.plan_revision));
    MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
    MODELYARD_ASSIGN(auto plan, rollout::parse_traffic_plan(document, endpoint.name, endpoint.model, record.revision));
    desired.plans.push_back(std::move(plan));
    const registry::EndpointWants& wants = endpoint.wants;
    if (wants.scheduling != "{}" || wants.journal != "{}") settings[endpoint.name] = {wants.scheduling, wants.journal};
  }
  MODELYARD_ASSIGN(const auto aliases, reader.aliases(""));
  for (const registry::AliasRecord& alias : aliases) {
    desired.aliases[{alias.model, alias.version}].push_back(alias.alias);
  }
  MODELYARD_ASSIGN(const auto pins, reader.pins(""));
  for (const registry::PinRecord& pin : pins) desired.pins.push_back(pin.ref);
  return ok();
}

namespace {

Result<bool> is_withdrawn(registry::CatalogReader& reader, const VersionRef& ref) {
  const auto version = reader.version(ref);
  if (!version && version.error().code() == Code::kNotFound) return true;
  MODELYARD_TRY(version);
  MODELYARD_ASSIGN(const auto model, reader.model(ref.model));
  return model.deleted.has_value() || version->state != registry::VersionState::kPublished;
}

}  // namespace

Result<std::shared_ptr<const lifecycle::DesiredState>> RegistrySource::desired(std::span<const VersionRef> held) {
  auto desired = std::make_shared<lifecycle::DesiredState>();
  std::map<std::string, SettingsTexts> settings;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    for (const VersionRef& ref : held) {
      MODELYARD_ASSIGN(const bool withdrawn, is_withdrawn(reader, ref));
      if (withdrawn) desired->withdrawn.insert(ref);
    }
    return read_desired(reader, *desired, settings);
  }));
  MutexLock lock(mutex_);
  MODELYARD_TRY(take_settings(*desired, settings));
  desired->grace = options_.grace;
  desired->other_options.intra_op_threads = options_.intra_op_threads;
  desired->options = lifecycle::wanted_options(*desired, desired->other_options);
  return std::shared_ptr<const lifecycle::DesiredState>(std::move(desired));
}

Status RegistrySource::take_settings(lifecycle::DesiredState& desired,
                                     const std::map<std::string, SettingsTexts>& texts) {
  std::erase_if(settings_, [&](const auto& known) { return !texts.contains(known.first); });
  for (const auto& [endpoint, text] : texts) {
    auto& [known_text, settings] = settings_[endpoint];
    if (!settings || known_text != text) {
      MODELYARD_ASSIGN(const Json scheduling_document, parse_json(text.first));
      MODELYARD_ASSIGN(auto scheduling, lifecycle::parse_scheduling(scheduling_document));
      MODELYARD_ASSIGN(const Json journal_document, parse_json(text.second));
      MODELYARD_ASSIGN(const auto recording, lifecycle::parse_recording(journal_document));
      settings = std::make_shared<lifecycle::EndpointSettings>(std::move(scheduling), recording);
      known_text = text;
    }
    desired.settings[endpoint] = settings;
  }
  return ok();
}

Result<lifecycle::Artifact> RegistrySource::fetch(const VersionRef& ref) {
  lifecycle::Artifact artifact;
  std::vector<registry::ViewFile> files;
  MODELYARD_TRY(catalog_.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const registry::VersionRecord version, reader.version(ref));
    artifact.format = version.document.format;
    MODELYARD_ASSIGN(artifact.signature, inference::parse_signature(version.document.signature));
    for (const registry::VersionFile& file : version.document.files) {
      files.push_back({file.path, file.digest});
      artifact.file_bytes += file.size;
    }
    MODELYARD_ASSIGN(const auto attachments, reader.attachments(ref));
    for (const registry::AttachmentRecord& record : attachments) {
      if (record.attachment.kind != registry::AttachmentKind::kGolden) continue;
      MODELYARD_ASSIGN(const Json document, parse_json(record.attachment.content));
      MODELYARD_ASSIGN(artifact.golden, parse_golden(document));  // the newest counts
    }
    return ok();
  }));
  MODELYARD_ASSIGN(const auto view, blobs_.make_view(files));
  artifact.folder = *view;
  artifact.keep = std::const_pointer_cast<std::string>(view);
  return artifact;
}

void RegistrySource::subscribe(std::function<void()> changed) {
  MutexLock lock(mutex_);
  subscriber_ = std::move(changed);
}

// Called under the lock, so that after unsubscribe() nobody is called any more. The subscriber only sets a flag.
void RegistrySource::changed() {
  MutexLock lock(mutex_);
  if (subscriber_) subscriber_();
}

void RegistrySource::unsubscribe() {
  MutexLock lock(mutex_);
  subscriber_ = nullptr;
}

void RegistrySource::set_grace(std::chrono::milliseconds grace) {
  {
    MutexLock lock(mutex_);
    options_.grace = grace;
  }
  changed();
}

}  // namespace modelyard::control
