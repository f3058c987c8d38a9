#include <charconv>

#include "control/rollouts/posted_metrics.h"
#include "control/rollouts/rollout_forecast.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

Result<std::int64_t> rollout_id(const ApiCall& call) {
  const auto id = parse_version_number(call.parameters[0]);
  if (id) return *id;
  return error(Code::kNotFound, "rollout '{}' is not found: rollouts have numbers", call.parameters[0]);
}

Result<std::optional<double>> number_in_query(const ApiCall& call, std::string_view name, double least, double most) {
  const auto text = call.query_value(name);
  if (!text) return std::optional<double>();
  double value = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failure == std::errc{} && end == text->data() + text->size() && value >= least && value <= most) return value;
  return error(Code::kInvalidArgument, "{}: expected a number from {} to {}", name, least, most);
}

Result<control::ForecastQuery> forecast_query(const ApiCall& call) {
  constexpr double kMostRequests = 1e9;
  control::ForecastQuery query{.endpoint = call.parameters[0], .spec = call.body, .requests_per_second = {}};
  MODELYARD_ASSIGN(query.requests_per_second, number_in_query(call, "requests_per_second", 0, kMostRequests));
  MODELYARD_ASSIGN(const auto harm, number_in_query(call, "harm", rollout::kLeastHarmTimes, rollout::kMostHarmTimes));
  query.harm_times = harm.value_or(rollout::kHarmTimes);
  return query;
}

Json items_of(const std::vector<control::Rollout>& rollouts) {
  Json items = Json::array();
  for (const control::Rollout& rollout : rollouts) items.push_back(control::to_json(rollout));
  return {{"items", std::move(items)}};
}

ApiAnswer answer_of(const control::Rollout& rollout, int status = 200) {
  return {status, control::to_json(rollout), std::nullopt};
}

}  // namespace

Result<control::Rollout> ControlApi::find_rollout(const ApiCall& call, Verb verb) {
  MODELYARD_ASSIGN(const std::int64_t id, rollout_id(call));
  MODELYARD_ASSIGN(auto rollout, parts_.rollouts.find(id));
  MODELYARD_TRY(call.may(verb, rollout.record.endpoint));
  return rollout;
}

ApiWork ControlApi::rollout_command(rollout::Command command) {
  return [this, command](const ApiCall& call) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
    MODELYARD_ASSIGN(const std::string reason, reader.string("reason"));
    MODELYARD_TRY(reader.finish());
    MODELYARD_ASSIGN(const auto found, find_rollout(call, Verb::kDeploy));
    MODELYARD_ASSIGN(const auto rollout, parts_.rollouts.command(found.record.id, command, reason, call.actor));
    return answer_of(rollout);
  };
}

Result<ApiAnswer> ControlApi::put_metrics(const ApiCall& call) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
  MODELYARD_ASSIGN(const std::string endpoint, reader.string("endpoint"));
  MODELYARD_ASSIGN(const Json* const array, reader.array("values"));
  MODELYARD_TRY(reader.finish());
  MODELYARD_TRY(call.may(Verb::kLabel, endpoint));
  MODELYARD_ASSIGN(const auto values, control::parse_posted_values(*array, "values"));
  control::PostedMetrics metrics({parts_.rollouts, parts_.catalog, parts_.journal, parts_.payloads});
  MODELYARD_ASSIGN(const auto report, metrics.put(endpoint, values));
  return ApiAnswer{200, control::to_json(report), std::nullopt};
}

void ControlApi::add_rollout_routes(Router& router) {
  const std::string of_endpoint = "/api/v1/endpoints/{endpoint}/rollouts", one = "/api/v1/rollouts/{id}";
  route(router, Method::kPost, of_endpoint, Access::model(Verb::kDeploy), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto rollout, parts_.rollouts.begin(call.parameters[0], call.body, call.actor));
          return answer_of(rollout, 201);
        });
  route(router, Method::kPost, of_endpoint + ":plan", Access::model(Verb::kRead), {"requests_per_second", "harm"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto query, forecast_query(call));
          MODELYARD_ASSIGN(
              Json plan,
              control::forecast_rollout({parts_.catalog, parts_.journal, parts_.signal_sources, parts_.clock}, query));
          return ApiAnswer{200, std::move(plan), std::nullopt};
        });
  route(router, Method::kGet, of_endpoint, Access::model(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto rollouts, parts_.rollouts.list(call.parameters[0]));
          return ApiAnswer{200, items_of(rollouts), std::nullopt};
        });
  route(router, Method::kGet, "/api/v1/rollouts", Access::every_model(Verb::kRead), {},
        [this](const ApiCall&) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto rollouts, parts_.rollouts.list(""));
          return ApiAnswer{200, items_of(rollouts), std::nullopt};
        });
  route(router, Method::kGet, one, Access::server(Verb::kRead), {}, [this](const ApiCall& call) -> Result<ApiAnswer> {
    MODELYARD_ASSIGN(const auto rollout, find_rollout(call, Verb::kRead));
    return answer_of(rollout);
  });
  route(router, Method::kGet, one + "/report", Access::server(Verb::kRead), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const auto rollout, find_rollout(call, Verb::kRead));
          MODELYARD_ASSIGN(Json report, parts_.rollouts.report(rollout.record.id));
          return ApiAnswer{200, std::move(report), std::nullopt};
        });
  route(router, Method::kPost, "/api/v1/metrics", Access::server(Verb::kLabel), {},
        [this](const ApiCall& call) { return put_metrics(call); });
  for (const auto command :
       {rollout::Command::kPromote, rollout::Command::kPause, rollout::Command::kResume, rollout::Command::kAbort}) {
    route(router, Method::kPost, fmt::format("{}:{}", one, rollout::command_name(command)),
          Access::server(Verb::kDeploy), {}, rollout_command(command));
  }
}

}  // namespace modelyard::edge
