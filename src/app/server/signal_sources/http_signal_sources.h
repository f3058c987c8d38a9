// HttpSignalSources asks Prometheus servers and webhooks.
//
// Prometheus: POST <url>/api/v1/query, with the bearer token if there is one.
// Webhook:    POST of the question's subject, signed (outbound.h), as alerts are.
// Sent:       nowhere but where the configuration says: no redirect is followed.
// Errors:     ask(): Unavailable without an answer of status 200; InvalidArgument for one that cannot be read.
// Threads:    as SignalSources says.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "app/curl/curl_transfer.h"
#include "app/server/signal_sources/source_settings.h"
#include "control/rollouts/signal_sources.h"

namespace modelyard::app {

class HttpSignalSources final : public control::SignalSources {
 public:
  using Post = std::function<Result<CurlAnswer>(const HttpPost&, const std::stop_token&, const TransferLimits&)>;

  // Reads the secrets' files: NotFound, InvalidArgument.
  static Result<std::unique_ptr<HttpSignalSources>> open(const std::vector<SourceSettings>& sources, const Clock& clock,
                                                         Post post = http_post);

  Status check(const rollout::ExternalSignal& signal) const override;
  Result<control::SignalAnswer> ask(const control::SignalQuestion& question, const std::stop_token& stop) override;

 private:
  struct Source {
    SourceKind kind{};
    std::string url, secret;
  };

  HttpSignalSources(const Clock& clock, Post post) : clock_(clock), post_(std::move(post)) {}

  HttpPost request_of(const Source& source, const control::SignalQuestion& question) const;

  const Clock& clock_;
  const Post post_;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace modelyard::app
