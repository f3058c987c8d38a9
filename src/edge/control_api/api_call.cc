#include "edge/control_api/api_call.h"

#include <charconv>

namespace modelyard::edge {
namespace {

struct ProblemRow {
  int status;
  std::string_view title;
};

ProblemRow row_of(Code code, Precondition precondition) {
  switch (code) {
    case Code::kInvalidArgument: return {400, "The request is wrong"};
    case Code::kUnauthenticated: return {401, "Who are you?"};
    case Code::kPermissionDenied: return {403, "Not allowed"};
    case Code::kNotFound: return {404, "Not found"};
    case Code::kConflict:
      return precondition == Precondition::kIfMatch ? ProblemRow{412, "Changed since it was read"}
                                                    : ProblemRow{409, "Conflict"};
    case Code::kFailedPrecondition: return {409, "Not in this state"};
    case Code::kResourceExhausted: return {507, "A limit is reached"};
    case Code::kCancelled: return {499, "The client has left"};
    case Code::kInternal: return {500, "The server failed"};
    case Code::kUnimplemented: return {501, "Not supported"};
    case Code::kUnavailable: return {503, "Not available now"};
    case Code::kDeadlineExceeded: return {504, "Out of time"};
  }
  return {500, "The server failed"};
}

Response problem_of(const ProblemRow& row, Code code, std::string_view detail) {
  Response response;
  response.status = row.status;
  response.content_type = "application/problem+json";
  const Json document{{"type", "about:blank"},
                      {"title", row.title},
                      {"status", row.status},
                      {"code", code_name(code)},
                      {"detail", detail}};
  response.body = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

}  // namespace

Response refusal_problem(int status, std::string_view why) {
  for (const Code code : {Code::kUnauthenticated, Code::kPermissionDenied, Code::kNotFound}) {
    const ProblemRow row = row_of(code, Precondition::kNone);
    if (row.status == status) return problem_of(row, code, why);
  }
  return problem_of({status, status_text(status)}, Code::kInvalidArgument, why);
}

std::optional<std::string> ApiCall::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Status ApiCall::may(Verb verb, std::string_view model) const {
  return security::decide(caller, Access::model(verb), model);
}

Status ApiCall::may_read(const std::optional<std::string>& model) const {
  // An empty name would be that of no model, which everybody may read.
  return model && !model->empty() ? may(Verb::kRead, *model)
                                  : security::decide(caller, Access::every_model(Verb::kRead));
}

Result<bool> ApiCall::query_flag(std::string_view name) const {
  const auto value = query_value(name);
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return error(Code::kInvalidArgument, "{}: expected true or false, got '{}'", name, *value);
}

Result<UtcTime> ApiCall::query_time(std::string_view name, UtcTime otherwise) const {
  auto text = query_value(name);
  if (!text) return otherwise;
  // The + of an offset that was not escaped has become a space.
  constexpr std::size_t kOffset = 6;
  if (text->size() > kOffset && (*text)[text->size() - kOffset] == ' ') (*text)[text->size() - kOffset] = '+';
  auto time = parse_utc(*text);
  if (!time) return time.error().with_context("{}", name);
  return time;
}

Result<int> ApiCall::limit() const {
  const auto value = query_value("limit");
  if (!value) return 100;
  int limit = 0;
  const auto [end, failure] = std::from_chars(value->data(), value->data() + value->size(), limit);
  if (failure != std::errc{} || end != value->data() + value->size() || limit < 1 || limit > 1000) {
    return error(Code::kInvalidArgument, "limit: expected 1 to 1000, got '{}'", *value);
  }
  return limit;
}

Result<std::int64_t> ApiCall::cursor_number() const {
  const std::string text = cursor();
  if (text.empty()) return 0;
  const auto number = parse_version_number(text);
  if (number) return *number;
  return error(Code::kInvalidArgument, "cursor: expected what 'next_cursor' says, got '{}'", text.substr(0, 40));
}

Result<VersionRef> ApiCall::version_ref() const {
  MODELYARD_ASSIGN(const VersionNumber version, parse_version_number(parameters[1]));
  return VersionRef{parameters[0], version};
}

Response problem(const Error& error, Precondition precondition) {
  Response response = problem_of(row_of(error.code(), precondition), error.code(), error.message());
  if (error.code() == Code::kUnavailable || error.code() == Code::kResourceExhausted) {
    response.add_header("Retry-After", "1");
  }
  return response;
}

Response to_response(const ApiAnswer& answer) {
  Response response;
  response.status = answer.status;
  if (answer.revision) response.add_header("ETag", fmt::format("\"{}\"", *answer.revision));
  if (answer.status != 204) response.body = answer.body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Json page_of(Json items, int limit, const std::function<std::string(const Json&)>& cursor_of) {
  Json page{{"next_cursor", nullptr}};
  if (static_cast<int>(items.size()) == limit) page["next_cursor"] = cursor_of(items.back());
  page["items"] = std::move(items);
  return page;
}

control::Actor actor_of(const Request& request) {
  if (request.caller && request.caller->name() != security::kAnonymous) return {request.caller->name()};
  return {fmt::format("{}@{}", security::kAnonymous, request.remote)};
}

}  // namespace modelyard::edge
