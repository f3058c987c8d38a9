// Verb is what a caller may do. A VerbSet is written "infer,read"; `admin` holds every other verb.
//
// Errors: InvalidArgument for an unknown verb, with the nearest, and for an empty set.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::security {

enum class Verb : std::uint8_t {
  kInfer,    // ask models for answers
  kRead,     // see models, versions, endpoints, status, metrics
  kPublish,  // upload, publish, describe, tag
  kDeploy,   // move aliases and traffic
  kPayload,  // see what predictions were asked and answered, where that is captured
  kLabel,    // say what really happened in the cases that predictions were about
  kAdmin,    // keys, audit, backup, settings of the server
};
inline constexpr int kVerbs = 7;
std::string_view verb_name(Verb verb);

class VerbSet {
 public:
  constexpr VerbSet() = default;
  constexpr VerbSet(Verb verb) : bits_(static_cast<std::uint8_t>(1u << static_cast<unsigned>(verb))) {}
  static constexpr VerbSet all() { return VerbSet(Verb::kAdmin); }
  static Result<VerbSet> parse(std::string_view text);

  constexpr bool has(Verb verb) const { return ((bits_ | implied()) & VerbSet(verb).bits_) != 0; }
  // Whether a verb of `wanted` is held.
  constexpr bool has_any(VerbSet wanted) const { return ((bits_ | implied()) & wanted.bits_) != 0; }
  std::string text() const;

  friend constexpr VerbSet operator|(VerbSet a, VerbSet b) {
    VerbSet both;
    both.bits_ = a.bits_ | b.bits_;
    return both;
  }
  friend constexpr bool operator==(VerbSet, VerbSet) = default;

 private:
  constexpr std::uint8_t implied() const {
    return (bits_ & (1u << static_cast<unsigned>(Verb::kAdmin))) != 0 ? 0xff : 0;
  }

  std::uint8_t bits_ = 0;
};

constexpr VerbSet operator|(Verb a, Verb b) {
  return VerbSet(a) | VerbSet(b);
}

}  // namespace modelyard::security
