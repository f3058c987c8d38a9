#include "app/configuration/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <set>
#include <sstream>

#include "base/directory.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kMostBytes = 1u << 20;
constexpr int kMostDepth = 32;

// Refuses anchors while events come in, before any tree is built.
class AnchorRefusal final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    refuse(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    enter(mark, anchor);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    enter(mark, anchor);
  }
  void OnMapEnd() override { --depth_; }

 private:
  static void refuse(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw YAML::ParserException(mark, "anchors are not supported");
  }
  void enter(const YAML::Mark& mark, YAML::anchor_t anchor) {
    refuse(mark, anchor);
    if (++depth_ > kMostDepth) throw YAML::ParserException(mark, "nested too deeply");
  }

  int depth_ = 0;
};

Error at(std::string_view file_name, const YAML::Mark& mark, std::string_view problem) {
  return error(Code::kInvalidArgument, "{}:{}:{}: {}", file_name, mark.line + 1, mark.column + 1, problem);
}

Result<YAML::Node> parse(std::string_view text, std::string_view file_name) {
  if (text.size() > kMostBytes) {
    return error(Code::kInvalidArgument, "{}: longer than {} bytes", file_name, kMostBytes);
  }
  try {
    const std::string copy(text);
    std::stringstream events(copy);
    YAML::Parser parser(events);
    AnchorRefusal refusal;
    if (parser.HandleNextDocument(refusal) && parser.HandleNextDocument(refusal)) {
      return error(Code::kInvalidArgument, "{}: more than one document", file_name);
    }
    return YAML::Load(copy);
  } catch (const YAML::Exception& e) {
    return at(file_name, e.mark, e.msg);
  }
}

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  std::int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (auto r = std::from_chars(text.data(), end, integer); r.ec == std::errc{} && r.ptr == end) return integer;
  double number = 0;
  if (auto r = std::from_chars(text.data(), end, number); r.ec == std::errc{} && r.ptr == end) return number;
  return text;
}

// Depth was bounded by AnchorRefusal.
Result<Json> to_json(const YAML::Node& node, std::string_view file_name) {
  if (node.IsNull() || !node.IsDefined()) return Json(nullptr);
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& child : node) {
      MODELYARD_ASSIGN(Json value, to_json(child, file_name));
      list.push_back(std::move(value));
    }
    return list;
  }
  Json object = Json::object();
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return at(file_name, entry.first.Mark(), "a key must be text");
    const std::string key = entry.first.Scalar();
    if (object.contains(key)) return at(file_name, entry.first.Mark(), fmt::format("'{}' stands twice", key));
    MODELYARD_ASSIGN(object[key], to_json(entry.second, file_name));
  }
  return object;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> read_yaml_entries(std::string_view text,
                                                                           std::string_view file_name) {
  std::vector<std::pair<std::string, std::string>> entries;
  MODELYARD_ASSIGN(const YAML::Node root, parse(text, file_name));
  if (root.IsNull() || !root.IsDefined()) return entries;
  if (!root.IsMap()) return at(file_name, root.Mark(), "expected lines like 'listen: 127.0.0.1:8080'");
  std::set<std::string> seen;
  for (const auto& entry : root) {
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
      return at(file_name, entry.first.Mark(), "a setting has one plain value");
    }
    if (!seen.insert(entry.first.Scalar()).second) {
      return at(file_name, entry.first.Mark(), fmt::format("'{}' stands twice", entry.first.Scalar()));
    }
    entries.emplace_back(entry.first.Scalar(), entry.second.Scalar());
  }
  return entries;
}

Result<Json> read_yaml_document(std::string_view text, std::string_view file_name) {
  MODELYARD_ASSIGN(const YAML::Node root, parse(text, file_name));
  return to_json(root, file_name);
}

Result<Json> read_yaml_list(const std::string& path) {
  if (path.empty()) return Json(nullptr);
  MODELYARD_ASSIGN(const std::string text, read_file(path, kMostBytes));
  return read_yaml_document(text, path);
}

}  // namespace modelyard::app
