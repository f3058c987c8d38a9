#include "app/cli/report/page_output.h"
#include "app/cli/report/rollout_page.h"
#include "app/cli/rollouts/rollout_flags.h"
#include "base/clock.h"

namespace modelyard::app {
namespace {

struct ReportFlags {
  std::string id, html;
};

Result<int> report(const ReportFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(Json data,
                   context.client().call("GET", fmt::format("/api/v1/rollouts/{}/report", path_segment(flags.id))));
  data["made"] = format_utc(system_clock().utc_now());
  data["server"] = context.server;
  return put_out({flags.html, "rollout-" + flags.id + ".html"}, data, rollout_page, context);
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
