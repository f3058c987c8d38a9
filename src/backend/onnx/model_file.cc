#include "backend/onnx/model_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/directory.h"

namespace modelyard::backend {
namespace {

constexpr std::size_t kMaxMessages = 50'000'000;
constexpr std::size_t kMaxDepth = 64;

// Which message a range of bytes holds. Only those that lead to something we look at.
enum class Message { kModel, kOpset, kMetadata, kGraph, kNode, kAttribute, kTensor, kExternal, kFunction };

struct Range {
  Message message;
  std::string_view bytes;
  std::size_t depth;
};

struct Field {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;
  std::uint64_t integer = 0;
  std::string_view bytes;
};

Error damaged() {
  return error(Code::kInvalidArgument, "not an ONNX model, or damaged");
}

// Takes fields off the front of a message.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  Result<Field> next() {
    Field field;
    MODELYARD_ASSIGN(const std::uint64_t key, varint());
    field.number = static_cast<std::uint32_t>(key >> 3);
    field.wire = static_cast<std::uint32_t>(key & 7);
    if (field.number == 0 || key >> 3 > 0x1FFFFFFF) return damaged();
    if (field.wire == 0) {
      MODELYARD_ASSIGN(field.integer, varint());
    } else if (field.wire == 1 || field.wire == 5) {
      MODELYARD_ASSIGN(field.bytes, take(field.wire == 1 ? 8 : 4));
    } else if (field.wire == 2) {
      MODELYARD_ASSIGN(const std::uint64_t size, varint());
      MODELYARD_ASSIGN(field.bytes, take(size));
    } else {
      return damaged();  // groups: never in ONNX
    }
    return field;
  }

 private:
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) return damaged();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return damaged();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return damaged();
  }

  Result<std::string_view> take(std::uint64_t size) {
    if (size > rest_.size()) return damaged();
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

// A field that is itself a message we look into.
struct Child {
  Message parent;
  std::uint32_t number;
  Message child;
};
constexpr std::array kChildren{
    Child{Message::kModel, 7, Message::kGraph},       Child{Message::kModel, 8, Message::kOpset},
    Child{Message::kModel, 14, Message::kMetadata},   Child{Message::kModel, 25, Message::kFunction},
    Child{Message::kGraph, 1, Message::kNode},        Child{Message::kGraph, 5, Message::kTensor},
    Child{Message::kFunction, 7, Message::kNode},     Child{Message::kNode, 5, Message::kAttribute},
    Child{Message::kAttribute, 5, Message::kTensor},  Child{Message::kAttribute, 6, Message::kGraph},
    Child{Message::kAttribute, 10, Message::kTensor}, Child{Message::kAttribute, 11, Message::kGraph},
    Child{Message::kTensor, 13, Message::kExternal},
};

class ModelParser {
 public:
  Result<ModelFile> run(std::string_view bytes) {
    work_.push_back({Message::kModel, bytes, 0});
    while (!work_.empty()) {
      const Range range = work_.back();
      work_.pop_back();
      if (++messages_ > kMaxMessages || range.depth > kMaxDepth) {
        return error(Code::kInvalidArgument, "the ONNX model is nested too deeply or has too many parts");
      }
      MODELYARD_TRY(read(range));
    }
    if (file_.ir_version == 0 || !has_graph_) return damaged();
    file_.external_files.assign(external_.begin(), external_.end());
    return std::move(file_);
  }

 private:
  Status read(const Range& range) {
    std::string first, second;  // key and value, domain and type
    std::int64_t version = 0;
    for (FieldReader reader(range.bytes); !reader.done();) {
      MODELYARD_ASSIGN(const Field field, reader.next());
      const auto child = std::find_if(kChildren.begin(), kChildren.end(), [&](const Child& candidate) {
        return candidate.parent == range.message && candidate.number == field.number;
      });
      if (child != kChildren.end()) {
        if (field.wire != 2) return damaged();
        has_graph_ = has_graph_ || child->child == Message::kGraph;
        work_.push_back({child->child, field.bytes, range.depth + 1});
        continue;
      }
      take(range.message, field, first, second, version);
    }
    finish(range.message, first, second, version);
    return ok();
  }

  void take(Message message, const Field& field, std::string& first, std::string& second, std::int64_t& version) {
    const auto short_text = [&] { return std::string(field.bytes.substr(0, 4096)); };
    if (message == Message::kModel) {
      if (field.number == 1) file_.ir_version = static_cast<std::int64_t>(field.integer);
      if (field.number == 2) file_.producer = short_text();
      if (field.number == 3) file_.producer_version = short_text();
    } else if (message == Message::kOpset) {
      if (field.number == 1) first = short_text();
      if (field.number == 2) version = static_cast<std::int64_t>(field.integer);
    } else if (message == Message::kNode) {
      if (field.number == 4) second = short_text();
      if (field.number == 7) first = short_text();
    } else if (message == Message::kMetadata || message == Message::kExternal) {
      if (field.number == 1) first = short_text();
      if (field.number == 2) second = short_text();
    }
  }

  void finish(Message message, const std::string& first, const std::string& second, std::int64_t version) {
    constexpr std::size_t kMostNames = 10'000;
    if (message == Message::kOpset) file_.opsets[first == "ai.onnx" ? "" : first] = version;
    if (message == Message::kMetadata && file_.metadata_keys.size() < kMostNames) file_.metadata_keys.push_back(first);
    if (message == Message::kExternal && first == "location" && external_.size() < kMostNames) external_.insert(second);
    if (message == Message::kNode && (file_.operators.size() < kMostNames)) {
      ++file_.operators[first.empty() || first == "ai.onnx" ? second : first + "." + second];
    }
  }

  std::vector<Range> work_;
  std::size_t messages_ = 0;
  bool has_graph_ = false;
  std::set<std::string> external_;
  ModelFile file_;
};

bool leaves_folder(const std::string& location) {
  if (location.empty() || location.front() == '/') return true;
  std::string_view rest = location;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    if (rest.substr(0, slash) == "..") return true;
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  return false;
}

}  // namespace

Result<ModelFile> parse_model(std::string_view bytes) {
  MODELYARD_ASSIGN(ModelFile file, ModelParser().run(bytes));
  file.file_bytes = static_cast<std::int64_t>(bytes.size());
  return file;
}

Result<ModelFile> read_model_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open", path, errno);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return system_error("read", path, errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return error(Code::kInvalidArgument, "'{}' is empty", path);
  // Mapped, because weights of gigabytes are only stepped over.
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (memory == MAP_FAILED) return system_error("map", path, errno);
  auto file = parse_model({static_cast<const char*>(memory), size});
  ::munmap(memory, size);
  if (!file) return file.error().with_context("'{}'", path);
  return file;
}

std::vector<std::string> find_refusals(const ModelFile& file, const std::string& folder) {
  constexpr std::array<std::string_view, 6> kKnownDomains{
      "", "ai.onnx.ml", "ai.onnx.training", "com.microsoft", "com.microsoft.nchwc", "ai.onnx.preview.training"};
  std::vector<std::string> refusals;
  for (const auto& [domain, version] : file.opsets) {
    if (std::find(kKnownDomains.begin(), kKnownDomains.end(), domain) != kKnownDomains.end()) continue;
    const bool used = std::any_of(file.operators.begin(), file.operators.end(),
                                  [&](const auto& entry) { return entry.first.starts_with(domain + "."); });
    if (used) refusals.push_back(fmt::format("operators of the custom domain '{}' are not served", domain));
  }
  for (const std::string& location : file.external_files) {
    if (leaves_folder(location)) {
      refusals.push_back(fmt::format("external data '{}' lies outside of the version's folder", location));
      continue;
    }
    const auto root = Directory::open(folder);
    const auto data = root ? root->open_file(location, O_RDONLY) : Result<UniqueFd>(root.error());
    if (!data) refusals.push_back(fmt::format("external data '{}' is missing: {}", location, data.error().message()));
  }
  return refusals;
}

}  // namespace modelyard::backend
