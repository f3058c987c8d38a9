#include "backend/onnx/engine_message.h"

#include <algorithm>

namespace modelyard::backend {
namespace {

// Behind "Load model from PATH failed:".
std::string_view without_path(std::string_view words) {
  constexpr std::string_view kFailed = " failed:";
  const auto end = words.find(kFailed);
  return words.starts_with("Load model from ") && end != std::string_view::npos ? words.substr(end + kFailed.size())
                                                                                : words;
}

// Behind "/src/file.cc:12 void ns::(anonymous namespace)::function(const T&) const ".
std::string_view without_function(std::string_view words) {
  if (!words.starts_with('/')) return words;
  const auto place = words.find(' ');
  auto at = words.find('(', place);
  while (at != std::string_view::npos) {
    int depth = 0;
    for (; at < words.size(); ++at) {
      depth += words[at] == '(' ? 1 : words[at] == ')' ? -1 : 0;
      if (depth == 0) break;
    }
    if (at + 1 >= words.size()) return words;
    if (words.substr(at + 1, 2) != "::") break;
    at = words.find('(', at + 1);
  }
  if (at == std::string_view::npos) return words;
  std::string_view rest = words.substr(at + 1);
  if (rest.starts_with(" const ")) rest.remove_prefix(6);
  if (rest.starts_with(" [with ")) rest = rest.substr(std::min(rest.size(), rest.find(']') + 1));
  return rest.starts_with(' ') && rest.size() > 1 ? rest.substr(1) : words;
}

std::string_view advice_for(std::string_view words) {
  if (words.find("locale") != std::string_view::npos) {
    return "; convert the text model with the locale \"C\" (skl2onnx: options={TfidfVectorizer: "
           "{\"locale\": \"C\"}}), or install the locale on this machine";
  }
  if (words.find("Protobuf parsing failed") != std::string_view::npos) {
    return "; the file is damaged or not an ONNX model";
  }
  if (words.find("is not a registered function/op") != std::string_view::npos) {
    return "; the model uses an operator that this engine does not have";
  }
  return "";
}

}  // namespace

std::string plain_message(std::string_view words) {
  std::string line;
  for (const char c : without_function(without_path(words))) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  line += advice_for(words);
  return line;
}

}  // namespace modelyard::backend
