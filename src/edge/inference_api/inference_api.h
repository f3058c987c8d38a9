// InferenceApi binds the inference protocols to HTTP: Open Inference Protocol v2 and TensorFlow Serving.
//
// Every answer names the request (X-Request-Id: the caller's, else the trace id of traceparent, else a new one), and
// every prediction its id and version (Modelyard-Prediction-Id, Modelyard-Model, Modelyard-Version), and its arm
// (Modelyard-Arm) while a rollout is under way.
// A deadline comes from the parameter `timeout` (microseconds) or the header Modelyard-Timeout-Ms.
// In place of a version number a path may name an alias.
//
// Threads:   handlers run on the exchange's loop, with that loop's dispatcher.
// Ownership: dispatchers, one for each loop, outlive this.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "edge/http/request_id.h"
#include "edge/http/router.h"
#include "edge/inference_api/shared_use.h"
#include "edge/shared_memory/shared_regions.h"
#include "rollout/assignment.h"
#include "serving/dispatcher.h"

namespace modelyard::edge {

struct InferenceApiOptions {
  std::string server_version;
  std::function<bool()> ready;             // of the whole server
  SharedRegions* shared_memory = nullptr;  // null: off
  bool traces = false;                     // taps want to know the callers' traces
};

// Who may infer or read may see what a model takes and gives.
inline constexpr security::VerbSet kSees = Verb::kInfer | Verb::kRead;

// How a path names a version.
enum class Naming { kByVersion, kByLabel };

// Who asks, and what the request shows of it. Both outlive it.
class Asker final : public rollout::RequestKeys {
 public:
  Asker(const Request& request, const security::Caller& caller) : request_(request), caller_(caller) {}

  const security::Caller& caller() const { return caller_; }
  std::optional<std::string_view> header(std::string_view name) const override { return request_.header(name); }
  std::string_view principal() const override;

 private:
  const Request& request_;
  const security::Caller& caller_;
};

class InferenceApi {
 public:
  InferenceApi(InferenceApiOptions options, security::Guard& guard, std::vector<serving::Dispatcher*> dispatchers,
               const Clock& clock, Random& random)
      : options_(std::move(options)),
        guard_(guard),
        dispatchers_(std::move(dispatchers)),
        clock_(clock),
        random_(random) {}

  void add_routes(Router& router);

  // What REST and gRPC have in common.
  serving::Dispatcher& dispatcher(const Exchange& exchange) { return *dispatchers_[exchange.loop_index()]; }
  // The version that answers to a name, when the caller may do one of `any_of` there: the only way from a name to a
  // route.
  Result<serving::Route> find(serving::Dispatcher& dispatcher, const Asker& asker, security::VerbSet any_of,
                              std::string_view name, const inference::VersionChoice& choice);
  Result<serving::Route> find(const Exchange& exchange, security::VerbSet any_of, std::string_view name,
                              const inference::VersionChoice& choice) {
    const Request& request = exchange.request();
    return find(dispatcher(exchange), {request, request.caller}, any_of, name, choice);
  }
  // What an inference is asked of, and how.
  struct Asked {
    serving::Protocol protocol;
    std::string_view name;
    std::string_view body;  // not decoded yet
  };
  // The same for one who wants an inference, as long as it would not be refused for a full queue.
  Result<serving::Route> find_to_infer(serving::Dispatcher& dispatcher, const Asker& asker, const Asked& asked,
                                       const inference::VersionChoice& choice);
  // Asked anew for each message of a stream, which may outlive its key.
  security::Caller caller_of(const Request& request) { return authenticate(guard_, request); }
  SteadyTime now() const { return clock_.steady_now(); }
  bool ready() const { return options_.ready(); }
  const SharedRegions* shared_memory() const { return options_.shared_memory; }
  std::string_view request_id(const Request& request, IdRoom room);
  std::string request_id(const Request& request);
  // What captured answers and traces keep of the request's names, too; they cost others nothing.
  void name_request(const Request& request, std::string_view request_id, const serving::Route& route,
                    inference::InferRequest& asked) const;
  // Of a request that did not become a call; its names are filled in here.
  void tell_refused(serving::Dispatcher& dispatcher, const Request& request, serving::Refused refused) const;
  std::string server_document() const;
  Result<std::string> metadata_document(const Exchange& exchange, std::string_view model,
                                        const inference::VersionChoice& choice);
  // Of all models when `model` is "".
  Result<std::string> statistics_document(const Exchange& exchange, std::string_view model,
                                          const inference::VersionChoice& choice);
  Result<std::string> tensorflow_status_document(const Exchange& exchange, std::string_view model,
                                                 const inference::VersionChoice& choice);

 private:
  void add_open_inference_routes(Router& router);
  void add_tensorflow_routes(Router& router);

  // Answers and tells.
  void refuse(Exchange& exchange, serving::Refused refused, const Error& why) const;
  void open_infer(Exchange& exchange);
  Result<SharedUse> read_open_inference(const Request& request, const inference::Signature& signature,
                                        oip::OipInfer& asked) const;
  void open_metadata(Exchange& exchange);
  void open_ready(Exchange& exchange);
  void open_config(Exchange& exchange);
  void open_statistics(Exchange& exchange);
  void tensorflow_predict(Exchange& exchange, Naming naming);
  void tensorflow_status(Exchange& exchange, Naming naming);
  void tensorflow_metadata(Exchange& exchange, Naming naming);

  const InferenceApiOptions options_;
  security::Guard& guard_;
  const std::vector<serving::Dispatcher*> dispatchers_;
  const Clock& clock_;
  Random& random_;
};

// Valid as long as the caller.
std::string_view name_of(const security::Caller& caller);
// The HTTP status of a code, the same for both REST protocols.
int http_status(Code code);
// The version part of a path or message: a number, an alias, or "" for what is served.
inference::VersionChoice choose_version(std::string_view text);

}  // namespace modelyard::edge
