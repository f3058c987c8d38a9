#include "app/cli/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/directory.h"

namespace modelyard::app {

namespace fs = std::filesystem;

Result<TemporaryFolder> TemporaryFolder::make() {
  std::string pattern = (fs::temp_directory_path() / "modelyard-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return system_error("make", pattern, errno);
  return TemporaryFolder(pattern);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace modelyard::app
