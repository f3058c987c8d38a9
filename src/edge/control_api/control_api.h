// ControlApi binds the operator's use-cases to /api/v1 (api/openapi.yaml), and Triton's repository calls to the same
// use-cases: load is deploy and wait, unload is undeploy.
//
// Threads:   handlers copy what they need off the connection and run on the executor; the answer goes back by a
// Deferred. Ownership: everything in ControlParts outlives this; requests must have ended before the executor is
// stopped.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "control/endpoints/applier.h"
#include "control/endpoints/deployer.h"
#include "control/key_keeper.h"
#include "control/models/curator.h"
#include "control/models/publisher.h"
#include "control/predictions/evaluator.h"
#include "control/predictions/labeller.h"
#include "control/rollouts/rollout_driver.h"
#include "control/watching/drift_inspector.h"
#include "control/watching/watcher.h"
#include "edge/control_api/api_call.h"
#include "edge/control_api/control_executor.h"
#include "edge/grpc/grpc_router.h"
#include "edge/http/router.h"
#include "journal/journal.h"
#include "journal/payload_journal.h"
#include "registry/backup.h"

namespace modelyard::edge {

struct ControlParts {
  registry::Catalog& catalog;
  registry::BlobStore& blobs;
  control::Publisher& publisher;
  control::Deployer& deployer;
  control::Curator& curator;
  control::Applier& applier;
  control::KeyKeeper& keys;
  lifecycle::Reconciler& reconciler;
  control::RolloutDriver& rollouts;
  const control::SignalSources& signal_sources;
  ControlExecutor& executor;
  journal::Journal* journal;          // null: off
  journal::PayloadJournal* payloads;  // null: off
  journal::LabelStore* labels;        // null: off, and so are the three
  control::Labeller* labeller;
  control::Evaluator* evaluator;
  control::DriftInspector* drift;          // never null
  control::ReferenceProfiles* references;  // null: nothing is watched, and so are the four
  monitoring::ProfileStore* profiles;
  control::Watcher* watcher;
  control::AlertKeeper* alerts;
  const lifecycle::PublishedTable& table;
  std::string cpu;                                   // of this machine
  std::vector<registry::FurtherDatabase> databases;  // that go into a backup
  const Clock& clock;
  std::chrono::seconds upload_lease{3600};
  std::function<Json()> version_document;
};

class ControlApi {
 public:
  explicit ControlApi(ControlParts parts) : parts_(std::move(parts)) {}
  void add_routes(Router& router);
  // The repository's calls of inference.GRPCInferenceService.
  void add_methods(GrpcRouter& router);

 private:
  // Of a POST or PUT; what stands in the body of a call that reads none is refused. kText: the call reads it itself.
  enum class Body { kRead, kNone, kText };
  struct Taken {
    std::vector<std::string> query;  // the query fields that the call knows
    Body body;
  };
  void route(Router& router, Method method, std::string_view pattern, Access access, std::vector<std::string> query,
             ApiWork work, Body body = Body::kRead);
  void run(Exchange& exchange, const Taken& taken, const ApiWork& work);
  static Result<ApiCall> make_call(const Request& request, const Taken& taken);
  Result<ApiAnswer> run_keyed(const ApiCall& call, const ApiWork& work, const std::string& key,
                              const std::string& body);
  Result<ApiAnswer> run_once(const ApiCall& call, const ApiWork& work, const std::string& key, const std::string& body);

  void add_model_routes(Router& router);
  void add_version_routes(Router& router);
  void add_name_routes(Router& router);
  void add_endpoint_routes(Router& router);
  void add_server_routes(Router& router);
  void add_upkeep_routes(Router& router);
  void add_blob_routes(Router& router);
  void add_event_routes(Router& router);
  void add_prediction_routes(Router& router);
  void add_ground_truth_routes(Router& router);
  void add_monitoring_routes(Router& router);
  void add_alert_routes(Router& router);
  void add_rollout_routes(Router& router);
  void add_key_routes(Router& router);
  void add_repository_routes(Router& router);

  ApiWork deployment(Result<control::Deployed> (control::Deployer::*change)(
      const std::string&, const control::DeployRequest&, const control::Actor&, const control::Expected&));
  Result<ApiAnswer> show_traffic(const ApiCall& call);
  // Of the id in the path, to who may do so to its endpoint.
  Result<control::Rollout> find_rollout(const ApiCall& call, Verb verb);
  Result<ApiAnswer> put_metrics(const ApiCall& call);
  ApiWork rollout_command(rollout::Command command);
  Result<ApiAnswer> list_events(const ApiCall& call);
  Result<ApiAnswer> list_predictions(const ApiCall& call);
  Result<ApiAnswer> list_with_payloads(const ApiCall& call, const journal::Query& query);
  Result<ApiAnswer> find_prediction(const ApiCall& call);
  // A captured prediction, to who may see it.
  struct Captured {
    journal::DecisionRecord decision;
    journal::PayloadRecord payload;
  };
  // Who saw what is written down before it is shown.
  Status note_look(const ApiCall& call, const std::string& action, const journal::DecisionRecord& decision);
  Result<Captured> find_captured(const ApiCall& call, const std::string& action);
  Result<ApiAnswer> show_payload(const ApiCall& call);
  Result<ApiAnswer> replay_prediction(const ApiCall& call);
  Result<ApiAnswer> put_labels(const ApiCall& call);
  Result<ApiAnswer> list_labelled(const ApiCall& call);
  Result<ApiAnswer> show_labels(const ApiCall& call);
  Result<ApiAnswer> show_accuracy(const ApiCall& call);
  Result<ApiAnswer> show_drift(const ApiCall& call);
  Result<ApiAnswer> show_profiles(const ApiCall& call);
  Result<ApiAnswer> show_reference(const ApiCall& call);
  Result<ApiAnswer> make_reference(const ApiCall& call);
  Result<ApiAnswer> list_monitors(const ApiCall& call);
  Result<ApiAnswer> test_monitor(const ApiCall& call);
  Result<ApiAnswer> list_alerts(const ApiCall& call);
  Result<ApiAnswer> acknowledge_alert(const ApiCall& call);
  Result<ApiAnswer> add_silence(const ApiCall& call);
  Result<control::Watcher*> watcher() const;
  Result<control::AlertKeeper*> alerts() const;
  Result<journal::Journal*> journal() const;

  const ControlParts parts_;
  Mutex mutex_;
  std::set<std::string> keys_under_way_ MODELYARD_GUARDED_BY(mutex_);  // of idempotent calls
};

}  // namespace modelyard::edge
