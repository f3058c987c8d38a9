// The JSON documents of the control API: one shape for REST, the command line's --json, and tests.
#pragma once

#include "base/json.h"
#include "journal/journal.h"
#include "journal/payload_journal.h"
#include "lifecycle/reconciler.h"
#include "registry/catalog.h"

namespace modelyard::control {

Json to_json(const registry::ModelRecord& model);
Json to_json(const registry::VersionRecord& version);
Json to_json(const registry::AttachmentRecord& attachment);
Json to_json(const registry::AliasRecord& alias);
Json to_json(const registry::AliasMove& move);
Json to_json(const registry::EndpointRecord& endpoint);
Json to_json(const registry::PlanRecord& plan);
Json to_json(const registry::EventRecord& event);
Json to_json(const registry::AuditRecord& row);
Json to_json(const registry::ApiKeyRecord& key);
Json to_json(const lifecycle::VersionStatus& status);
Json to_json(const journal::DecisionRecord& record);
// With what is captured beside the records.
Json to_json(const journal::JournalReport& report, const journal::PayloadJournal& payloads);
Json tags_to_json(const std::vector<registry::TagRecord>& tags);

template <typename Record>
Json list_to_json(const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records) list.push_back(to_json(record));
  return list;
}

// A model with tags and aliases; a version with tags, aliases and attachments.
Result<Json> describe_model(registry::CatalogReader& reader, std::string_view name);
Result<Json> describe_version(registry::CatalogReader& reader, const VersionRef& ref);

}  // namespace modelyard::control
