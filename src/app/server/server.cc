#include "app/server/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <set>
#include <thread>

#include "app/configuration/yaml_document.h"
#include "app/server/engines.h"
#include "app/server/file_upload.h"
#include "app/server/heap.h"
#include "app/server/metrics.h"
#include "app/server/open_traces.h"
#include "app/server/recording.h"
#include "app/server/request_log.h"
#include "app/server/rollout_tap.h"
#include "app/server/server_options.h"
#include "app/server/signal_sources/http_signal_sources.h"
#include "app/server/supervisor.h"
#include "app/server/taps.h"
#include "app/server/watching.h"
#include "base/directory.h"
#include "control/key_keeper.h"
#include "control/models/registry_source.h"
#include "control/rollouts/label_counter.h"
#include "control/rollouts/rollout_alerts.h"
#include "control/rollouts/signal_asker.h"
#include "edge/control_api/control_api.h"
#include "edge/grpc/grpc_health.h"
#include "edge/grpc/grpc_reflection.h"
#include "edge/inference_api/grpc_inference.h"
#include "edge/inference_api/grpc_tensorflow.h"
#include "edge/inference_api/inference_api.h"
#include "edge/inference_api/settings_api.h"
#include "edge/inference_api/shared_memory_api.h"
#include "edge/operations/operations.h"
#include "edge/tls/tls_context.h"
#include "registry/folder_blob_store.h"
#include "registry/sqlite_catalog.h"
#include "security/guard.h"
#include "tuning/machine.h"

namespace modelyard::app {
namespace {

constexpr const char* kInferenceService = "inference.GRPCInferenceService";
constexpr std::size_t kControlQueue = 256;
constexpr std::chrono::seconds kStartUpTime{600};
constexpr std::chrono::seconds kHeldTime{60};              // clients that wait longer have gone
constexpr std::chrono::milliseconds kKeyUsesKept{60'000};  // so much of their last uses a crash may forget

// What lies beside the catalog, whether it is used now or not.
std::vector<registry::FurtherDatabase> databases_of(const std::string& data) {
  std::vector<registry::FurtherDatabase> databases;
  for (const char* name : {"ground-truth.db", "profiles.db", "alerts.db"}) {
    databases.push_back({fmt::format("{}/{}", data, name), name});
  }
  return databases;
}

// SIGTERM, SIGINT and SIGHUP as something to wait on. Blocked in every thread that starts later.
Result<UniqueFd> open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  if (::pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) return system_error("block", "signals", errno);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  return fd ? Result<UniqueFd>(std::move(fd)) : Result<UniqueFd>(system_error("wait for", "signals", errno));
}

class RunningServer final : public Server {
 public:
  RunningServer(const Configuration& configuration, std::function<Result<Configuration>()> reload)
      : configuration_(configuration),
        reload_(std::move(reload)),
        log_(STDERR_FILENO, log_format(configuration), *telemetry::parse_level(configuration.text("log_level")),
             system_clock()),
        guard_(guard_options(configuration), system_clock()),
        router_(guard_, static_cast<std::size_t>(configuration.integer("max_body_bytes"))),
        grpc_router_(guard_, static_cast<std::size_t>(configuration.integer("max_body_bytes"))),
        protocols_(router_, grpc_router_) {}

  ~RunningServer() override { stop(); }

  Status open() {
    bound_kept_heap();
    MODELYARD_ASSIGN(signals_, open_signals());
    MODELYARD_TRY(open_registry());
    MODELYARD_TRY(open_guard());
    MODELYARD_ASSIGN(engines_, open_engines(configuration_.text("onnxruntime_lib"), [this](std::string_view message) {
                       log_.warning("engine", {{"text", message}});
                     }));
    if (engines_.onnx.api == nullptr) log_.warning("no engine for onnx", {{"remedy", engines_.onnx.remedy()}});
    MODELYARD_ASSIGN(const ListenAddress address, parse_listen_address(configuration_.text("listen"), true));
    MODELYARD_TRY(open_tls());
    MODELYARD_TRY(open_shared_memory());
    edge::HttpServerOptions options = http_options(configuration_, address);
    if (tls_) options.make_transport = [this](int fd) { return tls_->make(fd); };
    const Status room = make_room_for_connections(options.max_connections);
    if (!room) log_.warning("connections may be refused", {{"error", room.error().message()}});
    MODELYARD_ASSIGN(http_, edge::HttpServer::create(std::move(options), system_clock()));
    // A socket that was passed on may be bound elsewhere than `listen` says.
    MODELYARD_TRY(check_reach(http_->host(), configuration_.knows_callers()));
    if (configuration_.text("authentication") == "required" && !tls_ && !is_loopback(http_->host())) {
      log_.warning("API keys travel in clear text",
                   {{"remedy", "set tls_certificate and tls_key, or end TLS before us"}});
    }
    request_log_ = std::make_unique<RequestLog>(log_, http_->loops(), configuration_.integer("access_log_every"));
    MODELYARD_TRY(open_recording());
    MODELYARD_TRY(open_watching());
    MODELYARD_ASSIGN(traces_, open_traces(configuration_, http_->loops(), log_));
    MODELYARD_TRY(open_signal_sources());
    open_lifecycle();
    open_edge();
    return ok();
  }

  Status serve_file(const std::string& name, const std::string& path) override {
    MODELYARD_ASSIGN(const auto files, upload_model(path, *blobs_));
    control::PublishRequest request;
    request.model = name;
    request.format = "onnx";
    request.files = files;
    request.deploy = control::DeployChoice::kAlways;
    MODELYARD_TRY(check_model_name(name));
    MODELYARD_TRY(publisher_->publish(request, {"serve"}));
    return ok();
  }

  Status start() override {
    reconciler_->start();
    http_->start(protocols_);
    // Who waits in the queue of a kept socket was served by our predecessor, and is not to notice.
    if (http_->is_kept()) (void)reconciler_->wait_for_settled(kHeldTime).has_value();
    MODELYARD_TRY(http_->accept());
    if (watching_) watching_->start();
    rollouts_->start();
    asker_->start();
    if (recording_) {
      labels_.emplace(
          control::LabelCounter::Parts{*rollouts_, *catalog_, recording_->evaluator(), log_, system_clock()});
    }
    (void)reconciler_->wait_for_settled(kStartUpTime).has_value();
    ready_ = true;
    wake_loops();
    if (!configuration_.text("port_file").empty()) {
      MODELYARD_TRY(write_file_atomically(configuration_.text("port_file"), std::to_string(http_->port()) + "\n"));
    }
    const bool is_v6 = http_->host().find(':') != std::string::npos;
    std::printf("modelyard %s listens on %s://%s%s%s:%u\n", MODELYARD_VERSION, tls_ ? "https" : "http",
                is_v6 ? "[" : "", http_->host().c_str(), is_v6 ? "]" : "", unsigned{http_->port()});
    std::fflush(stdout);
    tell_supervisor("READY=1");
    log_.info("ready", {{"port", std::int64_t{http_->port()}}, {"data", configuration_.text("data")}});
    return ok();
  }

  bool run() override {
    for (;;) {
      signalfd_siginfo signal{};
      pollfd waiting{signals_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(kKeyUsesKept.count())) == 0) {
        keep_key_uses();
        if (recording_) recording_->remove_old_labels();
      }
      if ((waiting.revents & POLLIN) == 0) continue;
      if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) continue;
      if (signal.ssi_signo != SIGHUP) break;
      reload();
    }
    return drain();
  }

 private:
  Status open_tls() {
    if (configuration_.text("tls_certificate").empty()) return ok();
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets without MSG_NOSIGNAL
    MODELYARD_ASSIGN(tls_,
                     edge::TlsContext::open({configuration_.text("tls_certificate"), configuration_.text("tls_key"),
                                             configuration_.text("tls_client_ca")}));
    return ok();
  }

  Status open_shared_memory() {
    if (!configuration_.boolean("shared_memory")) return ok();
    MODELYARD_ASSIGN(shared_regions_, edge::SharedRegions::open(region_limits(configuration_)));
    return ok();
  }

  Status open_registry() {
    MODELYARD_ASSIGN(const Directory data, Directory::create(configuration_.text("data")));
    MODELYARD_ASSIGN(catalog_,
                     registry::SqliteCatalog::open(
                         {data.path() + "/catalog.db", configuration_.integer("event_retention")}, system_clock()));
    MODELYARD_ASSIGN(blobs_, registry::FolderBlobStore::open(data.path() + "/blobs", system_clock(), system_random()));
    return ok();
  }

  Status open_guard() {
    MODELYARD_TRY(reload_keys());
    const bool asks = configuration_.text("authentication") == "required";
    if (asks && guard_.keys() == 0 && configuration_.text("tls_client_ca").empty()) {
      log_.warning("nobody can be known: there is no API key",
                   {{"remedy", "stop the server, and run: modelyard key create NAME --verbs admin --data " +
                                   configuration_.text("data")}});
    }
    return ok();
  }

  Status reload_keys() {
    MODELYARD_ASSIGN(auto keys, control::live_keys(*catalog_, system_clock().utc_now()));
    guard_.replace_keys(std::move(keys));
    return ok();
  }

  void keep_key_uses() {
    std::vector<std::pair<std::string, UtcTime>> uses;
    for (auto& use : guard_.uses()) uses.emplace_back(std::move(use.id), use.time);
    if (uses.empty()) return;
    const Status kept = catalog_->record_key_uses(uses);
    if (!kept) log_.error("last uses of keys were not kept", {{"error", kept.error().message()}});
  }

  void catalog_changed() {
    source_->changed();
    const Status keys = reload_keys();
    if (!keys) log_.error("API keys were not read again", {{"error", keys.error().message()}});
    if (recording_) recording_->catalog_changed();
    if (rollouts_) rollouts_->catalog_changed();
  }

  Status open_recording() {
    if (!configuration_.boolean("journal")) {
      log_.warning("predictions leave no record: the journal is off");
      return ok();
    }
    const auto release = [this](std::size_t loop, std::uint64_t position, serving::Dispatcher::Records records) {
      dispatchers_[loop]->release(position, records);
    };
    MODELYARD_ASSIGN(recording_,
                     Recording::open(configuration_, {*catalog_, *http_, machine_.cpu, log_, system_clock(), release}));
    return ok();
  }

  Status open_watching() {
    if (configuration_.integer("profile_cpu_percent") == 0) return ok();
    MODELYARD_ASSIGN(
        watching_, Watching::open(configuration_, {*catalog_, *blobs_, recording_ ? &recording_->evaluator() : nullptr,
                                                   recording_ ? &recording_->labels() : nullptr, *http_, log_,
                                                   system_clock(), recording_ ? &recording_->payloads() : nullptr}));
    return ok();
  }

  Status open_signal_sources() {
    MODELYARD_ASSIGN(const Json listed, read_yaml_list(configuration_.text("signal_sources")));
    MODELYARD_ASSIGN(const auto sources, parse_signal_sources(listed));
    MODELYARD_ASSIGN(signal_sources_, HttpSignalSources::open(sources, system_clock()));
    asker_ = std::make_unique<control::SignalAsker>(
        control::SignalAsker::Parts{[this] { return rollouts_->live(); }, *signal_sources_, log_, system_clock()});
    return ok();
  }

  serving::Tap* tap_of(std::size_t loop) {
    serving::Tap* const keeper = recording_ ? &recording_->tap(loop) : nullptr;
    std::vector<serving::Tap*> listeners{rollout_taps_[loop].get()};
    if (traces_) listeners.push_back(&traces_->tap(loop));
    if (watching_) listeners.push_back(&watching_->tap(loop));
    return fans_.emplace_back(std::make_unique<Taps>(keeper, std::move(listeners))).get();
  }

  void open_lifecycle() {
    for (std::size_t i = 0; i < http_->loops(); ++i) rollout_taps_.push_back(std::make_unique<RolloutTap>());
    source_ = std::make_unique<control::RegistrySource>(*catalog_, *blobs_, source_options(configuration_));
    catalog_->on_change([this](registry::Revision) { catalog_changed(); });
    for (std::size_t i = 0; i < http_->loops(); ++i) {
      edge::EventLoop& loop = http_->loop(i);
      lifecycle::TableReader& reader = table_.add_reader([&loop] { loop.post([] {}); });
      dispatchers_.push_back(std::make_unique<serving::Dispatcher>(
          dispatcher_options(configuration_, i, http_->loops(), tap_of(i)), table_, reader,
          [&loop](std::move_only_function<void()> task) { loop.post(std::move(task)); }, system_clock(),
          system_random()));
      loop.set_turn_hook([this, dispatcher = dispatchers_.back().get(), i] {
        dispatcher->refresh();
        grpc_health_->poll(i);
      });
      loop.add_turn_end([this, dispatcher = dispatchers_.back().get(), i, seen = std::uint64_t{0}]() mutable {
        const std::uint64_t abandoned = http_->abandoned(i);
        if (std::exchange(seen, abandoned) != abandoned) dispatcher->drop_cancelled();
        if (dispatcher->end_turn()) return true;
        if (recording_) recording_->end_turn(i);
        return false;
      });
    }
    const serving::ExecutorOptions executor = executor_options(configuration_, http_->loops());
    reconciler_ = std::make_unique<lifecycle::Reconciler>(
        reconciler_options(configuration_), engines_.all(), *source_, table_,
        [executor](lifecycle::Servable& servable) -> Result<std::unique_ptr<lifecycle::Executor>> {
          return std::make_unique<serving::VersionExecutor>(servable, executor, system_clock());
        },
        [this](const lifecycle::Happening& happening) { record(happening); }, system_clock(), system_random());
    std::vector<control::ExposureCounter*> counters;
    for (const auto& tap : rollout_taps_) counters.push_back(&tap->counter());
    control::RolloutDriver::Parts parts{*catalog_, *reconciler_,   std::move(counters),
                                        log_,      system_clock(), *signal_sources_};
    parts.signals = [this](std::int64_t rollout) { return asker_->readings(rollout); };
    if (watching_) {
      rollout_alerts_.emplace(watching_->alerts(), [this] { watching_->wake_notifier(); }, log_, system_clock());
      parts.on_change = [this](const control::Rollout& rollout) { rollout_alerts_->see(rollout); };
    }
    rollouts_ = std::make_unique<control::RolloutDriver>(std::move(parts));
  }

  void record(const lifecycle::Happening& happening) {
    log_.info(
        happening.kind,
        {{"model", happening.version.model}, {"version", happening.version.version}, {"text", happening.message}});
    const Status kept = catalog_->record_event(happening.kind, happening.version, happening.message);
    if (!kept) log_.error("event was not kept", {{"error", kept.error().message()}});
  }

  void open_edge() {
    publisher_ = std::make_unique<control::Publisher>(
        *catalog_, *blobs_,
        control::PublisherHooks{
            [this](const std::string& format, const std::string& folder) -> Result<inference::Signature> {
              MODELYARD_ASSIGN(const auto model, engines_.load(format, folder));
              return model->signature();
            },
            [this](const std::string& format, const std::string& folder, const inference::Signature& signature,
                   const lifecycle::Golden& golden) -> Status {
              MODELYARD_ASSIGN(const auto model, engines_.load(format, folder));
              return lifecycle::reproduce_golden(*model, signature, golden);
            },
            [this](const registry::Attachment& attachment, const inference::Signature& signature) {
              return watching_ ? watching_->references().check(attachment, signature) : ok();
            },
            [this](const VersionRef& version) { reconciler_->retry(version); }});
    deployer_ = std::make_unique<control::Deployer>(*catalog_, *reconciler_);
    curator_ = std::make_unique<control::Curator>(*catalog_, system_clock());
    applier_ = std::make_unique<control::Applier>(*catalog_, *signal_sources_, system_clock());
    keys_ = std::make_unique<control::KeyKeeper>(*catalog_, system_clock());
    drift_ = std::make_unique<control::DriftInspector>(control::DriftInspector::Sources{
        *catalog_, recording_ ? &recording_->payloads() : nullptr, watching_ ? &watching_->profiles() : nullptr,
        watching_ ? &watching_->references() : nullptr});
    executor_ = std::make_unique<edge::ControlExecutor>(
        static_cast<std::size_t>(configuration_.integer("control_threads")), kControlQueue);
    const auto is_ready = [this] { return ready_.load() && !draining_.load(); };
    std::vector<serving::Dispatcher*> dispatchers;
    for (const auto& dispatcher : dispatchers_) dispatchers.push_back(dispatcher.get());
    inference_api_ = std::make_unique<edge::InferenceApi>(
        edge::InferenceApiOptions{MODELYARD_VERSION, is_ready, shared_regions_.get(), traces_ != nullptr}, guard_,
        std::move(dispatchers), system_clock(), system_random());
    inference_api_->add_routes(router_);
    shared_memory_api_ = std::make_unique<edge::SharedMemoryApi>(*inference_api_, shared_regions_.get());
    shared_memory_api_->add_routes(router_);
    settings_api_ = std::make_unique<edge::SettingsApi>(*inference_api_, log_);
    settings_api_->add_routes(router_);
    control_api_ = std::make_unique<edge::ControlApi>(
        edge::ControlParts{*catalog_,
                           *blobs_,
                           *publisher_,
                           *deployer_,
                           *curator_,
                           *applier_,
                           *keys_,
                           *reconciler_,
                           *rollouts_,
                           *signal_sources_,
                           *executor_,
                           recording_ ? &recording_->journal() : nullptr,
                           recording_ ? &recording_->payloads() : nullptr,
                           recording_ ? &recording_->labels() : nullptr,
                           recording_ ? &recording_->labeller() : nullptr,
                           recording_ ? &recording_->evaluator() : nullptr,
                           drift_.get(),
                           watching_ ? &watching_->references() : nullptr,
                           watching_ ? &watching_->profiles() : nullptr,
                           watching_ ? &watching_->watcher() : nullptr,
                           watching_ ? &watching_->alerts() : nullptr,
                           table_,
                           machine_.cpu,
                           databases_of(configuration_.text("data")),
                           system_clock(),
                           std::chrono::seconds(configuration_.integer("upload_lease_seconds")),
                           [this] { return version_document(engines_); }});
    control_api_->add_routes(router_);
    open_grpc();
    const auto triton = configuration_.boolean("metrics_triton_names") ? TritonNames::kAdd : TritonNames::kLeaveOut;
    edge::add_operations_routes(router_, {is_ready, [this, triton](telemetry::ExpositionFormat format) {
                                            return write_metrics(
                                                {*http_, *reconciler_, table_, dispatchers_, MODELYARD_VERSION,
                                                 engines_.onnx.version, [this] { return request_log_->dropped(); },
                                                 recording_.get(), watching_.get(), *rollouts_, *asker_, traces_.get()},
                                                format, triton);
                                          }});
    http_->set_observer([this](const edge::Request& request, edge::Response& response, std::chrono::nanoseconds took) {
      request_log_->observe(request, response, took);
    });
  }

  void open_grpc() {
    grpc_inference_ = std::make_unique<edge::GrpcInference>(*inference_api_);
    grpc_inference_->add_methods(grpc_router_);
    shared_memory_api_->add_methods(grpc_router_);
    settings_api_->add_methods(grpc_router_);
    grpc_tensorflow_ = std::make_unique<edge::GrpcTensorflow>(*inference_api_);
    grpc_tensorflow_->add_methods(grpc_router_);
    control_api_->add_methods(grpc_router_);
    grpc_health_ = std::make_unique<edge::GrpcHealth>(
        http_->loops(), std::set<std::string, std::less<>>{"", kInferenceService},
        [this](std::size_t loop, std::string_view service) { return health_of(loop, service); });
    grpc_health_->add_methods(grpc_router_);
    edge::add_grpc_reflection(grpc_router_);
  }

  // A service is served while the server is ready, a model while it answers.
  std::optional<bool> health_of(std::size_t loop, std::string_view service) {
    const bool ready = ready_.load() && !draining_.load();
    if (service.empty() || service == kInferenceService) return ready;
    const auto route = dispatchers_[loop]->route(service, {}, rollout::NoKeys());
    if (!route && route.error().code() == Code::kNotFound) return std::nullopt;
    return ready && route.has_value();
  }

  // Has every loop look around: readiness has changed.
  void wake_loops() {
    for (std::size_t i = 0; i < http_->loops(); ++i) http_->loop(i).post([] {});
  }

  void reload() {
    const auto fresh = reload_();
    if (!fresh) return log_.error("configuration was not reloaded", {{"error", fresh.error().message()}});
    if (tls_) {
      const Status renewed = tls_->reload();
      if (!renewed) return log_.error("configuration was not reloaded", {{"error", renewed.error().message()}});
    }
    for (const std::string_view key : configuration_.adopt(*fresh)) {
      log_.warning("a setting was not reloaded: it needs a restart", {{"setting", key}});
    }
    log_.set_level(*telemetry::parse_level(configuration_.text("log_level")));
    request_log_->set_every(configuration_.integer("access_log_every"));
    if (traces_) traces_->set_share(configuration_.number("trace_share"));
    source_->set_grace(configuration_.seconds("version_grace_seconds"));
    log_.info("configuration reloaded");
  }

  bool drain() {
    draining_ = true;
    tell_supervisor("STOPPING=1");
    wake_loops();
    log_.info("draining");
    // Balancers need time to see that we are not ready; requests are answered meanwhile. A second signal ends it.
    pollfd more{signals_.get(), POLLIN, 0};
    ::poll(&more, 1, static_cast<int>(configuration_.seconds("lame_duck_seconds").count()));
    const bool all = http_->drain(configuration_.seconds("drain_timeout_seconds"));
    if (!all) log_.warning("connections were cut off", {{"seconds", configuration_.integer("drain_timeout_seconds")}});
    stop();
    log_.info("stopped");
    return all;
  }

  // Reverse order of start. Loops run until the versions are gone: workers post to them.
  void stop() {
    if (stopped_ || !http_) return;
    stopped_ = true;
    if (executor_) executor_->stop();
    keep_key_uses();
    labels_.reset();
    if (asker_) asker_->stop();
    if (rollouts_) rollouts_->stop();
    if (reconciler_) reconciler_->stop();
    if (watching_) watching_->stop();
    http_->stop();
    if (recording_) recording_->stop();
    if (traces_) traces_->stop();
    dispatchers_.clear();  // and with them the last table
    if (request_log_) request_log_->stop();
  }

  Configuration configuration_;
  const std::function<Result<Configuration>()> reload_;
  telemetry::Log log_;
  std::unique_ptr<RequestLog> request_log_;
  UniqueFd signals_;
  Engines engines_;
  std::unique_ptr<registry::SqliteCatalog> catalog_;
  std::unique_ptr<registry::FolderBlobStore> blobs_;
  lifecycle::PublishedTable table_;
  const tuning::Machine machine_ = tuning::this_machine();
  std::unique_ptr<Recording> recording_;  // null: off
  std::unique_ptr<control::DriftInspector> drift_;
  std::unique_ptr<Watching> watching_;                     // null: off
  std::unique_ptr<TraceExporter> traces_;                  // null: off
  std::vector<std::unique_ptr<RolloutTap>> rollout_taps_;  // of loops
  std::vector<std::unique_ptr<Taps>> fans_;                // of loops
  std::vector<std::unique_ptr<serving::Dispatcher>> dispatchers_;
  std::unique_ptr<control::RegistrySource> source_;
  std::unique_ptr<lifecycle::Reconciler> reconciler_;
  std::optional<control::RolloutAlerts> rollout_alerts_;  // none: nothing is watched
  std::unique_ptr<HttpSignalSources> signal_sources_;
  std::unique_ptr<control::SignalAsker> asker_;
  std::unique_ptr<control::RolloutDriver> rollouts_;
  std::optional<control::LabelCounter> labels_;  // none: no journal
  std::unique_ptr<control::Publisher> publisher_;
  std::unique_ptr<control::Deployer> deployer_;
  std::unique_ptr<control::Curator> curator_;
  std::unique_ptr<control::Applier> applier_;
  std::unique_ptr<control::KeyKeeper> keys_;
  std::unique_ptr<edge::ControlExecutor> executor_;
  std::unique_ptr<edge::SharedRegions> shared_regions_;  // null: off
  std::unique_ptr<edge::InferenceApi> inference_api_;
  std::unique_ptr<edge::SharedMemoryApi> shared_memory_api_;
  std::unique_ptr<edge::SettingsApi> settings_api_;
  std::unique_ptr<edge::ControlApi> control_api_;
  std::unique_ptr<edge::GrpcInference> grpc_inference_;
  std::unique_ptr<edge::GrpcTensorflow> grpc_tensorflow_;
  std::unique_ptr<edge::GrpcHealth> grpc_health_;
  security::Guard guard_;
  edge::Router router_;
  edge::GrpcRouter grpc_router_;
  edge::ProtocolSwitch protocols_;
  std::unique_ptr<edge::TlsContext> tls_;
  std::unique_ptr<edge::HttpServer> http_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> draining_{false};
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Configuration& configuration,
                                             std::function<Result<Configuration>()> reload) {
  auto server = std::make_unique<RunningServer>(configuration, std::move(reload));
  MODELYARD_TRY(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace modelyard::app
