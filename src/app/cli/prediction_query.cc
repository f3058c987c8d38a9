#include "app/cli/prediction_query.h"

#include "app/cli/command.h"
#include "app/cli/moment.h"

namespace modelyard::app {

void add_options(CLI::App& app, PredictionQuery& query) {
  app.add_option("endpoint", query.endpoint, "Only of this endpoint");
  app.add_option("--version", query.version, "Only of this version")->check(version_argument(AliasToo::kNo));
  app.add_option("--status", query.status, "ok, failed, or the name of a code");
  app.add_option("--by", query.principal, "Only for this caller");
  app.add_option("--from", query.from, "Since then: 2h, 30m, or a time, in UTC unless it says where");
  app.add_option("--to", query.to, "Until then");
}

Result<std::string> query_text(const PredictionQuery& wanted) {
  std::string query;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, path_segment(value));
  };
  const UtcTime now = system_clock().utc_now();
  add("endpoint", wanted.endpoint);
  add("version", wanted.version);
  add("status", wanted.status);
  add("principal", wanted.principal);
  if (!wanted.from.empty()) {
    MODELYARD_ASSIGN(const UtcTime from, parse_moment("--from", wanted.from, now));
    add("from", format_utc(from));
  }
  if (!wanted.to.empty()) {
    MODELYARD_ASSIGN(const UtcTime to, parse_moment("--to", wanted.to, now));
    add("to", format_utc(to));
  }
  return query;
}

Result<Json> next_page(const HttpClient& client, const std::string& text, std::size_t limit, std::string& cursor) {
  const std::string from = cursor.empty() ? "" : "&cursor=" + path_segment(cursor);
  MODELYARD_ASSIGN(Json page, client.call("GET", fmt::format("/api/v1/predictions?limit={}{}{}", limit, text, from)));
  cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
  return std::move(page["items"]);
}

}  // namespace modelyard::app
