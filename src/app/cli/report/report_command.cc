#include "app/cli/moment.h"
#include "app/cli/report/collection.h"
#include "app/cli/report/page.h"
#include "app/cli/report/page_output.h"

namespace modelyard::app {
namespace {

struct ReportFlags {
  std::string endpoint, from = "7d", to, reference_from, reference_to, out;
};

Result<std::optional<UtcTime>> optional_moment(const char* flag, const std::string& text, UtcTime now) {
  if (text.empty()) return std::optional<UtcTime>();
  MODELYARD_ASSIGN(const UtcTime time, parse_moment(flag, text, now));
  return std::optional(time);
}

Result<ReportQuery> query_of(const ReportFlags& flags) {
  const UtcTime now = system_clock().utc_now();
  ReportQuery query;
  query.endpoint = flags.endpoint;
  MODELYARD_ASSIGN(query.from, parse_moment("--from", flags.from, now));
  MODELYARD_ASSIGN(const auto to, optional_moment("--to", flags.to, now));
  query.to = to.value_or(now);
  if (query.from >= query.to) return error(Code::kInvalidArgument, "--from: the time ends before it begins");
  MODELYARD_ASSIGN(query.reference_from, optional_moment("--reference-from", flags.reference_from, now));
  MODELYARD_ASSIGN(query.reference_to, optional_moment("--reference-to", flags.reference_to, now));
  return query;
}

Result<int> report(const ReportFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ReportQuery query, query_of(flags));
  MODELYARD_ASSIGN(const Json data, collect_report(context.client(), query));
  return put_out({flags.out, flags.endpoint + "-report.html"}, data, report_page, context);
}

}  // namespace

void add_report_command(CommandLine& line) {
  const auto flags = std::make_shared<ReportFlags>();
  CLI::App& app = line.add("report", "All that is known of an endpoint, as one HTML page to read or send",
                           [flags, &line] { return report(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("--from", flags->from, "Since then: 2h, or a time, in UTC unless it says where; 7d without it");
  app.add_option("--to", flags->to, "Until then");
  app.add_option("--reference-from", flags->reference_from,
                 "What it is compared with, since then; without it the version's reference, else seven days before");
  app.add_option("--reference-to", flags->reference_to, "And until then; --from without it");
  app.add_option("--out", flags->out, "The page; standard output without it, on a terminal ENDPOINT-report.html")
      ->type_name("FILE");
}

}  // namespace modelyard::app
