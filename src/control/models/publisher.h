// Publisher makes versions: it checks everything first, then writes version, attachments, aliases, tags and, for a
// model's first version, endpoint and plan in one transaction.
//
// Publishing the same content again answers with the version that is there. Errors: InvalidArgument, NotFound for a
// blob that was not uploaded, Conflict for content that was deleted (restore it).
#pragma once

#include <functional>
#include <map>

#include "control/actor.h"
#include "inference/signature.h"
#include "lifecycle/source.h"
#include "registry/blob_store.h"

namespace modelyard::control {

// What the publisher asks of engines and of the lifecycle.
struct PublisherHooks {
  // What an engine says of the files of a version. Unavailable when there is no engine.
  std::function<Result<inference::Signature>(const std::string& format, const std::string& folder)> read_signature;
  // Whether a version reproduces golden samples. Unavailable when there is no engine.
  std::function<Status(const std::string& format, const std::string& folder, const inference::Signature& signature,
                       const lifecycle::Golden& golden)>
      reproduce;
  // Whether a reference is one for this signature; null: nobody reads references.
  std::function<Status(const registry::Attachment& attachment, const inference::Signature& signature)> check_reference;
  // What a version must prove has changed.
  std::function<void(const VersionRef&)> retry;
};

enum class DeployChoice { kFirstOnly, kAlways, kNever };

struct PublishRequest {
  std::string model;
  std::string format;
  std::vector<registry::VersionFile> files;
  std::optional<Json> signature;  // nullopt: as the engine says
  std::vector<registry::Attachment> attachments;
  std::vector<std::string> aliases;
  std::map<std::string, std::string> tags;
  DeployChoice deploy = DeployChoice::kFirstOnly;
};
Result<PublishRequest> parse_publish_request(std::string_view model, const Json& value);

struct Published {
  VersionRef version;
  bool created = false;                  // false: the same content was there
  registry::Revision plan_revision = 0;  // of the deployment; 0: none
};

class Publisher {
 public:
  Publisher(registry::Catalog& catalog, registry::BlobStore& blobs, PublisherHooks hooks)
      : catalog_(catalog), blobs_(blobs), hooks_(std::move(hooks)) {}

  Result<Published> publish(const PublishRequest& request, const Actor& actor);
  // Golden samples of a version that is there must be reproduced, or are refused (FailedPrecondition): it may be
  // serving, and would fail at its next load.
  Status attach(const VersionRef& ref, const registry::Attachment& attachment, const Actor& actor);

 private:
  Status check_files(const PublishRequest& request);
  Result<inference::Signature> decide_signature(const PublishRequest& request);
  Status check_attachment(const registry::Attachment& attachment, const inference::Signature& signature);
  Status prove(const registry::VersionDocument& document, const registry::Attachment& attachment);
  Status prove_if_known(const PublishRequest& request, const registry::VersionDocument& document);
  Status write(const PublishRequest& request, const registry::VersionDocument& document,
               registry::CatalogWriter& writer, Published& published);

  registry::Catalog& catalog_;
  registry::BlobStore& blobs_;
  const PublisherHooks hooks_;
};

}  // namespace modelyard::control
