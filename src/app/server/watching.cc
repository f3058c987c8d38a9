#include "app/server/watching.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <future>

#include "app/configuration/yaml_document.h"

namespace modelyard::app {
namespace {

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

void Watching::start() {
  notifier_->start();
  watcher_->start();
}

void Watching::stop() {
  watcher_->stop();
  notifier_->stop();
}

Result<std::unique_ptr<Watching>> Watching::open(const Configuration& configuration, const Parts& parts) {
  std::unique_ptr<Watching> watching(new Watching(parts));
  const std::string& data = configuration.text("data");
  const double budget = static_cast<double>(configuration.integer("profile_cpu_percent")) / 100;
  for (std::size_t i = 0; i < parts.http.loops(); ++i) {
    auto& profiler = watching->profilers_.emplace_back(std::make_unique<monitoring::LiveProfiler>(budget, parts.clock));
    watching->taps_.push_back(std::make_unique<ProfileTap>(*profiler));
  }
  const auto most_bytes = static_cast<std::uint64_t>(configuration.integer("profiles_max_bytes"));
  const auto window = std::chrono::seconds(configuration.integer("profile_window_seconds"));
  MODELYARD_ASSIGN(watching->store_, monitoring::ProfileStore::open(data + "/profiles.db", window, most_bytes));
  MODELYARD_ASSIGN(watching->alerts_, control::AlertKeeper::open(data + "/alerts.db", parts.clock));
  MODELYARD_ASSIGN(const Json listed, read_yaml_list(configuration.text("alert_sinks")));
  MODELYARD_ASSIGN(auto sinks, parse_alert_sinks(listed));
  const NotifierOptions options{std::move(sinks), {host_name(), configuration.text("public_url"), ""}};
  MODELYARD_ASSIGN(watching->notifier_, Notifier::open(*watching->alerts_, options, parts.clock, parts.log));
  watching->judge_ = std::make_unique<control::MonitorJudge>(control::MonitorJudge::Sources{
      parts.catalog, *watching->store_, watching->references_, parts.evaluator, parts.labels, window, parts.payloads});
  watching->watcher_ = std::make_unique<control::Watcher>(
      control::Watcher::Parts{parts.catalog, *watching->store_, *watching->judge_, *watching->alerts_,
                              [raw = watching.get()] { return raw->take(); },
                              [raw = watching.get()] { raw->notifier_->wake(); }, parts.log, parts.clock},
      window);
  return watching;
}

std::uint64_t Watching::left_out() const {
  std::uint64_t predictions = 0;
  for (const auto& profiler : profilers_) predictions += profiler->left_out();
  return predictions;
}

std::vector<monitoring::StreamProfile> Watching::take() {
  std::vector<std::future<std::vector<monitoring::StreamProfile>>> answers;
  for (std::size_t i = 0; i < profilers_.size(); ++i) {
    std::promise<std::vector<monitoring::StreamProfile>> promise;
    answers.push_back(promise.get_future());
    http_.loop(i).post([profiler = profilers_[i].get(), promise = std::move(promise)]() mutable {
      promise.set_value(profiler->take());
    });
  }
  std::vector<monitoring::StreamProfile> together;
  for (auto& answer : answers) {
    for (monitoring::StreamProfile& profile : answer.get()) {
      const auto same = std::ranges::find_if(together, [&](const monitoring::StreamProfile& other) {
        return other.endpoint == profile.endpoint && other.version == profile.version;
      });
      same == together.end() ? void(together.push_back(std::move(profile))) : merge(same->window, profile.window);
    }
  }
  return together;
}

}  // namespace modelyard::app
