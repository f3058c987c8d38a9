// The one decision: whether a caller may do what a route, method or message asks.
//
// It is asked twice where a name comes late: for caller and verb on the head, before any body is read, and for the
// model as soon as its name is known.
// Errors:  Unauthenticated for nobody, PermissionDenied naming the verb or the model that is missing.
// Threads: pure.
#pragma once

#include "security/grant.h"

namespace modelyard::security {

struct Access {
  enum class Scope {
    kOpen,        // probes: nobody is asked
    kServer,      // about no model
    kModel,       // about one model, which the path or the message names
    kEveryModel,  // about all models at once, or about what belongs to none of them
  };
  Scope scope = Scope::kEveryModel;
  VerbSet any_of = Verb::kAdmin;  // one of these is enough

  static constexpr Access open() { return {Scope::kOpen, {}}; }
  static constexpr Access server(VerbSet any_of) { return {Scope::kServer, any_of}; }
  static constexpr Access model(VerbSet any_of) { return {Scope::kModel, any_of}; }
  static constexpr Access every_model(VerbSet any_of) { return {Scope::kEveryModel, any_of}; }
};

// `model` is "" while its name is not known.
Status decide(const Caller& caller, const Access& access, std::string_view model = {});

}  // namespace modelyard::security
