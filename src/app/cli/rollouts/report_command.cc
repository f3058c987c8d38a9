#include <unistd.h>

#include <cstdio>

#include "app/cli/report/rollout_page.h"
#include "app/cli/rollouts/rollout_flags.h"
#include "base/clock.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

struct ReportFlags {
  std::string id, html;
};

// A page on a terminal helps nobody: there it goes into a file, too.
Result<int> report(const ReportFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(Json data,
                   context.client().call("GET", fmt::format("/api/v1/rollouts/{}/report", path_segment(flags.id))));
  data["made"] = format_utc(system_clock().utc_now());
  data["server"] = context.server;
  std::string file = flags.html;
  if (file.empty() && !context.json && ::isatty(STDOUT_FILENO) == 1) file = "rollout-" + flags.id + ".html";
  if (!file.empty()) MODELYARD_TRY(write_file_atomically(file, rollout_page(data)));
  if (context.json) {
    print_json(data);
  } else if (file.empty()) {
    const std::string page = rollout_page(data);
    std::fwrite(page.data(), 1, page.size(), stdout);
  } else {
    std::printf("%s\n", file.c_str());
  }
  return kDone;
}

}  // namespace

void add_rollout_report_command(CommandLine& line, CLI::App& group) {
  const auto flags = std::make_shared<ReportFlags>();
  CLI::App& app = line.add(group, "report", "All that is known of a rollout, as one HTML page to read or send",
                           [flags, &line] { return report(*flags, line.context()); });
  app.add_option("rollout", flags->id, "Its number")->required();
  app.add_option("--html", flags->html, "The page; standard output without it, on a terminal rollout-ID.html")
      ->type_name("FILE");
}

}  // namespace modelyard::app
