#include "security/verb.h"

#include <array>
#include <vector>

#include "base/nearest_name.h"

namespace modelyard::security {
namespace {

constexpr std::array<std::string_view, kVerbs> kNames{"infer",   "read",  "publish", "deploy",
                                                      "payload", "label", "admin"};

Result<Verb> parse_verb(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<Verb>(i);
  }
  const auto nearest = nearest_name(text, std::vector<std::string>(kNames.begin(), kNames.end()));
  return error(Code::kInvalidArgument,
               "unknown verb '{}'{}; verbs are infer, read, publish, deploy, payload, label, admin", text,
               nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

}  // namespace

std::string_view verb_name(Verb verb) {
  return kNames[static_cast<std::size_t>(verb)];
}

Result<VerbSet> VerbSet::parse(std::string_view text) {
  VerbSet set;
  for (;;) {
    const auto comma = text.find(',');
    MODELYARD_ASSIGN(const Verb verb, parse_verb(text.substr(0, comma)));
    set = set | verb;
    if (comma == std::string_view::npos) return set;
    text = text.substr(comma + 1);
  }
}

std::string VerbSet::text() const {
  std::string text;
  for (int i = 0; i < kVerbs; ++i) {
    if ((bits_ & (1u << i)) == 0) continue;
    if (!text.empty()) text += ',';
    text += kNames[static_cast<std::size_t>(i)];
  }
  return text;
}

}  // namespace modelyard::security
