// ServingTable is the immutable snapshot that requests are routed by: traffic plans in effect and the versions that
// are ready, of one moment (docs/adr/0003).
//
// Readers: every event loop keeps its own reference and replaces it between turns when the generation has changed; by
//          that it acknowledges the newer one. A version is unloaded when every reader has.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/snapshot.h"
#include "lifecycle/scheduling.h"
#include "lifecycle/servable.h"
#include "rollout/traffic_plan.h"

namespace modelyard::lifecycle {

struct EndpointEntry {
  rollout::TrafficPlan plan;
  std::shared_ptr<EndpointSettings> settings;  // null: the defaults
};

struct ModelEntry {
  std::map<VersionNumber, std::shared_ptr<Servable>> ready;
  std::map<VersionNumber, std::string> not_ready;  // known here, not to be used now: why
  std::map<std::string, VersionNumber, std::less<>> aliases;
};

struct ServingTable {
  std::map<std::string, EndpointEntry, std::less<>> endpoints;
  std::map<std::string, ModelEntry, std::less<>> models;
  std::map<std::string, std::string, std::less<>> waiting;  // endpoints whose first plan is not in effect: why
};

// One reader's place in the roll. Written by the reader, read by the reconciler.
class alignas(64) TableReader {
 public:
  explicit TableReader(std::function<void()> wake) : wake_(std::move(wake)) {}
  void acknowledge(std::uint64_t generation) { acknowledged_.store(generation, std::memory_order_release); }
  std::uint64_t acknowledged() const { return acknowledged_.load(std::memory_order_acquire); }
  void wake() const { wake_(); }

 private:
  std::atomic<std::uint64_t> acknowledged_{0};
  const std::function<void()> wake_;
};

// The table and those who read it. Readers are added before the reconciler starts and outlive it.
class PublishedTable {
 public:
  PublishedTable() : snapshot_(std::make_shared<const ServingTable>()) {}

  TableReader& add_reader(std::function<void()> wake) {
    readers_.push_back(std::make_unique<TableReader>(std::move(wake)));
    return *readers_.back();
  }
  const Snapshot<ServingTable>& snapshot() const { return snapshot_; }

  std::uint64_t publish(std::shared_ptr<const ServingTable> table) {
    const std::uint64_t generation = snapshot_.publish(std::move(table));
    for (const auto& reader : readers_) reader->wake();
    return generation;
  }
  bool acknowledged(std::uint64_t generation) const {
    for (const auto& reader : readers_) {
      if (reader->acknowledged() < generation) return false;
    }
    return true;
  }

 private:
  Snapshot<ServingTable> snapshot_;
  std::vector<std::unique_ptr<TableReader>> readers_;
};

}  // namespace modelyard::lifecycle
