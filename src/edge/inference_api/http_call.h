// HttpCall is a prediction on its way through serving that will be answered over HTTP. Private to this room.
#pragma once

#include "edge/http/handler.h"
#include "edge/inference_api/inference_api.h"
#include "serving/call.h"

namespace modelyard::edge {

class HttpCall : public serving::Call {
 public:
  // `request_id` stays valid until the call has ended.
  HttpCall(Deferred reply, std::size_t body_bytes, std::string_view request_id)
      : reply_(std::move(reply)), body_bytes_(body_bytes), request_id_(request_id) {}

  std::size_t body_bytes() const override { return body_bytes_; }
  bool cancelled() const override { return reply_.cancelled(); }
  void answer(inference::InferResponse& response) override;
  void fail(const Error& error) override;

 protected:
  // `room` is an empty text whose memory the body may have.
  virtual Result<Response> encode(inference::InferResponse& response, std::string room) = 0;

 private:
  Deferred reply_;
  const std::size_t body_bytes_;
  const std::string_view request_id_;
};

// Where a call that is being made keeps an id that is made for it.
inline IdRoom id_room(serving::CallMaker& maker) {
  return IdRoom(static_cast<char*>(maker.memory()->allocate(Uuid::kTextBytes, 1)), Uuid::kTextBytes);
}

Response refusal(const Error& error, std::string_view request_id);
// The header lines that name request, prediction, model and version.
void describe(const inference::InferResponse& prediction, std::string_view request_id, Response& answer);

// By `timeout`, and by the header Modelyard-Timeout-Ms; the earlier one counts.
Result<std::optional<SteadyTime>> deadline_of(const Request& request, std::optional<std::chrono::microseconds> timeout,
                                              SteadyTime now);

}  // namespace modelyard::edge
