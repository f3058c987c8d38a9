#include "rollout/gates/signal_query.h"

namespace modelyard::rollout {
namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '"' || c == '\'') result += '\\';
    result += c;
  }
  return result;
}

Result<std::string> value_of(std::string_view word, const SignalContext& context) {
  if (word == "candidate") return std::to_string(context.candidate);
  if (word == "stable") return std::to_string(context.stable);
  if (word == "rollout") return std::to_string(context.rollout);
  if (word == "endpoint") return escaped(context.endpoint);
  if (word == "model") return escaped(context.model);
  return error(Code::kInvalidArgument,
               "'{{{{{}}}}}' is not known: write {{{{candidate}}}}, {{{{stable}}}}, {{{{endpoint}}}}, {{{{model}}}} or "
               "{{{{rollout}}}}",
               word);
}

}  // namespace

Result<std::string> fill_query(std::string_view query, const SignalContext& context) {
  constexpr std::string_view kOpen = "{{", kClose = "}}";
  std::string filled;
  for (;;) {
    const std::size_t open = query.find(kOpen);
    filled += query.substr(0, open);
    if (open == query.npos) return filled;
    query.remove_prefix(open + kOpen.size());
    const std::size_t close = query.find(kClose);
    if (close == query.npos) return error(Code::kInvalidArgument, "there is no '}}}}' behind '{{{{'");
    MODELYARD_ASSIGN(const std::string value, value_of(query.substr(0, close), context));
    filled += value;
    query.remove_prefix(close + kClose.size());
  }
}

}  // namespace modelyard::rollout
