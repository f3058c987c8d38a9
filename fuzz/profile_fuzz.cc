// Profiles and tables of rows: what is read can be written, read again and merged; a table does not mind where its
// pieces end.
#include <cstdint>

#include "monitoring/profile/table_profiler.h"

using namespace modelyard;

namespace {

void read_document(std::string_view text) {
  const auto document = parse_json(text, {.max_bytes = 1u << 20, .max_depth = 8});
  if (!document) return;
  auto profile = monitoring::parse_window_profile(*document);
  if (!profile) return;
  const auto again = monitoring::parse_window_profile(monitoring::to_json(*profile));
  if (!again || monitoring::to_json(*again) != monitoring::to_json(*profile)) __builtin_trap();
  merge(*profile, *again);
}

Result<monitoring::WindowProfile> read_table(const inference::Signature& signature, std::string_view text,
                                             std::size_t piece) {
  monitoring::TableProfiler profiler(signature);
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    MODELYARD_TRY(profiler.add(text.substr(0, piece)));
  }
  return profiler.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == '{') {
    read_document({reinterpret_cast<const char*>(data), size});
    return 0;
  }
  inference::Signature signature;
  signature.inputs.push_back({"x", inference::DataType::kFp32, {-1, 2}, false, {"age", "income"}});
  signature.inputs.push_back({"country", inference::DataType::kBytes, {-1, 1}});
  const auto whole = read_table(signature, text, size), pieces = read_table(signature, text, 1 + data[0] % 16);
  if (whole.has_value() != pieces.has_value()) __builtin_trap();
  if (whole && monitoring::to_json(*whole) != monitoring::to_json(*pieces)) __builtin_trap();
  return 0;
}
