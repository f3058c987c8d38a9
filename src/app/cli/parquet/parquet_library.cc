#include "app/cli/parquet/parquet_library.h"

#include <dlfcn.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/cli/parquet/arrow_text.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "libmodelyard_parquet.so";
constexpr ModelyardParquetWriting kWriting{.most_rows_of_group = 1 << 17, .most_bytes_of_group = 64 << 20};
constexpr ModelyardParquetReading kReading{.most_columns = kMostParquetColumns,
                                           .most_rows = kMostParquetRows,
                                           .most_bytes_in_memory = 1 << 30,
                                           .rows_of_batch = 1024};
constexpr std::size_t kPieceOfText = 1u << 20;

// Where a fault is told.
class Fault {
 public:
  operator ModelyardParquetFault() { return {text_.data(), text_.size()}; }
  const char* text() const { return text_.data(); }

 private:
  std::array<char, 1000> text_{};
};

std::vector<std::string> candidates() {
  if (const char* given = std::getenv("MODELYARD_PARQUET_LIB"); given != nullptr && *given != '\0') return {given};
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::vector<std::string> paths;
  for (const char* folder : {"../lib/modelyard/plugins", "../lib"}) {
    paths.push_back((binary / folder / kName).lexically_normal().string());
  }
  return paths;
}

// Why not; "" when it was opened.
std::string try_open(const std::string& path, ParquetLibrary& library) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return "not there";
  // Local symbols: its copies of common libraries must not meet ours.
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return ::dlerror();
  const auto interface = reinterpret_cast<ModelyardParquetInterface>(::dlsym(handle, plugins::kParquetInterfaceSymbol));
  if (interface == nullptr) return "it is no plug-in of ours";
  library.calls = interface(plugins::kParquetInterfaceVersion);
  if (library.calls == nullptr) return "it is made for another version of modelyard";
  library.path = path;
  return "";
}

Result<ParquetLibrary> find_library() {
  ParquetLibrary library;
  std::string places;
  for (const std::string& path : candidates()) {
    const std::string why = try_open(path, library);
    if (why.empty()) return library;
    places += fmt::format("{}{} ({})", places.empty() ? "" : ", ", path, why);
  }
  return error(Code::kFailedPrecondition,
               "Parquet files need the plug-in {}, which was not found: {}. Build it with `make parquet` in a "
               "checkout, or name it by MODELYARD_PARQUET_LIB",
               kName, places);
}

// Ends what was imported.
template <typename Struct>
struct Held {
  Struct value{};
  Held() = default;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (value.release != nullptr) value.release(&value);
  }
};

// The words of libraries have ends of lines.
std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

Error damaged(const std::string& path, const char* why) {
  return error(Code::kInvalidArgument, "'{}' cannot be read as Parquet: {}", path, one_line(why));
}

Error next_failed(const std::string& path, ArrowArrayStream& rows, int code) {
  const char* const why = rows.get_last_error(&rows);
  return damaged(path, why != nullptr ? why : std::strerror(code));
}

// Moves the rows, batch by batch.
Result<std::int64_t> copy_rows(const std::string& path, ArrowArrayStream& rows, ArrowText& lines,
                               const std::function<Status(std::string_view)>& write) {
  std::string text = lines.head();
  std::int64_t written = 0;
  for (;;) {
    Held<ArrowArray> batch;
    if (const int code = rows.get_next(&rows, &batch.value); code != 0) return next_failed(path, rows, code);
    const bool is_end = batch.value.release == nullptr;
    if (!is_end) {
      const Status appended = lines.append(batch.value, text);
      if (!appended) return appended.error().with_context("'{}'", path);
    }
    written += is_end || text.size() >= kPieceOfText ? static_cast<std::int64_t>(text.size()) : 0;
    if (written > kMostParquetText) {
      return error(Code::kInvalidArgument, "'{}' holds more than {} GiB of text: send a sample of its rows", path,
                   kMostParquetText >> 30);
    }
    if (!is_end && text.size() < kPieceOfText) continue;
    MODELYARD_TRY(write(text));
    text.clear();
    if (is_end) return lines.rows();
  }
}

}  // namespace

Result<const ParquetLibrary*> ParquetLibrary::load() {
  static const Result<ParquetLibrary> library = find_library();
  if (!library) return library.error();
  return &*library;
}

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::open(ArrowSchema columns, Sink sink) {
  Held<ArrowSchema> held;
  held.value = columns;
  MODELYARD_ASSIGN(const ParquetLibrary* library, ParquetLibrary::load());
  std::unique_ptr<ParquetWriter> writer(new ParquetWriter(*library, std::move(sink)));
  const auto take = [](void* context, const void* bytes, std::size_t size) {
    auto& self = *static_cast<ParquetWriter*>(context);
    if (self.kept_) self.kept_ = self.sink_({static_cast<const std::byte*>(bytes), size});
    return self.kept_ ? 0 : 1;
  };
  Fault fault;
  writer->writer_ = library->calls->open_writer(&held.value, &kWriting, take, writer.get(), fault);
  if (writer->writer_ == nullptr) return writer->outcome(1, fault.text()).error();
  return writer;
}

ParquetWriter::~ParquetWriter() {
  library_.calls->close_writer(writer_);
}

Status ParquetWriter::outcome(int code, const char* text) const {
  if (!kept_) return kept_;
  return code == 0 ? ok() : Status(error(Code::kInternal, "Parquet could not be written: {}", one_line(text)));
}

Status ParquetWriter::write(ArrowArray batch) {
  Held<ArrowArray> held;
  held.value = batch;
  Fault fault;
  const int code = library_.calls->write(writer_, &held.value, fault);
  return outcome(code, fault.text());
}

Status ParquetWriter::finish() {
  Fault fault;
  const int code = library_.calls->finish(writer_, fault);
  return outcome(code, fault.text());
}

Result<bool> is_parquet(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error("open", path, errno);
  std::array<char, 4> begin{};
  // A pipe is not looked into: what was read of it would be gone.
  return ::pread(file.get(), begin.data(), begin.size(), 0) == 4 && std::memcmp(begin.data(), "PAR1", 4) == 0;
}

Result<std::int64_t> parquet_to_csv(const std::string& path, const std::string& output) {
  MODELYARD_ASSIGN(const ParquetLibrary* library, ParquetLibrary::load());
  Held<ArrowArrayStream> rows;
  Fault fault;
  if (library->calls->open_reader(path.c_str(), &kReading, &rows.value, fault) != 0) return damaged(path, fault.text());
  Held<ArrowSchema> columns;
  if (const int code = rows.value.get_schema(&rows.value, &columns.value); code != 0) {
    return next_failed(path, rows.value, code);
  }
  MODELYARD_ASSIGN(ArrowText lines, ArrowText::make(columns.value));
  const UniqueFd file(::open(output.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_error("write", output, errno);
  return copy_rows(path, rows.value, lines, [&](std::string_view text) {
    return write_all(file.get(), std::as_bytes(std::span(text)), output);
  });
}

}  // namespace modelyard::app
