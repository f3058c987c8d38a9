#include "app/cli/report/page_output.h"

#include <unistd.h>

#include <cstdio>

#include "base/directory.h"

namespace modelyard::app {

Result<int> put_out(const PageOutput& output, const Json& data, const std::function<std::string(const Json&)>& page_of,
                    const CommandContext& context) {
  std::string file = output.file;
  if (file.empty() && !context.json && ::isatty(STDOUT_FILENO) == 1) file = output.usual;
  if (!file.empty()) MODELYARD_TRY(write_file_atomically(file, page_of(data)));
  if (context.json) {
    print_json(data);
  } else if (file.empty()) {
    const std::string page = page_of(data);
    std::fwrite(page.data(), 1, page.size(), stdout);
  } else {
    std::printf("%s\n", file.c_str());
  }
  return kDone;
}

}  // namespace modelyard::app
