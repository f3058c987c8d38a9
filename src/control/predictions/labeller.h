// Labeller takes labels in: it finds the predictions that they are meant for, refuses what cannot be right, and has the
// rest kept.
//
// A value of CSV has no type: the endpoint says what it means (label_types.h).
// A label of an id that the journal does not know (yet) is kept when it names its endpoint: it is joined when its
// prediction is there.
// Durability: what is not in `refusals` is on disk when put() has answered.
// Errors:     of the journal and the store; labels of an endpoint are kept all or not at all then.
// Threads:    blocking, any.
#pragma once

#include <functional>

#include "control/predictions/label_types.h"
#include "journal/ground_truth/label_store.h"
#include "journal/journal.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct LabelRefusal {
  std::size_t line = 0;
  std::string reason;
};

struct LabelReport {
  static constexpr std::size_t kMostRefusals = 100;  // that are listed

  std::uint64_t received = 0;
  journal::LabelTally kept;
  std::uint64_t waiting = 0;  // of those that are kept: their predictions are not in the journal
  std::uint64_t by_unit = 0;  // likewise: their predictions are looked for when metrics are computed
  std::uint64_t refused = 0;
  std::vector<LabelRefusal> refusals;
};

class Labeller {
 public:
  Labeller(registry::Catalog& catalog, journal::Journal& journal, journal::LabelStore& store, const Clock& clock)
      : catalog_(catalog), journal_(journal), store_(store), clock_(clock) {}

  // `may` says whether the caller may label predictions of an endpoint.
  using May = std::function<bool(const std::string& endpoint)>;
  Result<LabelReport> put(std::vector<journal::GivenLabel> labels, const std::string& principal, const May& may);

 private:
  std::vector<journal::DecisionRecord> find_predictions(const std::vector<journal::GivenLabel>& labels);
  Result<bool> is_endpoint(const std::string& name);
  Result<LabelTypes> types_of(const std::string& endpoint);

  registry::Catalog& catalog_;
  journal::Journal& journal_;
  journal::LabelStore& store_;
  const Clock& clock_;
};

Json to_json(const LabelReport& report);

}  // namespace modelyard::control
