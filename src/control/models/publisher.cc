#include "control/models/publisher.h"

#include "control/models/golden_document.h"
#include "control/rollouts/rollout_plan.h"
#include "lifecycle/loader.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {
namespace {

using registry::Attachment;
using registry::CatalogReader;
using registry::CatalogWriter;

// A golden document must also be readable as tensors, and its inputs must fit.
Status check_golden(const Attachment& attachment, const inference::Signature& signature) {
  if (attachment.kind != registry::AttachmentKind::kGolden) return ok();
  MODELYARD_ASSIGN(const Json document, parse_json(attachment.content));
  MODELYARD_ASSIGN(const lifecycle::Golden golden, parse_golden(document));
  for (std::size_t i = 0; i < golden.samples.size(); ++i) {
    std::vector<inference::TensorView> inputs;
    for (const auto& tensor : golden.samples[i].inputs) inputs.push_back(tensor.view());
    const Status fits = inference::check_inputs(signature, inputs, "golden");
    if (!fits) return fits.error().with_context("golden.samples[{}]", i);
  }
  return ok();
}

Result<std::vector<registry::VersionFile>> parse_files(const Json& list) {
  if (list.empty() || list.size() > registry::kMaxFiles) {
    return error(Code::kInvalidArgument, "files: expected 1 to {}, got {}", registry::kMaxFiles, list.size());
  }
  // The registry's own reader knows the form; a placeholder signature completes the document.
  MODELYARD_ASSIGN(auto document, registry::parse_version_document(
                                      {{"format", "onnx"}, {"files", list}, {"signature", Json::object()}}));
  return std::move(document.files);
}

Status parse_attachments(const Json& list, std::vector<Attachment>& attachments) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    MODELYARD_ASSIGN(auto reader, ObjectReader::open(list[i], fmt::format("attachments[{}]", i)));
    MODELYARD_ASSIGN(const std::string name, reader.string("kind"));
    const auto kind = registry::parse_attachment_kind(name);
    if (!kind) return error(Code::kInvalidArgument, "{}: '{}' is not known", reader.path_of("kind"), name);
    MODELYARD_ASSIGN(const Json* content, reader.object("content"));
    MODELYARD_TRY(reader.finish());
    MODELYARD_ASSIGN(Attachment attachment, registry::make_attachment(*kind, *content));
    attachments.push_back(std::move(attachment));
  }
  return ok();
}

Result<DeployChoice> parse_deploy(const std::string& text) {
  if (text == "auto") return DeployChoice::kFirstOnly;
  if (text == "yes") return DeployChoice::kAlways;
  if (text == "no") return DeployChoice::kNever;
  return error(Code::kInvalidArgument, "deploy: '{}' is not one of auto, yes, no", text);
}

Status parse_names(ObjectReader& reader, PublishRequest& request) {
  MODELYARD_ASSIGN(const Json* aliases, reader.optional_array("aliases"));
  if (aliases) {
    for (const Json& alias : *aliases) {
      if (!alias.is_string()) return error(Code::kInvalidArgument, "aliases: expected names");
      request.aliases.push_back(alias.get<std::string>());
      MODELYARD_TRY(check_alias_name(request.aliases.back()));
    }
  }
  MODELYARD_ASSIGN(const Json* tags, reader.optional_object("tags"));
  if (!tags) return ok();
  for (const auto& [key, value] : tags->items()) {
    MODELYARD_TRY(check_tag_key(key));
    if (!value.is_string()) return error(Code::kInvalidArgument, "tags.{}: expected a string", key);
    request.tags[key] = value.get<std::string>();
  }
  return ok();
}

}  // namespace

Result<PublishRequest> parse_publish_request(std::string_view model, const Json& value) {
  PublishRequest request;
  request.model = model;
  MODELYARD_TRY(check_model_name(model));
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, ""));
  MODELYARD_ASSIGN(request.format, reader.string("format"));
  MODELYARD_ASSIGN(const Json* files, reader.array("files"));
  MODELYARD_ASSIGN(request.files, parse_files(*files));
  MODELYARD_ASSIGN(const Json* signature, reader.optional_object("signature"));
  if (signature) request.signature = *signature;
  MODELYARD_ASSIGN(const Json* attachments, reader.optional_array("attachments"));
  if (attachments) MODELYARD_TRY(parse_attachments(*attachments, request.attachments));
  MODELYARD_TRY(parse_names(reader, request));
  MODELYARD_ASSIGN(const auto deploy, reader.optional_string("deploy"));
  MODELYARD_ASSIGN(request.deploy, parse_deploy(deploy.value_or("auto")));
  MODELYARD_TRY(reader.finish());
  return request;
}

Status Publisher::check_files(const PublishRequest& request) {
  for (const registry::VersionFile& file : request.files) {
    const auto blob = blobs_.find(file.digest);
    if (!blob && blob.error().code() == Code::kNotFound) {
      return error(Code::kFailedPrecondition, "file '{}': blob {} is not stored; upload it first", file.path,
                   file.digest.hex());
    }
    MODELYARD_TRY(blob);
    if (blob->size != file.size) {
      return error(Code::kInvalidArgument, "file '{}': the blob has {} bytes, the document says {}", file.path,
                   blob->size, file.size);
    }
  }
  for (const Attachment& attachment : request.attachments) {
    const auto digest = registry::referenced_blob(attachment);
    if (digest) MODELYARD_TRY(blobs_.find(*digest));
  }
  return ok();
}

// The engine's word is asked for always, so that what it cannot load is refused now and not at the deployment.
Result<inference::Signature> Publisher::decide_signature(const PublishRequest& request) {
  std::vector<registry::ViewFile> files;
  for (const registry::VersionFile& file : request.files) files.push_back({file.path, file.digest});
  MODELYARD_ASSIGN(const auto folder, blobs_.make_view(files));
  auto engine = hooks_.read_signature(request.format, *folder);
  const bool no_engine = !engine && engine.error().code() == Code::kUnavailable;
  if (no_engine && !request.signature) return Error(Code::kUnimplemented, engine.error().message());
  if (!request.signature) return engine;
  MODELYARD_ASSIGN(inference::Signature given, inference::parse_signature(*request.signature));
  if (no_engine) return given;
  MODELYARD_TRY(engine);
  MODELYARD_TRY(lifecycle::check_signature(given, *engine));
  return given;
}

Status Publisher::write(const PublishRequest& request, const registry::VersionDocument& document, CatalogWriter& writer,
                        Published& published) {
  const auto model = writer.model(request.model);
  if (!model && model.error().code() != Code::kNotFound) return model.error();
  if (!model) MODELYARD_TRY(writer.create_model(request.model));
  if (model && model->deleted) {
    return error(Code::kConflict, "model '{}' is deleted; restore it, or choose another name", request.model);
  }
  MODELYARD_ASSIGN(const Digest identity, registry::identity_of(document));
  MODELYARD_ASSIGN(const auto known, writer.version_by_identity(request.model, identity));
  if (known && known->state == registry::VersionState::kDeleted) {
    return error(Code::kConflict, "this content is version {} of '{}', which is deleted; restore it",
                 known->ref.version, request.model);
  }
  published.created = !known;
  if (known) {
    published.version = known->ref;
  } else {
    MODELYARD_ASSIGN(published.version, writer.add_version(request.model, document));
    MODELYARD_TRY(writer.add_event("version_published", published.version, "identity " + identity.hex().substr(0, 12)));
  }
  for (const Attachment& attachment : request.attachments)
    MODELYARD_TRY(writer.add_attachment(published.version, attachment));
  for (const std::string& alias : request.aliases) {
    MODELYARD_TRY(writer.set_alias(request.model, alias, published.version.version));
  }
  for (const auto& [key, value] : request.tags) MODELYARD_TRY(writer.set_tag(published.version, key, value));
  const bool first = !model;
  if (request.deploy == DeployChoice::kNever || (request.deploy == DeployChoice::kFirstOnly && !first)) return ok();
  const auto endpoint = writer.endpoint(request.model);
  if (!endpoint) MODELYARD_TRY(writer.put_endpoint(request.model, request.model, {}));
  MODELYARD_TRY(refuse_while_rolling_out(writer, request.model));
  const auto plan = rollout::whole_to(request.model, request.model, published.version.version);
  MODELYARD_TRY(writer.set_plan(request.model, rollout::to_json(plan).dump(), first ? "first version" : "published"));
  published.plan_revision = writer.new_revision();
  return ok();
}

Status Publisher::check_attachment(const Attachment& attachment, const inference::Signature& signature) {
  MODELYARD_TRY(check_golden(attachment, signature));
  return hooks_.check_reference ? hooks_.check_reference(attachment, signature) : ok();
}

// With the engine that is here; without one, the next load tells.
Status Publisher::prove(const registry::VersionDocument& document, const Attachment& attachment) {
  if (attachment.kind != registry::AttachmentKind::kGolden) return ok();
  std::vector<registry::ViewFile> files;
  for (const registry::VersionFile& file : document.files) files.push_back({file.path, file.digest});
  MODELYARD_ASSIGN(const auto folder, blobs_.make_view(files));
  MODELYARD_ASSIGN(const auto signature, inference::parse_signature(document.signature));
  MODELYARD_ASSIGN(const Json content, parse_json(attachment.content));
  MODELYARD_ASSIGN(const lifecycle::Golden golden, parse_golden(content));
  const Status proved = hooks_.reproduce(document.format, *folder, signature, golden);
  if (proved || proved.error().code() == Code::kUnavailable) return ok();
  return error(Code::kFailedPrecondition, "golden samples: {}; nothing was changed", proved.error().message());
}

Status Publisher::prove_if_known(const PublishRequest& request, const registry::VersionDocument& document) {
  MODELYARD_ASSIGN(const Digest identity, registry::identity_of(document));
  bool known = false;
  MODELYARD_TRY(catalog_.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto version, reader.version_by_identity(request.model, identity));
    known = version.has_value();
    return ok();
  }));
  if (!known) return ok();
  for (const Attachment& attachment : request.attachments) MODELYARD_TRY(prove(document, attachment));
  return ok();
}

Result<Published> Publisher::publish(const PublishRequest& request, const Actor& actor) {
  MODELYARD_TRY(check_files(request));
  MODELYARD_ASSIGN(const inference::Signature signature, decide_signature(request));
  for (const Attachment& attachment : request.attachments) MODELYARD_TRY(check_attachment(attachment, signature));
  MODELYARD_ASSIGN(const auto document, registry::parse_version_document(registry::to_json(registry::VersionDocument{
                                            request.format, request.files, inference::to_json(signature)})));
  MODELYARD_TRY(prove_if_known(request, document));
  Published published;
  const registry::AuditNote note{actor.name, "version.publish", request.model, registry::to_json(document)};
  MODELYARD_TRY(
      catalog_.transact(note, [&](CatalogWriter& writer) { return write(request, document, writer, published); }));
  if (!published.created) hooks_.retry(published.version);
  return published;
}

Status Publisher::attach(const VersionRef& ref, const Attachment& attachment, const Actor& actor) {
  registry::VersionDocument document;
  MODELYARD_TRY(catalog_.read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const auto version, reader.version(ref));
    document = version.document;
    return ok();
  }));
  MODELYARD_ASSIGN(const auto signature, inference::parse_signature(document.signature));
  if (const auto digest = registry::referenced_blob(attachment)) MODELYARD_TRY(blobs_.find(*digest));
  MODELYARD_TRY(check_attachment(attachment, signature));
  MODELYARD_TRY(prove(document, attachment));
  const registry::AuditNote note{
      actor.name,
      "attachment.add",
      fmt::format("{}/{}", ref.model, ref.version),
      {{"kind", registry::attachment_kind_name(attachment.kind)}, {"digest", attachment.digest.hex()}}};
  MODELYARD_TRY(catalog_.transact(note, [&](CatalogWriter& writer) { return writer.add_attachment(ref, attachment); }));
  hooks_.retry(ref);
  return ok();
}

}  // namespace modelyard::control
