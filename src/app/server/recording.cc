#include "app/server/recording.h"

namespace modelyard::app {

Recording::Recording(const Configuration& configuration, Parts parts)
    : parts_(std::move(parts)), label_days_(configuration.integer("ground_truth_max_age_days")) {}

Result<std::unique_ptr<Recording>> Recording::open(const Configuration& configuration, Parts parts) {
  std::unique_ptr<Recording> recording(new Recording(configuration, std::move(parts)));
  MODELYARD_TRY(recording->open_journals(configuration));
  const Parts& own = recording->parts_;
  MODELYARD_ASSIGN(recording->labels_,
                   journal::LabelStore::open(configuration.text("data") + "/ground-truth.db", own.clock));
  recording->labeller_ =
      std::make_unique<control::Labeller>(own.catalog, *recording->journal_, *recording->labels_, own.clock);
  recording->evaluator_ = std::make_unique<control::Evaluator>(own.catalog, *recording->journal_, *recording->payloads_,
                                                               *recording->labels_);
  for (std::size_t i = 0; i < own.http.loops(); ++i) {
    recording->taps_.push_back(std::make_unique<JournalTap>(*recording->journal_, *recording->payloads_, own.cpu, i));
  }
  return recording;
}

Status Recording::open_journals(const Configuration& configuration) {
  MODELYARD_ASSIGN(control::KeepingOfAll keeping, read_keeping());
  journal::JournalOptions options;
  options.folder = configuration.text("data") + "/journal";
  options.loops = parts_.http.loops();
  options.durability = *journal::parse_durability(configuration.text("journal_durability"));
  options.bounds.most_bytes = static_cast<std::uint64_t>(configuration.integer("journal_max_bytes"));
  options.bounds.most_age = std::chrono::days(configuration.integer("journal_max_age_days"));
  options.keeping = std::move(keeping.records);
  options.on_kept = [this](std::size_t loop, std::uint64_t position, bool kept) {
    const auto records = kept ? serving::Dispatcher::Records::kKept : serving::Dispatcher::Records::kLost;
    parts_.http.loop(loop).post([this, loop, position, records] { parts_.release(loop, position, records); });
  };
  MODELYARD_ASSIGN(journal_, journal::Journal::open(std::move(options), parts_.log, parts_.clock));
  journal::PayloadOptions payload_options;
  payload_options.folder = configuration.text("data") + "/journal";
  payload_options.loops = parts_.http.loops();
  payload_options.bounds.most_bytes = static_cast<std::uint64_t>(configuration.integer("capture_max_bytes"));
  payload_options.bounds.most_age = std::chrono::days(configuration.integer("capture_max_age_days"));
  payload_options.keeping = std::move(keeping.payloads);
  MODELYARD_ASSIGN(payloads_, journal::PayloadJournal::open(std::move(payload_options), parts_.log, parts_.clock));
  return ok();
}

Result<control::KeepingOfAll> Recording::read_keeping() {
  control::KeepingOfAll keeping;
  MODELYARD_TRY(parts_.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(keeping, control::read_keeping(reader));
    return ok();
  }));
  return keeping;
}

void Recording::catalog_changed() {
  MutexLock lock(keeping_mutex_);  // over the reading, so that what was read last is what is kept to
  auto keeping = read_keeping();
  if (!keeping) return parts_.log.error("retention was not read again", {{"error", keeping.error().message()}});
  journal_->keep(std::move(keeping->records));
  payloads_->keep(std::move(keeping->payloads));
}

void Recording::remove_old_labels() {
  if (label_days_.count() == 0) return;
  const auto keeping = read_keeping();
  if (!keeping) return parts_.log.error("old labels were not removed", {{"error", keeping.error().message()}});
  std::vector<std::string> held;
  for (const auto& [endpoint, own] : keeping->records) {
    if (own.hold) held.push_back(endpoint);
  }
  const auto removed = labels_->remove_before(parts_.clock.utc_now() - label_days_, held);
  if (!removed) return parts_.log.error("old labels were not removed", {{"error", removed.error().message()}});
  if (*removed > 0) parts_.log.info("old labels were removed", {{"labels", *removed}, {"days", label_days_.count()}});
}

void Recording::end_turn(std::size_t loop) {
  journal_->end_turn(loop);
  payloads_->end_turn(loop);
}

void Recording::stop() {
  journal_->stop();
  payloads_->stop();
}

}  // namespace modelyard::app
