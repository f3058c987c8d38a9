// FakeSource says what a test wants served; version k of any model lies in the folder "k", for FakeBackend.
#pragma once

#include "backend/api/fake_backend.h"
#include "base/mutex.h"
#include "lifecycle/source.h"

namespace modelyard::lifecycle {

class FakeSource final : public Source {
 public:
  void want(DesiredState desired) {
    std::function<void()> changed;
    {
      MutexLock lock(mutex_);
      desired_ = std::make_shared<const DesiredState>(std::move(desired));
      changed = changed_;
    }
    if (changed) changed();
  }
  // All traffic of one endpoint to one version.
  void deploy(const std::string& endpoint, VersionNumber version, std::int64_t revision) {
    DesiredState desired;
    desired.revision = revision;
    desired.plans.push_back(rollout::whole_to(endpoint, endpoint, version));
    desired.plans.back().revision = revision;
    want(std::move(desired));
  }
  // Samples that every version must reproduce.
  void set_golden(std::function<Golden()> make) {
    MutexLock lock(mutex_);
    make_golden_ = std::move(make);
  }

  void set_file_bytes(std::int64_t bytes) {
    MutexLock lock(mutex_);
    file_bytes_ = bytes;
  }

  Result<std::shared_ptr<const DesiredState>> desired(std::span<const VersionRef>) override {
    MutexLock lock(mutex_);
    return desired_;
  }
  Result<Artifact> fetch(const VersionRef& version) override {
    MutexLock lock(mutex_);
    Artifact artifact{std::to_string(version.version),   "fake", file_bytes_,
                      backend::FakeBackend::signature(), {},     nullptr};
    if (make_golden_) artifact.golden = make_golden_();
    return artifact;
  }
  void subscribe(std::function<void()> changed) override {
    MutexLock lock(mutex_);
    changed_ = std::move(changed);
  }
  void unsubscribe() override {
    MutexLock lock(mutex_);
    changed_ = nullptr;
  }

 private:
  Mutex mutex_;
  std::shared_ptr<const DesiredState> desired_ MODELYARD_GUARDED_BY(mutex_) = std::make_shared<const DesiredState>();
  std::int64_t file_bytes_ MODELYARD_GUARDED_BY(mutex_) = 0;
  std::function<Golden()> make_golden_ MODELYARD_GUARDED_BY(mutex_);
  std::function<void()> changed_ MODELYARD_GUARDED_BY(mutex_);
};

}  // namespace modelyard::lifecycle
