#include "app/server/signal_sources/http_signal_sources.h"

#include <algorithm>

#include "app/server/outbound/outbound.h"
#include "app/server/signal_sources/answers.h"

namespace modelyard::app {
namespace {

using control::SignalAnswer;
using control::SignalQuestion;

// As forms are posted (RFC 3986 unreserved characters stay).
std::string form_text(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace

Result<std::unique_ptr<HttpSignalSources>> HttpSignalSources::open(const std::vector<SourceSettings>& sources,
                                                                   const Clock& clock, Post post) {
  std::unique_ptr<HttpSignalSources> opened(new HttpSignalSources(clock, std::move(post)));
  for (const SourceSettings& settings : sources) {
    Source& source = opened->sources_[settings.name] = {settings.kind, settings.url, ""};
    if (settings.secret_file.empty()) continue;
    auto secret = read_secret(settings.secret_file);
    if (!secret) return secret.error().with_context("signal source '{}'", settings.name);
    // What could end a header line is no part of a token.
    if (source.kind == SourceKind::kPrometheus && !std::ranges::all_of(*secret, is_graphic)) {
      return error(Code::kInvalidArgument, "signal source '{}': bearer_file should hold a token without spaces",
                   settings.name);
    }
    source.secret = *std::move(secret);
  }
  return opened;
}

Status HttpSignalSources::check(const rollout::ExternalSignal& signal) const {
  const auto source = sources_.find(signal.source);
  if (source == sources_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, unused] : sources_) names.push_back(name);
    return error(
        Code::kFailedPrecondition, "this server has no signal source '{}'; {}", signal.source,
        names.empty() ? "its setting signal_sources lists none" : fmt::format("it has {}", fmt::join(names, ", ")));
  }
  const bool wants_query = source->second.kind == SourceKind::kPrometheus;
  if (wants_query == !signal.query.empty()) return ok();
  return error(Code::kInvalidArgument, "'{}' {}", signal.source,
               wants_query ? "is a Prometheus: write a query" : "is a webhook: it has no query, leave it out");
}

HttpPost HttpSignalSources::request_of(const Source& source, const SignalQuestion& question) const {
  if (source.kind == SourceKind::kWebhook) {
    const std::string body = question.subject.dump();
    return {.url = source.url, .headers = {signature_line(source.secret, body, clock_.utc_now())}, .body = body};
  }
  HttpPost request{.url = source.url + "/api/v1/query",
                   .headers = {},
                   .body = fmt::format("query={}&timeout={}s", form_text(question.query), question.timeout.count()),
                   .type = "application/x-www-form-urlencoded"};
  if (!source.secret.empty()) request.headers.push_back("Authorization: Bearer " + source.secret);
  return request;
}

Result<SignalAnswer> HttpSignalSources::ask(const SignalQuestion& question, const std::stop_token& stop) {
  const auto found = sources_.find(question.source);
  if (found == sources_.end()) {
    return error(Code::kFailedPrecondition, "signal_sources lists it no more: write it there, and start anew");
  }
  const bool is_webhook = found->second.kind == SourceKind::kWebhook;
  const std::size_t most = is_webhook ? kMostWebhookBytes : kMostPrometheusBytes;
  const TransferLimits limits{
      .connect = question.timeout, .all = question.timeout, .kept_bytes = most, .most_bytes = most};
  MODELYARD_ASSIGN(const CurlAnswer answer, post_(request_of(found->second, question), stop, limits));
  if (answer.is_cut) return error(Code::kInvalidArgument, "its answer has more than {} bytes", most);
  if (answer.status != 200) {
    // A webhook's text is not repeated: it answers by JSON, or a proxy does in its place.
    return error(Code::kUnavailable, "{}",
                 is_webhook ? answered(answer.status, "") : prometheus_refusal(answer.status, answer.body));
  }
  return is_webhook ? read_webhook_answer(answer.body) : read_prometheus_answer(answer.body);
}

}  // namespace modelyard::app
