#include "security/access.h"

namespace modelyard::security {

Status decide(const Caller& caller, const Access& access, std::string_view model) {
  if (access.scope == Access::Scope::kOpen) return ok();
  if (!caller) {
    return error(
        Code::kUnauthenticated,
        "this server answers known callers only: send a live API key in the header 'Authorization: Bearer KEY'");
  }
  if (!caller->verbs().has_any(access.any_of)) {
    return error(Code::kPermissionDenied, "'{}' may not do this: it needs the verb {}, and has {}", caller->name(),
                 access.any_of.text(), caller->verbs().text());
  }
  if (caller->models().is_every() || access.scope == Access::Scope::kServer) return ok();
  if (access.scope == Access::Scope::kEveryModel) {
    return error(Code::kPermissionDenied, "'{}' may not do this: it concerns every model, and the key is for {}",
                 caller->name(), caller->models().text());
  }
  if (model.empty() || caller->models().fits(model)) return ok();
  return error(Code::kPermissionDenied, "'{}' may not do this for '{}': the key is for {}", caller->name(), model,
               caller->models().text());
}

}  // namespace modelyard::security
