#include "control/rollouts/recent_traffic.h"

#include "rollout/version_fault.h"

namespace modelyard::control {
namespace {

void add(RecentTraffic& traffic, const journal::DecisionRow& row) {
  if (row.plan_revision == 0) return;
  rollout::CountedRequest request;
  request.unit_hash = traffic.requests;  // units are not known; even
  if (row.outcome > 0) {
    const auto code = static_cast<Code>(row.outcome - 1);
    if (!rollout::is_versions_fault(code, false)) return;
    request.failed = true;
    request.timed_out = code == Code::kDeadlineExceeded;
  }
  if (!request.failed || request.timed_out) request.latency = std::chrono::microseconds(row.latency);
  rollout::add(traffic.answers, request);
  ++traffic.requests;
}

}  // namespace

RecentTraffic recent_traffic(journal::Journal& journal, const std::string& endpoint, UtcTime now) {
  RecentTraffic traffic;
  for (const std::chrono::seconds window :
       {std::chrono::seconds(60), std::chrono::seconds(600), std::chrono::seconds(3600)}) {
    traffic = RecentTraffic{.window = window, .requests = 0, .answers = {}};
    journal.scan(
        endpoint, now - window, now,
        [&](const std::string&, const journal::DecisionRow& row, const journal::NameTable&) { add(traffic, row); });
    if (traffic.requests >= RecentTraffic::kEnough) break;
  }
  return traffic;
}

}  // namespace modelyard::control
