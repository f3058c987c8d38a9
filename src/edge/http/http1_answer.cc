// The answering half of Http1Session.
#include <algorithm>

#include "edge/http/http1_session.h"

namespace modelyard::edge {

Deferred Http1Session::defer() {
  return {std::shared_ptr<ReplyTarget>(connection_.shared_from_this(), this), home_.loop};
}

// Answers a request whose body was not read: what follows on the wire is not another request.
void Http1Session::refuse(Response response) {
  response.close = true;
  respond(std::move(response));
}

void Http1Session::refuse(const Refusal& refusal) {
  refuse(home_.handler.say(request_, refusal));
}

void Http1Session::deliver(Response response) {
  if (gone.load(std::memory_order_relaxed)) return;
  respond(std::move(response));
  connection_.pump_soon();
}

void Http1Session::respond(Response response) {
  if (gone.load(std::memory_order_relaxed)) return;
  const bool body_unread = state_ == State::kSink || state_ == State::kSinkPaused;
  close_after_answer_ = close_after_answer_ || response.close || body_unread || home_.draining;
  if (home_.observer) home_.observer(request_, response, now() - head_read_);
  append_answer(std::move(response));
  end_exchange();
}

void Http1Session::end_exchange() {
  sink_.reset();
  home_.buffers.put(std::move(body_));
  body_size_ = 0;
  inflated_ = {};
  request_.method = Method::kOther;
  request_.headers = {};
  state_ = close_after_answer_ ? State::kFinished : State::kHead;
  deadline_ = idle_deadline();
}

void Http1Session::append_head(const Response& response, Framing framing) {
  std::string& out = connection_.output().text();
  const auto number = [](std::uint64_t value) {
    const fmt::format_int digits(value);
    return std::string(digits.data(), digits.size());  // short: no allocation
  };
  out.append("HTTP/1.1 ").append(number(static_cast<std::uint64_t>(response.status))).append(" ");
  out.append(status_text(response.status)).append("\r\nDate: ");
  out.append(home_.date.at(home_.loop.clock().utc_now())).append("\r\n");
  if (!response.has_no_content() && !response.content_type.empty()) {
    out.append("Content-Type: ").append(response.content_type).append("\r\n");
  }
  if (framing == Framing::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing == Framing::kLength && !response.has_no_content()) {
    out.append("Content-Length: ").append(number(response.head_bytes.value_or(response.body_bytes()))).append("\r\n");
  }
  if (close_after_answer_) {
    out.append("Connection: close\r\n");
  } else if (head_.minor_version == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append(response.headers).append("\r\n");
}

void Http1Session::append_answer(Response response) {
  compress_answer(request_, response);
  append_head(response, Framing::kLength);
  TextPool& texts = home_.loop.texts();
  texts.put(std::move(response.headers));
  if (response.has_no_content() || request_.method == Method::kHead) return;
  connection_.output().text() += response.body;
  texts.put(std::move(response.body));
  for (const auto& blob : response.blobs) connection_.output().add_blob(blob, response.keep);
}

void Http1Session::begin_stream(Response head) {
  if (gone.load(std::memory_order_relaxed)) return;
  // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
  const Framing framing = head_.minor_version == 0 ? Framing::kUntilClose : Framing::kChunked;
  if (framing == Framing::kUntilClose) close_after_answer_ = true;
  const std::string first = std::exchange(head.body, {});
  append_head(head, framing);
  state_ = State::kStreaming;
  if (request_.method == Method::kHead) {
    end_exchange();
  } else if (!first.empty()) {
    stream(first);
  }
  connection_.pump_soon();
}

void Http1Session::stream(std::string piece) {
  if (state_ != State::kStreaming) return;
  const bool chunks = head_.minor_version == 1;
  std::string& text = connection_.output().text();
  if (piece.empty()) return;  // an empty chunk would end the body
  if (chunks) fmt::format_to(std::back_inserter(text), "{:x}\r\n", piece.size());
  text += piece;
  if (chunks) text += "\r\n";
  // A client that does not read must not make us keep what it will never get.
  if (connection_.output().bytes() > 4 * Connection::kMostPending) return connection_.close();
  connection_.pump_soon();
}

void Http1Session::end_stream(std::string) {
  if (state_ != State::kStreaming) return;
  if (head_.minor_version == 1) connection_.output().text() += "0\r\n\r\n";
  close_after_answer_ = close_after_answer_ || home_.draining;
  end_exchange();
  connection_.pump_soon();
}

void Http1Session::output_sent() {
  if (state_ == State::kHead && begin_ == end_) deadline_ = idle_deadline();
}

}  // namespace modelyard::edge
