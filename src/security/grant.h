// Grant is what one caller may do: verbs, on models whose names fit a pattern, until a moment.
//
// A pattern is a list of names with '*' for any characters: "fraud-*,churn"; "*" is every model.
// Threads: constant, but for last_used(), which any loop may move.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "security/verb.h"

namespace modelyard::security {

class ModelPattern {
 public:
  static Result<ModelPattern> parse(std::string_view text);
  static ModelPattern every() { return ModelPattern({"*"}); }

  bool fits(std::string_view model) const;
  bool is_every() const { return is_every_; }
  std::string text() const;

 private:
  explicit ModelPattern(std::vector<std::string> globs);

  std::vector<std::string> globs_;
  bool is_every_ = false;
};

// The name of whoever shows nothing where nobody is asked.
inline constexpr std::string_view kAnonymous = "anonymous";

class Grant {
 public:
  Grant(std::string name, VerbSet verbs, ModelPattern models, std::optional<UtcTime> expires = std::nullopt)
      : name_(std::move(name)), verbs_(verbs), models_(std::move(models)), expires_(expires) {}

  const std::string& name() const { return name_; }  // as it stands in the audit log
  VerbSet verbs() const { return verbs_; }
  const ModelPattern& models() const { return models_; }
  bool is_over(UtcTime now) const { return expires_ && now >= *expires_; }

  // To the second: a loop writes only when the second has changed, so that loops seldom share the line.
  void note_use(UtcTime now) const;
  std::optional<UtcTime> last_used() const;

 private:
  const std::string name_;
  const VerbSet verbs_;
  const ModelPattern models_;
  const std::optional<UtcTime> expires_;
  mutable std::atomic<std::int64_t> last_used_seconds_{0};
};

// Who asks. Shared: the grant outlives a key that is revoked while its request runs. Null: nobody.
using Caller = std::shared_ptr<const Grant>;

}  // namespace modelyard::security
