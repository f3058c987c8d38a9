// EventSink sends predictions as CloudEvents to an HTTP address, two for each: what was asked and what was answered, in
// binary mode and in the shape of KServe's logger, so that whatever reads that reads this.
//
//   ce-type  org.kubeflow.serving.inference.request, …response
//   ce-id    the prediction's id, the same for both
//
// Delivery: at least once. What is refused for now (429, 5xx, no answer) is sent again, kTries times, each time after
//           twice the wait; the first error that lasts ends the export, which can go on from there.
// Sources:  CloudEvents 1.0, HTTP protocol binding 3.1; KServe's inference logger.
#pragma once

#include <functional>

#include "app/cli/http_client.h"

namespace modelyard::app {

class EventSink {
 public:
  static constexpr int kTries = 6;
  static constexpr std::chrono::milliseconds kFirstWait{250};

  // `authority`: a PEM file of who signs the certificate of an https address; "" for the system's. `wait` lets time
  // pass between tries.
  EventSink(std::string address, std::string authority, std::function<void(std::chrono::milliseconds)> wait)
      : client_(std::move(address), TlsOptions{std::move(authority), "", ""}, "", {},
                "what was sent is kept with --progress, and --resume goes on"),
        wait_(std::move(wait)) {}

  // Of a record with its payload.
  Status send(const Json& record);

 private:
  Status post(const Json& record, const char* kind, const Json& body);

  const HttpClient client_;
  const std::function<void(std::chrono::milliseconds)> wait_;
};

}  // namespace modelyard::app
