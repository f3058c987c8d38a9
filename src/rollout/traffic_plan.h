// TrafficPlan says which versions of a model answer an endpoint's requests, and with which shares. It is
// immutable: a change makes a new revision.
//
// Units:   shares, and slices of layers, are parts of 10,000; the shares of the versions that answer sum to it.
// Threads: a value.
// Errors:  InvalidArgument naming the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/names.h"
#include "base/result.h"

namespace modelyard::rollout {

inline constexpr int kWhole = 10'000;
inline constexpr std::size_t kLongestKey = 256;    // names of headers, salts, values
inline constexpr std::size_t kMostOverrides = 64;  // each is looked at by every request
inline constexpr std::size_t kMostVersions = 16;   // that answer, and that do not

struct Share {
  VersionNumber version = 0;
  int weight = 0;  // 1..10,000

  friend bool operator==(const Share&, const Share&) = default;
};

// A copy of so many requests goes to a version whose answers nobody sees.
struct Shadow {
  VersionNumber version = 0;
  int share = 0;             // 1..10,000
  double tolerance = 0.001;  // relative, of numbers that are to be alike: 0..1

  friend bool operator==(const Shadow&, const Shadow&) = default;
};

enum class KeyKind { kNone, kHeader, kPrincipal };

// What of a request names something: in documents "none", "principal", or "header:NAME", which is a metadata key in gRPC.
struct RequestKey {
  KeyKind by = KeyKind::kHeader;
  std::string header = "Modelyard-Unit";

  friend bool operator==(const RequestKey&, const RequestKey&) = default;
};
Result<RequestKey> parse_request_key(std::string_view text);
std::string to_text(const RequestKey& key);

// Requests whose key has this value go to this version, which answers them as soon as it is ready.
struct Override {
  RequestKey key;
  std::string value;
  VersionNumber version = 0;

  friend bool operator==(const Override&, const Override&) = default;
};

// Plans with disjoint slices of a layer never have a unit in common; all others answer by their stable version.
struct Layer {
  std::string name;
  int from = 0;  // this part, and all below `to`
  int to = kWhole;

  double width() const { return static_cast<double>(to - from) / kWhole; }  // as a share

  friend bool operator==(const Layer&, const Layer&) = default;
};

enum class Arm : std::uint8_t {
  kNone,  // no rollout is under way
  kStable,
  kCandidate,
};
std::string_view arm_name(Arm arm);  // "", "stable", "candidate"

struct TrafficPlan {
  std::string endpoint;
  std::string model;
  std::int64_t revision = 0;  // given by the catalog
  std::vector<Share> shares;  // by version, ascending
  VersionNumber stable = 0;   // of a rollout that is under way; 0: there is none
  std::string salt;           // of assignment: the rollout's own, so that rollouts are independent of one another
  RequestKey sticky;
  std::vector<Override> overrides;  // the first that fits decides
  std::vector<Shadow> shadows;
  std::vector<VersionNumber> warm;  // kept ready without requests; nothing waits for them
  std::optional<Layer> layer;       // of a rollout
  bool falls_back = false;          // the stable version answers what a candidate failed to

  friend bool operator==(const TrafficPlan&, const TrafficPlan&) = default;
};

// All traffic to one version.
TrafficPlan whole_to(std::string endpoint, std::string model, VersionNumber version);

Status validate(const TrafficPlan& plan);

// All that are to be loaded for it, those that answer first.
std::vector<VersionNumber> versions_of(const TrafficPlan& plan);

// {"shares":[{"version":1,"weight":10000}]} and, as far as they are said: "stable", "salt", "sticky", "overrides":
// [{"key","value","version"}], "shadows": [{"version","share","tolerance"}], "warm": [1], "layer": {"name","from","to"},
// "falls_back". What the catalog keeps of a revision.
Json to_json(const TrafficPlan& plan);
Result<TrafficPlan> parse_traffic_plan(const Json& value, std::string endpoint, std::string model,
                                       std::int64_t revision);

}  // namespace modelyard::rollout
