#include "control/endpoints/applier.h"

#include <map>

#include "control/endpoints/deployer.h"
#include "control/rollouts/rollout_admission.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/traffic_plan.h"

namespace modelyard::control {
namespace {

using registry::CatalogReader;
using registry::CatalogWriter;

class Planner {
 public:
  Planner(CatalogReader& reader, const SignalSources& sources, std::vector<PlannedChange>& changes)
      : reader_(reader), sources_(sources), changes_(changes) {}

  Status plan_model(const std::string& name, const Json& value) {
    MODELYARD_ASSIGN(const auto model, reader_.model(name));
    MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "models." + name));
    MODELYARD_ASSIGN(const auto description, fields.optional_string("description"));
    if (description && *description != model.description) {
      changes_.push_back({"model.describe", name, model.description, *description});
    }
    MODELYARD_ASSIGN(const Json* aliases, fields.optional_object("aliases"));
    if (aliases) MODELYARD_TRY(plan_aliases(name, *aliases));
    MODELYARD_ASSIGN(const Json* tags, fields.optional_object("tags"));
    if (tags) MODELYARD_TRY(plan_tags(name, *tags));
    return fields.finish();
  }

  Status plan_endpoint(const std::string& name, const Json& value) {
    MODELYARD_TRY(check_model_name(name));
    MODELYARD_ASSIGN(auto fields, ObjectReader::open(value, "endpoints." + name));
    MODELYARD_ASSIGN(const auto model, fields.optional_string("model"));
    MODELYARD_ASSIGN(const auto version, fields.optional_integer("version"));
    MODELYARD_ASSIGN(const auto alias, fields.optional_string("alias"));
    MODELYARD_ASSIGN(const Json* const rollout, fields.optional_object("rollout"));
    const auto present = reader_.endpoint(name);
    const std::string owner = model.value_or(present ? present->model : name);
    EndpointDocument before{owner};
    if (present) {
      MODELYARD_ASSIGN(before, document_of(*present));
    }
    EndpointDocument after = before;
    MODELYARD_TRY(read_settings(fields, after));
    MODELYARD_TRY(fields.finish());
    if ((version ? 1 : 0) + (alias ? 1 : 0) + (rollout != nullptr ? 1 : 0) > 1) {
      return error(Code::kInvalidArgument, "endpoints.{}: one of 'version', 'alias' and 'rollout'", name);
    }
    if (present && present->model != owner) {
      return error(Code::kConflict, "endpoint '{}' belongs to model '{}'", name, present->model);
    }
    MODELYARD_TRY(check_document(reader_, name, after));
    if (!present || before != after) {
      changes_.push_back({"endpoint.put", name, present ? to_json(before) : Json(nullptr), to_json(after)});
    }
    if (rollout != nullptr && (!present || present->plan_revision == 0)) {
      return error(Code::kFailedPrecondition,
                   "endpoint '{}' serves nothing that a rollout could begin from; name a version", name);
    }
    if (rollout != nullptr) return plan_rollout(*present, *rollout, wants_of(after));
    if (!version && !alias) return ok();
    const auto moved = alias ? aliases_.find({owner, *alias}) : aliases_.end();
    MODELYARD_ASSIGN(const VersionRef wanted,
                     moved != aliases_.end()
                         ? resolve_version(reader_, owner, moved->second, "")
                         : resolve_version(reader_, owner, version.value_or(0), alias.value_or("")));
    return plan_deployment(name, wanted, present ? present->plan_revision : 0);
  }

 private:
  Status plan_aliases(const std::string& model, const Json& aliases) {
    for (const auto& [alias, value] : aliases.items()) {
      MODELYARD_TRY(check_alias_name(alias));
      if (!value.is_number_integer())
        return error(Code::kInvalidArgument, "models.{}.aliases.{}: expected a version", model, alias);
      MODELYARD_ASSIGN(const VersionRef wanted, resolve_version(reader_, model, value.get<VersionNumber>(), ""));
      aliases_[{model, alias}] = wanted.version;
      const auto present = reader_.alias(model, alias);
      if (present && present->version == wanted.version) continue;
      changes_.push_back(
          {"alias.set", model + "@" + alias, present ? Json(present->version) : Json(nullptr), wanted.version});
    }
    return ok();
  }

  Status plan_tags(const std::string& model, const Json& tags) {
    MODELYARD_ASSIGN(const auto present, reader_.tags({model, 0}));
    for (const auto& [key, value] : tags.items()) {
      MODELYARD_TRY(check_tag_key(key));
      if (!value.is_string()) return error(Code::kInvalidArgument, "models.{}.tags.{}: expected a string", model, key);
      Json before = nullptr;
      for (const registry::TagRecord& tag : present) {
        if (tag.key == key) before = tag.value;
      }
      if (before != value) changes_.push_back({"tag.set", model + "#" + key, before, value});
    }
    return ok();
  }

  Status plan_deployment(const std::string& name, const VersionRef& wanted, registry::Revision plan_revision) {
    const Json after = rollout::to_json(rollout::whole_to(name, wanted.model, wanted.version));
    Json before = nullptr;
    if (plan_revision > 0) {
      MODELYARD_ASSIGN(const auto plan, reader_.plan(name, plan_revision));
      MODELYARD_ASSIGN(before, parse_json(plan.plan));
    }
    if (before != after) changes_.push_back({"endpoint.deploy", name, before, after});
    return ok();
  }

  Status plan_rollout(const registry::EndpointRecord& endpoint, const Json& document,
                      const registry::EndpointWants& wants) {
    const auto wanted = rollout::parse_rollout_spec(document);
    if (!wanted) return wanted.error().with_context("endpoints.{}.rollout", endpoint.name);
    MODELYARD_ASSIGN(const bool is_done, was_begun_or_served(endpoint, *wanted));
    if (is_done) return ok();  // what it asked may be gone
    auto spec = read_rollout_spec(document, sources_);
    if (!spec) return spec.error().with_context("endpoints.{}.rollout", endpoint.name);
    MODELYARD_ASSIGN(const AdmittedRollout admitted, admit_rollout(reader_, endpoint.name, *std::move(spec), &wants));
    changes_.push_back({"rollout.begin", endpoint.name, nullptr, rollout::to_json(admitted.spec)});
    return ok();
  }

  // However it went: who applies a file again and again does not mean to try a rejected candidate every time.
  Result<bool> was_begun_or_served(const registry::EndpointRecord& endpoint, const rollout::RolloutSpec& spec) {
    MODELYARD_ASSIGN(const auto records, reader_.rollouts(endpoint.name));
    for (const registry::RolloutRecord& record : records) {
      const auto document = parse_json(record.spec);
      auto begun = document ? rollout::parse_rollout_spec(*document) : Result<rollout::RolloutSpec>(document.error());
      if (!begun || record.model != endpoint.model) continue;  // of another time
      if (!spec.stable) begun->stable.reset();
      if (*begun == spec) return true;
    }
    MODELYARD_ASSIGN(const auto plan, reader_.plan(endpoint.name, endpoint.plan_revision));
    MODELYARD_ASSIGN(const Json served, parse_json(plan.plan));
    return served == rollout::to_json(rollout::whole_to(endpoint.name, endpoint.model, spec.candidate));
  }

  CatalogReader& reader_;
  const SignalSources& sources_;
  std::vector<PlannedChange>& changes_;
  std::map<std::pair<std::string, std::string>, VersionNumber> aliases_;  // as the document will have them
};

Status carry_out(CatalogWriter& writer, const PlannedChange& change, const SignalSources& sources, UtcTime now,
                 const Actor& actor) {
  const auto split = change.object.find_first_of("@#");
  const std::string name = change.object.substr(0, split);
  const std::string rest = split == std::string::npos ? "" : change.object.substr(split + 1);
  if (change.action == "model.describe") return writer.describe_model(name, change.to.get<std::string>());
  if (change.action == "alias.set") return writer.set_alias(name, rest, change.to.get<VersionNumber>());
  if (change.action == "tag.set") return writer.set_tag({name, 0}, rest, change.to.get<std::string>());
  if (change.action == "endpoint.put") {
    EndpointDocument document{change.to["model"].get<std::string>()};
    for (const auto& [setting, value] : kEndpointSettings) document.*value = change.to[setting];
    return writer.put_endpoint(name, document.model, wants_of(document));
  }
  if (change.action == "rollout.begin") {
    MODELYARD_ASSIGN(rollout::RolloutSpec spec, read_rollout_spec(change.to, sources));
    MODELYARD_TRY(add_rollout(writer, name, std::move(spec), now, actor.name));
    return ok();
  }
  MODELYARD_TRY(refuse_while_rolling_out(writer, name));
  return writer.set_plan(name, change.to.dump(), "apply");
}

}  // namespace

Result<std::vector<PlannedChange>> plan_changes(CatalogReader& reader, const Json& document,
                                                const SignalSources& sources) {
  std::vector<PlannedChange> changes;
  Planner planner(reader, sources, changes);
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(document, ""));
  MODELYARD_ASSIGN(const Json* models, fields.optional_object("models"));
  MODELYARD_ASSIGN(const Json* endpoints, fields.optional_object("endpoints"));
  MODELYARD_TRY(fields.finish());
  if (models) {
    for (const auto& [name, value] : models->items()) MODELYARD_TRY(planner.plan_model(name, value));
  }
  if (endpoints) {
    for (const auto& [name, value] : endpoints->items()) MODELYARD_TRY(planner.plan_endpoint(name, value));
  }
  return changes;
}

Result<std::vector<PlannedChange>> Applier::apply(const Json& document, ApplyMode mode, const Actor& actor) {
  std::vector<PlannedChange> changes;
  const auto plan = [&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(changes, plan_changes(reader, document, sources_));
    return ok();
  };
  MODELYARD_TRY(catalog_.read(plan));
  if (mode == ApplyMode::kDryRun || changes.empty()) return changes;
  // Planned once more within the transaction: something may have changed in between.
  MODELYARD_TRY(catalog_.transact({actor.name, "apply", "", document}, [&](CatalogWriter& writer) -> Status {
    MODELYARD_TRY(plan(writer));
    for (const PlannedChange& change : changes) {
      MODELYARD_TRY(carry_out(writer, change, sources_, clock_.utc_now(), actor));
    }
    return ok();
  }));
  return changes;
}

}  // namespace modelyard::control
