#include "app/calculations/shares.h"

namespace modelyard::app {
namespace {

Result<statistics::Share> share_of(const Json& value, const std::string& path) {
  MODELYARD_ASSIGN(ObjectReader reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(const std::size_t successes, read_count(reader, "successes"));
  MODELYARD_ASSIGN(const std::size_t trials, read_count(reader, "trials"));
  MODELYARD_TRY(reader.finish());
  return statistics::Share{successes, trials};
}

}  // namespace

Result<statistics::Share> read_share(ObjectReader& input, std::string_view key) {
  MODELYARD_ASSIGN(const Json* object, input.object(key));
  return share_of(*object, input.path_of(key));
}

Result<std::vector<statistics::Share>> read_shares(ObjectReader& input, std::string_view key) {
  MODELYARD_ASSIGN(const Json* list, input.array(key));
  std::vector<statistics::Share> shares;
  for (const Json& value : *list) {
    MODELYARD_ASSIGN(shares.emplace_back(), share_of(value, fmt::format("{}[{}]", input.path_of(key), shares.size())));
  }
  return shares;
}

}  // namespace modelyard::app
