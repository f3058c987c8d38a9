#include "app/cli/export/event_sink.h"

#include "app/cli/export/record_form.h"
#include "app/cli/screen.h"

namespace modelyard::app {
namespace {

bool may_pass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

}  // namespace

Status EventSink::post(const Json& record, const char* kind, const Json& body) {
  const std::string id = text_of(record["prediction_id"]), endpoint = text_of(record["endpoint"]);
  const std::map<std::string, std::string> headers{
      {"Content-Type", "application/json"},
      {"ce-specversion", "1.0"},
      {"ce-id", id},
      {"ce-type", fmt::format("org.kubeflow.serving.inference.{}", kind)},
      {"ce-source", "/modelyard/endpoints/" + endpoint},
      {"ce-time", text_of(record["time"])},
      {"ce-inferenceservicename", endpoint},
      {"ce-namespace", "default"},
      {"ce-component", "predictor"},
      {"ce-endpoint", record["arm"].is_null() ? "default" : text_of(record["arm"])},
      {"ce-modelid", text_of(record["model"])},
      {"ce-modelversion", record["version"].dump()}};
  std::chrono::milliseconds wait = kFirstWait;
  for (int tries = 1;; ++tries) {
    const auto answer = client_.send("POST", "", body.dump(), headers);
    if (answer && answer->status >= 200 && answer->status < 300) return ok();
    if (tries == kTries || (answer && !may_pass(answer->status))) {
      if (!answer) return Error(Code::kUnavailable, answer.error().message());
      return error(Code::kUnavailable, "{} answered {} to an event of prediction {}", client_.server(), answer->status,
                   id);
    }
    wait_(wait);
    wait *= 2;
  }
}

Status EventSink::send(const Json& record) {
  MODELYARD_TRY(post(record, "request", request_body(record)));
  return post(record, "response", answer_body(record));
}

}  // namespace modelyard::app
