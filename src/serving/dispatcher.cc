#include "serving/dispatcher.h"

#include <algorithm>
#include <numeric>

#include "rollout/version_fault.h"

namespace modelyard::serving {
namespace {

using lifecycle::Servable;

void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}
void drop(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
}

std::int64_t most_rows_of(const Job& job) {
  const std::int64_t worth_it = job.servable->batching().most_rows();
  return job.settings ? job.settings->scheduling.most_rows(worth_it) : worth_it;
}

}  // namespace

Dispatcher::Dispatcher(DispatcherOptions options, lifecycle::PublishedTable& table, lifecycle::TableReader& reader,
                       Post post, const Clock& clock, Random& random)
    : options_(options),
      published_(table),
      reader_(reader),
      post_(std::move(post)),
      clock_(clock),
      random_(random),
      table_(std::make_shared<const lifecycle::ServingTable>()),
      shadows_(post_, clock_, [this](const Shadowed& shadowed) {
        if (options_.tap != nullptr) options_.tap->on_shadow(shadowed);
      }) {}

void Dispatcher::refresh() {
  if (published_.snapshot().generation() == generation_) return;
  auto [table, generation] = published_.snapshot().current_with_generation();
  std::erase_if(contexts_, [&](const auto& entry) {
    for (const auto& [name, model] : table->models) {
      for (const auto& [number, servable] : model.ready) {
        if (servable.get() == entry.first) return false;
      }
    }
    return true;
  });
  table_ = std::move(table);
  generation_ = generation;
  reader_.acknowledge(generation);
}

VersionCounters& Dispatcher::counters(Servable& servable) {
  return static_cast<VersionExecutor&>(servable.executor()).counters(options_.loop_index);
}

Status Dispatcher::admit(const Route& route, const Call& call, SteadyTime now) {
  if (draining_) return error(Code::kUnavailable, "the server is shutting down");
  if (in_flight_.load(std::memory_order_relaxed) >= options_.most_in_flight) {
    return error(Code::kResourceExhausted, "too many requests in flight: the limit is {} for each event loop",
                 options_.most_in_flight);
  }
  if (in_flight_bytes_.load(std::memory_order_relaxed) + call.body_bytes() > options_.most_in_flight_bytes) {
    return error(Code::kResourceExhausted, "too many bytes in flight: the limit is {} for each event loop",
                 options_.most_in_flight_bytes);
  }
  const auto* settings = route.endpoint != nullptr ? route.endpoint->settings.get() : nullptr;
  if (settings == nullptr || !settings->scheduling.is_limited()) return ok();
  return route.endpoint->settings->limits.enter(now, route.endpoint->plan.endpoint);
}

Status Dispatcher::promise_record(Job& job) {
  if (!job.settings || !job.settings->recording.required) return ok();
  if (options_.tap == nullptr) return no_record_is_kept();
  const Status promised = options_.tap->promise();
  job.promised = promised.has_value();
  return promised;
}

Status Dispatcher::check(const Route& route, Call& call) {
  inference::InferRequest& request = call.request();
  if (request.deadline && clock_.steady_now() >= *request.deadline) {
    return error(Code::kDeadlineExceeded, "Request timeout expired");
  }
  MODELYARD_TRY(inference::check_inputs(route.signature(), request.inputs, request.endpoint));
  for (const std::string_view name : request.wanted_outputs) {
    const auto position = route.signature().find_output(name);
    if (!position) {
      return error(Code::kInvalidArgument, "unexpected inference output '{}' for model '{}'", name, request.endpoint);
    }
    request.wanted.push_back(*position);
  }
  if (request.wanted.empty()) {
    request.wanted.resize(route.signature().outputs.size());
    std::iota(request.wanted.begin(), request.wanted.end(), std::size_t{0});
  }
  std::sort(request.wanted.begin(), request.wanted.end());  // answers come in the model's order
  return ok();
}

Status Dispatcher::check_room(const Route& route, Protocol protocol, std::string_view body) {
  const auto settings = route.endpoint != nullptr ? route.endpoint->settings : nullptr;
  if (settings && settings->cache) return ok();  // the answer may be known
  Servable& servable = *route.servable;
  const bool at_once = !settings || settings->scheduling.may_run_at_once();
  if (at_once && servable.cost().predict(1) < options_.inline_below) return ok();  // a cheap run waits for nobody
  const Status room = static_cast<VersionExecutor&>(servable.executor()).check_room(settings);
  // A request that names its priority may go to another queue; which one, decoding tells.
  if (room || body.find("priority") != std::string_view::npos) return ok();
  bump(refused_, 1);
  count_failure(route, protocol, room.error().code());
  return room;
}

void Dispatcher::count_failure(const Route& route, Protocol protocol, Code code) {
  counters(*route.servable).count(protocol, outcome_of(code), 0, {}, utc_micros(clock_.utc_now()) / 1000);
}

void Dispatcher::tell_refused(Refused refused) {
  if (options_.tap == nullptr) return;
  refused.time = clock_.utc_now();
  options_.tap->on_refused(refused);
}

void Dispatcher::say_route(const Route& route, Job& job) const {
  job.servable = route.servable->shared_from_this();
  job.plan_revision = route.plan_revision;
  job.by_alias = route.by_alias;
  job.arm = route.arm;
  job.exposed = route.exposed;
  job.unit_hash = route.unit_hash;
  if (route.plan_revision == 0) return;
  const rollout::TrafficPlan& plan = route.endpoint->plan;
  // Of a rollout, copies are evidence like answers; without one they are nobody's.
  if (!route.exposed && plan.stable != 0) return;
  job.shadowed = !plan.shadows.empty();
  job.falls_back = plan.falls_back && route.arm == rollout::Arm::kCandidate;
}

void Dispatcher::submit(const Route& route, CallPtr call) {
  Job job;
  job.submitted = clock_.steady_now();
  job.call = std::move(call);
  const Status admitted = admit(route, *job.call, job.submitted);
  bump(in_flight_, 1);
  bump(in_flight_bytes_, job.call->body_bytes());
  say_route(route, job);
  if (!admitted) {
    bump(refused_, 1);
    return refuse(std::move(job), admitted.error());
  }
  if (route.endpoint != nullptr) job.settings = route.endpoint->settings;
  const Status promised = promise_record(job);
  if (!promised) {
    bump(refused_, 1);
    return refuse(std::move(job), promised.error());
  }
  job.admitted = true;
  const Status checked = check(route, *job.call);
  if (!checked) return refuse(std::move(job), checked.error());
  job.rows = inference::row_count(route.signature(), job.call->request().inputs);
  job.queued_at = clock_.steady_now();
  if (job.settings && job.settings->cache && answer_from_cache(job)) return;
  const bool at_once = !job.settings || job.settings->scheduling.may_run_at_once();
  if (at_once && most_rows_of(job) > 1) return gather(*route.servable, std::move(job));
  start(std::move(job));
}

// By itself.
void Dispatcher::start(Job&& job) {
  const bool at_once = !job.settings || job.settings->scheduling.may_run_at_once();
  Gathered alone{job.servable.get(), spare_jobs_.take(), job.rows};
  alone.jobs.push_back(std::move(job));
  at_once ? run(std::move(alone)) : enqueue(std::move(alone));
}

// True when it was answered.
bool Dispatcher::answer_from_cache(Job& job) {
  const inference::InferRequest& request = job.call->request();
  job.cache_key = lifecycle::cache_key(job.servable->ref().version, request.inputs, request.wanted);
  auto outputs = job.settings->cache->find(*job.cache_key);
  if (!outputs) return false;
  Durations durations;
  durations.from_cache = true;
  job.cache_key.reset();
  Finished finished{std::move(job), std::move(*outputs), durations};
  complete(finished);
  return true;
}

void Dispatcher::gather(Servable& servable, Job job) {
  auto group = std::find_if(gathered_.begin(), gathered_.end(), [&](const Gathered& candidate) {
    return candidate.servable == &servable && candidate.jobs.front().settings == job.settings &&
           can_share_run(candidate.jobs.front(), job);
  });
  const std::int64_t most_rows = most_rows_of(job);
  if (group != gathered_.end() && group->rows + job.rows > most_rows) {
    run(std::exchange(*group, {&servable, spare_jobs_.take(), 0}));
  } else if (group == gathered_.end()) {
    group = gathered_.insert(gathered_.end(), {&servable, spare_jobs_.take(), 0});
  }
  group->rows += job.rows;
  group->jobs.push_back(std::move(job));
}

bool Dispatcher::end_turn() {
  if (gathered_.empty()) return false;
  running_.swap(gathered_);  // both keep their room from turn to turn
  for (Gathered& group : running_) run(std::move(group));
  running_.clear();
  return true;
}

void Dispatcher::run(Gathered gathered) {
  if (gathered.servable->cost().predict(gathered.rows) < options_.inline_below) {
    run_here(gathered);
  } else {
    enqueue(std::move(gathered));
  }
}

Result<backend::ExecutionContext*> Dispatcher::context_of(Servable& servable) {
  auto& context = contexts_[&servable];
  if (!context) {
    MODELYARD_ASSIGN(context, servable.model().new_context());
  }
  return context.get();
}

void Dispatcher::run_here(Gathered& gathered) {
  const auto context = context_of(*gathered.servable);
  std::vector<Finished> finished = spare_finished_.take();
  if (context) {
    BatchRunner(*gathered.servable, **context, clock_, spare_outputs_).run(gathered.jobs, finished);
  } else {
    for (Job& job : gathered.jobs) finished.push_back({std::move(job), context.error(), {}});
  }
  for (Finished& one : finished) complete(one);
  spare_finished_.put(std::move(finished));
  spare_jobs_.put(std::move(gathered.jobs));
}

void Dispatcher::enqueue(Gathered gathered) {
  for (Job& job : gathered.jobs) job.home = this;  // outlives the workers: versions end before loops do
  auto& executor = static_cast<VersionExecutor&>(gathered.servable->executor());
  auto refused = executor.submit(std::move(gathered.jobs));
  bump(refused_, refused.size());
  for (Finished& one : refused) complete(one);
}

void Dispatcher::drop_cancelled() {
  for (const auto& [name, model] : table_->models) {
    for (const auto& [number, servable] : model.ready) {
      static_cast<VersionExecutor&>(servable->executor()).drop_cancelled();
    }
  }
}

void Dispatcher::on_done(std::vector<Finished> finished) {
  post_([this, finished = std::move(finished)]() mutable {
    for (Finished& one : finished) complete(one);
  });
}

void Dispatcher::refuse(Job job, const Error& why) {
  Finished finished{std::move(job), why, {}};
  complete(finished);
}

void Dispatcher::complete(Finished& finished) {
  const Job& job = finished.job;
  finished.durations.total = clock_.steady_now() - job.submitted;
  const UtcTime now = clock_.utc_now();
  const int outcome = finished.outputs ? 0 : outcome_of(finished.outputs.error().code());
  counters(*job.servable).count(job.call->protocol(), outcome, job.rows, finished.durations, utc_micros(now) / 1000);
  if (job.falls_back && fall_back(finished)) return;
  const Uuid prediction_id = Uuid::make_v7(now, random_);
  const std::uint64_t ticket = tell_tap(finished, prediction_id, now);
  if (ticket != 0) return held_.push_back({ticket, prediction_id, std::move(finished)});
  deliver(finished, prediction_id);
}

std::uint64_t Dispatcher::tell_tap(const Finished& finished, const Uuid& prediction_id, UtcTime now) {
  const Job& job = finished.job;
  if (options_.tap == nullptr) return 0;
  if (!job.admitted) {
    const inference::InferRequest& request = job.call->request();
    tell_refused({request.endpoint,
                  request.request_id,
                  request.traceparent,
                  request.tracestate,
                  job.servable.get(),
                  job.call->protocol(),
                  finished.outputs.error().code(),
                  {},
                  finished.durations.total});
    return 0;
  }
  return options_.tap->on_end(ended_of(finished, prediction_id, now));
}

Ended Dispatcher::ended_of(const Finished& finished, const Uuid& prediction_id, UtcTime now) {
  const Job& job = finished.job;
  Ended ended{.request = job.call->request(), .servable = *job.servable, .durations = finished.durations};
  ended.outputs = finished.outputs ? &*finished.outputs : nullptr;
  ended.settings = job.settings.get();
  ended.plan_revision = job.plan_revision;
  ended.by_alias = job.by_alias;
  ended.arm = job.arm;
  ended.exposed = job.exposed;
  ended.unit_hash = job.unit_hash;
  ended.protocol = job.call->protocol();
  ended.prediction_id = prediction_id;
  ended.time = now;
  ended.rows = job.rows;
  ended.place = finished.place;
  if (!finished.outputs) ended.failure = finished.outputs.error().code();
  ended.promised = job.promised;
  return ended;
}

bool Dispatcher::fall_back(Finished& finished) {
  Job& job = finished.job;
  inference::InferRequest& request = job.call->request();
  if (finished.outputs || !rollout::is_versions_fault(finished.outputs.error().code(), finished.durations.run_rows > 0))
    return false;
  const auto endpoint = table_->endpoints.find(request.endpoint);
  if (endpoint == table_->endpoints.end() || endpoint->second.plan.stable == 0) return false;
  const rollout::TrafficPlan& plan = endpoint->second.plan;
  const auto model = table_->models.find(plan.model);
  if (model == table_->models.end()) return false;
  const auto stable = find_version(model->second, request.endpoint, plan.stable);
  if (!stable || *stable == job.servable.get()) return false;
  request.wanted.clear();
  if (!check({.servable = *stable}, *job.call)) return false;
  if (options_.tap != nullptr) options_.tap->on_fallback(ended_of(finished, {}, clock_.utc_now()));
  job.servable = (*stable)->shared_from_this();
  job.arm = rollout::Arm::kStable;
  job.exposed = job.falls_back = false;
  job.cache_key.reset();
  job.queue_deadline = job.delay_after = SteadyTime::max();
  job.rows = inference::row_count((*stable)->signature(), request.inputs);
  job.queued_at = clock_.steady_now();
  start(std::move(job));
  return true;
}

void Dispatcher::send_to_shadows(const Finished& finished) {
  const Job& job = finished.job;
  const auto endpoint = table_->endpoints.find(job.call->request().endpoint);
  if (endpoint == table_->endpoints.end() || endpoint->second.plan.revision != job.plan_revision) return;
  const rollout::TrafficPlan& plan = endpoint->second.plan;
  const auto model = table_->models.find(plan.model);
  if (model == table_->models.end()) return;
  for (const rollout::Shadow& shadow : plan.shadows) {
    if (random_.next() % rollout::kWhole >= static_cast<std::uint64_t>(shadow.share)) continue;
    const auto ready = model->second.ready.find(shadow.version);
    if (ready != model->second.ready.end()) shadows_.send(shadow, *ready->second, job, *finished.outputs);
  }
}

void Dispatcher::release(std::uint64_t ticket, Records records) {
  while (!held_.empty() && held_.front().ticket <= ticket) {
    Held held = std::move(held_.front());
    held_.pop_front();
    if (records == Records::kLost && held.finished.job.promised) {
      held.finished.outputs = error(Code::kUnavailable,
                                    "the record of this prediction could not be kept, and this "
                                    "endpoint answers nothing without one");
    }
    deliver(held.finished, held.prediction_id);
  }
}

void Dispatcher::deliver(Finished& finished, const Uuid& prediction_id) {
  Job& job = finished.job;
  if (job.shadowed && finished.outputs) send_to_shadows(finished);
  const CallPtr call = std::move(job.call);  // ends here, before its loop serves the next request
  drop(in_flight_, 1);
  drop(in_flight_bytes_, call->body_bytes());
  if (job.settings) job.settings->limits.leave();
  if (!finished.outputs) return call->fail(finished.outputs.error());
  if (job.cache_key) finished.outputs = job.settings->cache->keep(*job.cache_key, std::move(*finished.outputs));
  inference::InferResponse response;
  response.model = job.servable->ref().model;
  response.version = job.servable->ref().version;
  response.prediction_id = prediction_id;
  response.arm = rollout::arm_name(job.arm);
  response.outputs = std::move(*finished.outputs);
  call->answer(response);
  spare_outputs_.put(std::move(response.outputs));
}

}  // namespace modelyard::serving
