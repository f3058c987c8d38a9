#include "edge/http/handler.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kMostBacklog = 1u << 20;

}  // namespace

Deferred::~Deferred() {
  if (!target_) return;
  if (streaming_) {
    end_stream();
  } else {
    complete(error_response(500, "the request was dropped"));
  }
}

Response Handler::say(const Request&, const Refusal& refusal) {
  Response response = error_response(refusal.status, refusal.why);
  response.headers += refusal.headers;
  return response;
}

void Deferred::complete(Response response) {
  loop_->post(
      [target = std::move(target_), answer = std::move(response)]() mutable { target->deliver(std::move(answer)); });
}

void Deferred::complete_here(Response response) {
  const auto target = std::move(target_);
  target->deliver(std::move(response));
}

void Deferred::begin_stream(Response head) {
  streaming_ = true;
  loop_->post([target = target_, head = std::move(head)]() mutable { target->begin_stream(std::move(head)); });
}

bool Deferred::stream(std::string piece) {
  if (target_->gone.load(std::memory_order_relaxed) || target_->stream_backlog.load() > kMostBacklog) return false;
  if (piece.empty()) return true;
  target_->stream_backlog.fetch_add(piece.size());
  loop_->post([target = target_, piece = std::move(piece)]() mutable {
    target->stream_backlog.fetch_sub(piece.size());
    target->stream(std::move(piece));
  });
  return true;
}

void Deferred::end_stream(std::string trailers) {
  loop_->post([target = std::move(target_), trailers = std::move(trailers)]() mutable {
    target->end_stream(std::move(trailers));
  });
}

void Deferred::begin_stream_here(Response head) {
  streaming_ = true;
  target_->begin_stream(std::move(head));
}

void Deferred::stream_here(std::string piece) {
  target_->stream(std::move(piece));
}

void Deferred::end_stream_here(std::string trailers) {
  const auto target = std::move(target_);
  target->end_stream(std::move(trailers));
}

std::function<void()> Deferred::body_resumer() const {
  return [target = target_, loop = loop_] { loop->post([target] { target->resume_body(); }); };
}

}  // namespace modelyard::edge
