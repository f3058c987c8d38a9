// What a report is made of, asked of a server: one document, which `report --json` prints and report_page() draws.
//
// Errors: NotFound for an endpoint that is not there; whatever a server cannot say (no monitors, no labels, no
//         reference, no permission) is no error but words in the document's "refusals".
#pragma once

#include <optional>
#include <string>

#include "app/cli/http_client.h"
#include "base/clock.h"

namespace modelyard::app {

struct ReportQuery {
  std::string endpoint;
  UtcTime from, to;
  std::optional<UtcTime> reference_from, reference_to;
};

Result<Json> collect_report(const HttpClient& client, const ReportQuery& query);

}  // namespace modelyard::app
