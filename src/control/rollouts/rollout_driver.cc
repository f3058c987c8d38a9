#include "control/rollouts/rollout_driver.h"

#include <algorithm>

#include "control/rollouts/answer_evidence.h"
#include "control/rollouts/rollout_admission.h"
#include "control/rollouts/rollout_report.h"
#include "rollout/machine/looking.h"
#include "rollout/machine/signal_looking.h"
#include "rollout/machine/traffic.h"

namespace modelyard::control {
namespace {

using rollout::Readiness;

void set_readiness(const Rollout& rollout, const lifecycle::LifecycleStatus& status, rollout::Look& look) {
  const auto found = std::ranges::find(status.versions, rollout.candidate(), &lifecycle::VersionStatus::version);
  if (found == status.versions.end()) return;
  if (found->phase == lifecycle::VersionPhase::kReady) look.readiness = Readiness::kReady;
  if (found->phase != lifecycle::VersionPhase::kFailed) return;
  look.readiness = Readiness::kFailed;
  look.failure = found->reason;
}

// Units of a step that is over are of no more use, but their counts are; a rollout seldom comes back to one.
void close_steps_behind(const Rollout& rollout, rollout::Evidence& evidence) {
  const auto now = rollout::steps_behind(rollout.spec, rollout.state);
  for (rollout::StepEvidence& step : evidence.steps) {
    if (now && step.step < *now && !step.units.is_empty()) step.units.close();
  }
}

bool has_faults(const rollout::ArmEvidence& arm) {
  return rollout::total(arm.failures) > 0 || rollout::total(arm.nonfinite) > 0;
}

bool is_live(const rollout::RolloutState& state) {
  return !rollout::contains(rollout::kTerminal, state.phase);
}

}  // namespace

void RolloutDriver::start() {
  thread_ = std::thread([this] { run(); });
}

void RolloutDriver::stop() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  {
    MutexLock lock(mutex_);
    looked_.clear();  // all are due
  }
  tick();
}

void RolloutDriver::run() {
  for (;;) {
    tick();
    MutexLock lock(mutex_);
    if (!stopping_) wake_.wait_for(mutex_, kTick);
    if (stopping_) return;
  }
}

void RolloutDriver::tick() {
  MutexLock lock(mutex_);
  report(look_at_all());
  MutexLock figures(figures_mutex_);
  figures_ = drawn_up_;
}

void RolloutDriver::report(const Status& status) {
  if (!status && !failing_) parts_.log.error("rollouts could not be looked at", {{"error", status.error().message()}});
  failing_ = !status;
}

Status RolloutDriver::look_at_all() {
  Status outcome;
  MODELYARD_TRY(read_live(outcome));
  drawn_up_.live.clear();
  if (live_.empty()) {
    for (ExposureCounter* const counter : parts_.counters) counter->take();  // what came late
    return outcome;
  }
  for (std::size_t i = live_.size(); i-- > 0;) {
    const Rollout& rollout = live_[i].rollout;
    const bool is_new = !evidence_.contains(rollout.record.id);
    auto evidence = evidence_of(rollout);
    if (!evidence) {
      outcome = evidence.error();
      stale_.store(true);
      live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    // Whoever wants it may have failed to load it before.
    if (is_new && rollout.state.phase == rollout::Phase::kPending) parts_.reconciler.retry(rollout.candidate());
    if (is_new) parts_.on_change(rollout);
    (*evidence)->move_to(rollout.gates, rollout.state.started, parts_.clock.utc_now());
    place(rollout, live_[i].endpoint.plan_revision);
    close_steps_behind(rollout, (*evidence)->all());
  }
  count();
  count_settled_units();
  const lifecycle::LifecycleStatus status = parts_.reconciler.status();
  for (const Live& one : live_) {
    const Status looked = look_at(one, status);
    if (!looked) outcome = looked;
  }
  return outcome;
}

// An idle server asks the catalog for nothing.
Status RolloutDriver::read_live(Status& of_single_ones) {
  if (!stale_.exchange(false)) return ok();
  std::vector<Live> live;
  const Status read = parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(auto records, reader.live_rollouts());
    for (registry::RolloutRecord& record : records) {
      const std::int64_t id = record.id;
      Live one;
      MODELYARD_ASSIGN(one.endpoint, reader.endpoint(record.endpoint));
      auto rollout = parse_rollout(std::move(record));
      if (!rollout) {
        of_single_ones = rollout.error().with_context("rollout {}", id);
        continue;
      }
      one.rollout = *std::move(rollout);
      live.push_back(std::move(one));
    }
    return ok();
  });
  if (!read) {
    stale_.store(true);
    return read;
  }
  if (!of_single_ones) stale_.store(true);
  live_ = std::move(live);
  return ok();
}

// What is counted by this plan belongs to the step at which the rollout stands.
void RolloutDriver::place(const Rollout& rollout, registry::Revision plan) {
  const auto step = rollout::counted_step(rollout.spec, rollout.state);
  if (step) placed_[{rollout.record.endpoint, plan}] = {rollout.record.id, *step};
}

Result<rollout::WindowedEvidence*> RolloutDriver::evidence_of(const Rollout& rollout) {
  const std::int64_t id = rollout.record.id;
  if (const auto known = evidence_.find(id); known != evidence_.end()) return &known->second;
  std::string text;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(text, reader.rollout_evidence(id));
    return ok();
  }));
  MODELYARD_ASSIGN(KeptEvidence kept, parse_kept_evidence(text));
  courses_[id] = std::move(kept.courses);
  return &evidence_.emplace(id, std::move(kept.evidence)).first->second;
}

// Counts of plans that belong to no live rollout are let go.
void RolloutDriver::count() {
  for (ExposureCounter* const counter : parts_.counters) {
    for (CountedPlan& plan : counter->take()) {
      const auto place = placed_.find({plan.endpoint, plan.revision});
      if (place == placed_.end() || !evidence_.contains(place->second.first)) continue;
      rollout::Evidence counted;
      counted.steps.push_back(
          {place->second.second, std::move(plan.candidate), std::move(plan.stable), std::move(plan.pairs), {}});
      settling_.add(place->second, plan.units);
      if (has_faults(counted.steps.back().candidate)) faulty_.insert(place->second.first);
      Asides& asides = asides_[place->second.first];
      asides.dropped_copies += plan.dropped_copies;
      asides.fallbacks += plan.fallbacks;
      const Status merged = evidence_.at(place->second.first).add(counted);
      MODELYARD_CHECK(merged.has_value(), "counts of loops have no metrics and no bins");
      unkept_.insert(place->second.first);
    }
  }
}

void RolloutDriver::count_settled_units() {
  const auto settled = std::chrono::floor<std::chrono::seconds>(parts_.clock.utc_now()) - kSettledAfter;
  for (const auto& [place, units] : settling_.take(settled)) {
    const auto evidence = evidence_.find(place.first);
    if (evidence == evidence_.end()) continue;
    step_of(evidence->second.all(), place.second).units.merge(units);
    unkept_.insert(place.first);
  }
}

Result<rollout::Look> RolloutDriver::see(const Live& live, const lifecycle::LifecycleStatus& status) {
  const auto& [rollout, endpoint] = live;
  rollout::Look look;
  look.now = parts_.clock.utc_now();
  set_readiness(rollout, status, look);
  const auto serving = std::ranges::find(status.endpoints, endpoint.name, &lifecycle::EndpointStatus::endpoint);
  look.in_force = serving != status.endpoints.end() && serving->effective_revision == endpoint.plan_revision;
  MODELYARD_ASSIGN(const rollout::WindowedEvidence* evidence, evidence_of(rollout));
  rollout::WindowedEvidence with_labels;
  if (const auto labelled = labelled_.find(rollout.record.id); labelled != labelled_.end()) {
    with_labels = *evidence;
    MODELYARD_TRY(merge(with_labels.all(), labelled->second));
    evidence = &with_labels;
  }
  rollout::see_evidence(rollout.spec, rollout.state, rollout.gates, *evidence, look);
  if (evidence != &with_labels) look.unasked = judged_by_labels(rollout.spec, rollout.gates);
  rollout::see_signals(rollout.spec, rollout.state, rollout.gates, parts_.signals(rollout.record.id), look);
  return look;
}

void RolloutDriver::follow(const Rollout& rollout, const rollout::Look& look) {
  const int weight = rollout::traffic_of(rollout.spec, rollout.state).candidate_weight;
  rollout::Courses& courses = courses_[rollout.record.id];
  bool has_news = courses.add(look.now, weight, rollout.gates, look.verdicts);
  if (rollout.reward) has_news |= courses.add(look.now, weight, std::span(&*rollout.reward, 1), look.verdicts);
  if (has_news) unkept_.insert(rollout.record.id);
}

// Before anything is decided by it.
Status RolloutDriver::keep_evidence(std::int64_t id) {
  if (!unkept_.contains(id)) return ok();
  MODELYARD_TRY(parts_.catalog.keep_rollout_evidence(id, text_of_kept({evidence_.at(id), courses_.at(id)})));
  unkept_.erase(id);
  return ok();
}

Status RolloutDriver::look_at(const Live& live, const lifecycle::LifecycleStatus& status) {
  const Rollout& rollout = live.rollout;
  const std::int64_t id = rollout.record.id;
  const UtcTime now = parts_.clock.utc_now();
  const auto step = rollout::counted_step(rollout.spec, rollout.state);
  drawn_up_.live.push_back({id, rollout.record.endpoint, rollout.candidate(),
                            std::string(rollout::phase_name(rollout.state.phase)),
                            rollout::traffic_of(rollout.spec, rollout.state).candidate_weight,
                            step ? rollout::candidate_requests(evidence_.at(id).all(), *step) : 0,
                            asides_[id].dropped_copies, asides_[id].fallbacks});
  const auto pause = faulty_.contains(id) ? std::min<std::chrono::milliseconds>(kFaultPause, rollout.spec.tick)
                                          : std::chrono::milliseconds(rollout.spec.tick);
  if (const auto looked = looked_.find(id); looked != looked_.end() && now - looked->second < pause) return ok();
  looked_[id] = now;
  faulty_.erase(id);
  MODELYARD_ASSIGN(const rollout::Look look, see(live, status));
  follow(rollout, look);
  MODELYARD_TRY(keep_evidence(id));
  const rollout::Decision decision = rollout::advance(rollout.spec, rollout.state, look);
  verdicts_[id] = decision.next.verdicts;
  if (!decision.changed) return ok();
  return keep(rollout, decision.next, {fmt::format("rollout {}", id)},
              fmt::format("rollout.{}", rollout::phase_name(decision.next.phase)));
}

Status RolloutDriver::keep(const Rollout& before, const rollout::RolloutState& next, const Actor& actor,
                           std::string_view action) {
  Rollout after = before;
  after.state = next;
  const std::string plan = rollout::to_json(plan_of(after)).dump();
  const bool moves = plan != rollout::to_json(plan_of(before)).dump();
  const registry::AuditNote note{actor.name,
                                 std::string(action),
                                 before.record.endpoint,
                                 {{"rollout", before.record.id}, {"reason", next.reason}}};
  const auto write = [&](registry::CatalogWriter& writer) -> Status {
    MODELYARD_TRY(writer.set_rollout_state(before.record.id, rollout::to_json(next).dump(), is_live(next)));
    if (moves) MODELYARD_TRY(writer.set_plan(before.record.endpoint, plan, next.reason));
    return writer.add_event(
        fmt::format("rollout_{}", rollout::phase_name(next.phase)), before.candidate(),
        fmt::format("rollout {} of endpoint '{}': {}", before.record.id, before.record.endpoint, next.reason));
  };
  MODELYARD_ASSIGN(const registry::Revision revision, parts_.catalog.transact(note, write));
  if (moves) place(after, revision);
  parts_.on_change(after);
  if (is_live(next)) return ok();
  if (next.ending) ++drawn_up_.ended[std::string(rollout::ending_name(*next.ending))];
  evidence_.erase(before.record.id);
  labelled_.erase(before.record.id);
  asides_.erase(before.record.id);
  courses_.erase(before.record.id);
  verdicts_.erase(before.record.id);
  looked_.erase(before.record.id);
  faulty_.erase(before.record.id);
  settling_.forget(before.record.id);
  std::erase_if(placed_, [&](const auto& placed) { return placed.second.first == before.record.id; });
  return ok();
}

Result<Rollout> RolloutDriver::begin(const std::string& endpoint, const Json& document, const Actor& actor) {
  MODELYARD_ASSIGN(const rollout::RolloutSpec spec, read_rollout_spec(document, parts_.signal_sources));
  std::int64_t id = 0;
  const registry::AuditNote note{actor.name, "rollout.begin", endpoint, {{"candidate", spec.candidate}}};
  {
    MutexLock lock(mutex_);
    MODELYARD_TRY(parts_.catalog.transact(note, [&](registry::CatalogWriter& writer) -> Status {
      MODELYARD_ASSIGN(id, add_rollout(writer, endpoint, spec, parts_.clock.utc_now(), actor.name));
      return ok();
    }));
  }
  wake_.notify_all();
  return find(id);
}

Result<Rollout> RolloutDriver::command(std::int64_t id, rollout::Command command, const std::string& reason,
                                       const Actor& actor) {
  {
    MutexLock lock(mutex_);
    registry::RolloutRecord record;
    MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
      MODELYARD_ASSIGN(record, reader.rollout(id));
      return ok();
    }));
    MODELYARD_ASSIGN(const Rollout rollout, parse_rollout(std::move(record)));
    MODELYARD_ASSIGN(
        const rollout::Decision decision,
        rollout::command(rollout.spec, rollout.state, {command, actor.name, reason, parts_.clock.utc_now()}));
    MODELYARD_TRY(keep(rollout, decision.next, actor, fmt::format("rollout.{}", rollout::command_name(command))));
  }
  wake_.notify_all();
  return find(id);
}

Result<Rollout> RolloutDriver::find(std::int64_t id) {
  registry::RolloutRecord record;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(record, reader.rollout(id));
    return ok();
  }));
  MODELYARD_ASSIGN(Rollout rollout, parse_rollout(std::move(record)));
  MutexLock lock(mutex_);
  if (const auto seen = verdicts_.find(id); seen != verdicts_.end()) rollout.state.verdicts = seen->second;
  return rollout;
}

Result<std::vector<Rollout>> RolloutDriver::list(const std::string& endpoint) {
  std::vector<registry::RolloutRecord> records;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(records, reader.rollouts(endpoint));
    return ok();
  }));
  std::vector<Rollout> rollouts;
  for (registry::RolloutRecord& record : records) {
    MODELYARD_ASSIGN(auto rollout, parse_rollout(std::move(record)));
    rollouts.push_back(std::move(rollout));
  }
  return rollouts;
}

Result<Json> RolloutDriver::report(std::int64_t id) {
  std::string kept;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(kept, reader.rollout_evidence(id));
    return ok();
  }));
  MODELYARD_ASSIGN(const Rollout rollout, find(id));
  MODELYARD_ASSIGN(const KeptEvidence evidence, parse_kept_evidence(kept));
  return report_rollout(rollout, evidence);
}

Result<std::vector<Rollout>> RolloutDriver::live() {
  MutexLock lock(mutex_);
  Status of_single_ones;
  MODELYARD_TRY(read_live(of_single_ones));
  std::vector<Rollout> rollouts;
  for (const Live& one : live_) rollouts.push_back(one.rollout);
  return rollouts;
}

void RolloutDriver::set_labelled(std::int64_t id, std::optional<rollout::Evidence> labelled) {
  MutexLock lock(mutex_);
  if (!labelled) labelled_.erase(id);
  if (labelled && evidence_.contains(id)) labelled_[id] = *std::move(labelled);
}

Status RolloutDriver::add_values(std::int64_t id, const rollout::Evidence& values) {
  MutexLock lock(mutex_);
  Status of_single_ones;
  MODELYARD_TRY(read_live(of_single_ones));
  const auto one = std::ranges::find_if(live_, [&](const Live& live) { return live.rollout.record.id == id; });
  if (one == live_.end()) return error(Code::kFailedPrecondition, "rollout {} is over", id);
  MODELYARD_ASSIGN(rollout::WindowedEvidence* const evidence, evidence_of(one->rollout));
  rollout::WindowedEvidence with_values = *evidence;
  with_values.move_to(one->rollout.gates, one->rollout.state.started, parts_.clock.utc_now());
  MODELYARD_TRY(with_values.add(values));
  std::swap(*evidence, with_values);
  unkept_.insert(id);
  const Status kept = keep_evidence(id);
  if (!kept) std::swap(*evidence, with_values);
  return kept;
}

RolloutFigures RolloutDriver::figures() {
  MutexLock lock(figures_mutex_);
  return figures_;
}

}  // namespace modelyard::control
