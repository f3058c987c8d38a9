#include "edge/http/http1_session.h"

#include <algorithm>
#include <cstring>

namespace modelyard::edge {
namespace {

constexpr std::size_t kBufferBytes = BufferPool::kSmallest;
constexpr std::size_t kBodyStep = 64u << 10;
constexpr std::size_t kLeastBodyRoom = 4096;
constexpr std::chrono::milliseconds kLastRequestTime{1'000};
// A client with prior knowledge of HTTP/2 begins so (RFC 9113 §3.4).
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

Http1Session::Http1Session(Connection& connection) : connection_(connection), home_(connection.home()) {
  deadline_ = idle_deadline();
}

// While draining, a request may be on its way; it is still answered, and told that it was the last.
SteadyTime Http1Session::idle_deadline() const {
  return now() + (home_.draining ? kLastRequestTime : home_.limits.idle_timeout);
}

// Makes room for more bytes at the end of the buffer, moving what is unread to its front.
void Http1Session::make_room() {
  if (!buffer_) buffer_ = home_.buffers.take(kBufferBytes);
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < capacity()) return;
  if (begin_ == 0) return grow();  // only a head fills the whole buffer, and its limit may be larger
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

void Http1Session::grow() {
  Buffer larger = home_.buffers.take(2 * buffer_.capacity());
  std::memcpy(larger.data(), buffer_.data(), end_);
  home_.buffers.put(std::exchange(buffer_, std::move(larger)));
}

// An idle connection holds no memory.
void Http1Session::rest() {
  if (state_ != State::kHead || begin_ < end_ || !buffer_) return;
  home_.buffers.put(std::move(buffer_));
  begin_ = end_ = floor_ = scanned_ = 0;
}

std::span<char> Http1Session::room() {
  if (state_ == State::kHead) {
    make_room();
  } else if (state_ == State::kBody && body_ && !head_.chunked) {
    return {body_.data() + body_size_, static_cast<std::size_t>(body_left_)};
  } else if (state_ != State::kBody && state_ != State::kSink) {
    return {};
  } else if (begin_ == end_) {
    begin_ = end_ = floor_;  // the head in front of it is still in use
  }
  return {buffer_.data() + end_, capacity() - end_};
}

void Http1Session::received(std::size_t count) {
  if (state_ == State::kBody && body_ && !head_.chunked) {
    body_size_ += count;
    body_left_ -= count;
  } else {
    end_ += count;
  }
  if (state_ == State::kHead && end_ - begin_ == count) deadline_ = now() + home_.limits.header_timeout;
  if (state_ == State::kBody || state_ == State::kSink) {
    deadline_ = now() + home_.limits.body_timeout;
    body_pace_.moved(count);
  }
}

void Http1Session::process() {
  bool progress = true;
  while (progress && !connection_.output_blocked()) {
    progress = false;
    if (state_ == State::kHead) progress = process_head();
    if (state_ == State::kBody) progress = process_body();
    if (state_ == State::kSink) progress = process_sink();
  }
  rest();
}

void Http1Session::end_of_input() {
  // What was answered is still sent, what is incomplete is dropped.
  if (state_ != State::kHead && state_ != State::kBody && state_ != State::kSink) return;
  sink_.reset();
  state_ = State::kFinished;
}

bool Http1Session::process_head() {
  if (begin_ == end_) return false;
  if (first_ && kHttp2Preface.starts_with(unread().substr(0, kHttp2Preface.size()))) {
    if (unread().size() < kHttp2Preface.size()) return false;
    if (connection_.switch_to_http2(unread())) {
      state_ = State::kSwitched;
      return false;
    }
  }
  if (!read_head()) return false;
  first_ = false;
  head_read_ = now();
  floor_ = begin_;
  scanned_ = 0;
  request_.method = head_.method;
  request_.target = head_.target;
  request_.headers = head_.headers;
  request_.body = {};
  request_.remote = connection_.remote();
  request_.identity = connection_.identity();
  request_.loop_index = connection_.home().loop_index;
  request_.route = nullptr;
  request_.parameters.clear();
  close_after_answer_ = !head_.keep_alive || home_.draining;
  LoopCounters::add(home_.counters.requests, 1);
  return take_policy(home_.handler.on_head(request_, scratch_));
}

// True when a head has been read, with room for a body behind it.
bool Http1Session::read_head() {
  HeadOutcome outcome = read_request_head(unread(), home_.limits.head, scanned_, head_);
  if (outcome.kind == HeadOutcome::Kind::kNeedMore) return false;
  if (outcome.kind == HeadOutcome::Kind::kBad) {
    refuse(error_response(outcome.status, outcome.problem));
    return false;
  }
  if (has_body() && capacity() - begin_ - outcome.consumed < kLeastBodyRoom) {
    // The head stays where it is while its body is read behind it, so the room is made now.
    grow();
    scanned_ = 0;
    outcome = read_request_head(unread(), home_.limits.head, scanned_, head_);
  }
  begin_ += outcome.consumed;
  return true;
}

bool Http1Session::take_policy(BodyPolicy policy) {
  if (auto* refusal = std::get_if<Response>(&policy)) {
    if (has_body()) {
      refuse(std::move(*refusal));
    } else {
      respond(std::move(*refusal));
    }
    return state_ == State::kHead;
  }
  deadline_ = now() + home_.limits.body_timeout;
  body_pace_.begin(now());
  chunked_.reset();
  body_left_ = head_.content_length.value_or(0);
  if (const auto* streamed = std::get_if<StreamBody>(&policy)) return begin_sink(*streamed);
  return begin_buffered_body(std::get<BufferBody>(policy));
}

bool Http1Session::begin_sink(const StreamBody& policy) {
  if (const auto refusal = refuse_streamed(request_)) {
    refuse(*refusal);
    return false;
  }
  state_ = State::kSink;
  sink_ = policy.open(*this);
  if (state_ == State::kSink && head_.expects_continue) connection_.output().text() += "HTTP/1.1 100 Continue\r\n\r\n";
  return state_ == State::kSink;
}

bool Http1Session::begin_buffered_body(const BufferBody& policy) {
  body_limit_ = std::min(policy.max_bytes, home_.limits.max_body_bytes);
  const AnnouncedBody announced{head_.chunked || head_.content_length, body_left_};
  if (const auto refusal = refuse_buffered(policy, request_, announced, body_limit_)) {
    refuse(*refusal);
    return false;
  }
  state_ = State::kBody;
  body_size_ = 0;
  const std::size_t here = end_ - begin_;
  if (!head_.chunked && body_left_ > here && begin_ + body_left_ > capacity()) {
    // Sized by Content-Length and not zeroed: a large body is received where it stays.
    body_ = home_.buffers.take(static_cast<std::size_t>(body_left_) + kBodyPadding);
    std::memcpy(body_.data(), unread().data(), here);
    body_size_ = here;
    body_left_ -= here;
    begin_ = end_;
  }
  const bool more = head_.chunked || body_left_ > 0;
  if (head_.expects_continue && more) connection_.output().text() += "HTTP/1.1 100 Continue\r\n\r\n";
  return true;
}

bool Http1Session::process_body() {
  if (head_.chunked) {
    const auto complete = collect_chunked();
    if (!complete) {
      const int status = complete.error().code() == Code::kResourceExhausted ? 413 : 400;
      refuse(Refusal{status, std::string(complete.error().message())});
      return false;
    }
    if (!*complete) return false;
    finish_body({body_.data(), body_size_});
  } else if (body_) {
    if (body_left_ > 0) return false;
    finish_body({body_.data(), body_size_});
  } else {
    if (end_ - begin_ < body_left_) return false;
    const std::string_view body = unread().substr(0, static_cast<std::size_t>(body_left_));
    begin_ += body.size();
    finish_body(body);
  }
  return state_ == State::kHead;
}

// True when the last chunk has come.
Result<bool> Http1Session::collect_chunked() {
  while (begin_ < end_ && !chunked_.done()) {
    MODELYARD_ASSIGN(const auto step, chunked_.next(unread()));
    begin_ += step.consumed;
    const std::size_t size = body_size_ + step.data.size();
    if (size > body_limit_ || chunked_.announced() > body_limit_ - size) {
      return error(Code::kResourceExhausted, "the body is larger than the limit of {} bytes", body_limit_);
    }
    if (step.data.empty()) continue;
    if (size + kBodyPadding > body_.capacity()) {
      Buffer larger = home_.buffers.take(std::max(size + kBodyStep, 2 * body_.capacity()));
      if (body_size_ > 0) std::memcpy(larger.data(), body_.data(), body_size_);
      home_.buffers.put(std::exchange(body_, std::move(larger)));
    }
    std::memcpy(body_.data() + body_size_, step.data.data(), step.data.size());
    body_size_ = size;
  }
  return chunked_.done();
}

void Http1Session::finish_body(std::string_view body) {
  state_ = State::kHandling;
  deadline_ = SteadyTime::max();
  if (const auto refusal = decode_body(request_, body, body_limit_, inflated_, request_.body)) {
    return respond(home_.handler.say(request_, *refusal));
  }
  home_.handler.handle(*this);
}

bool Http1Session::process_sink() {
  for (;;) {
    std::string_view piece;
    bool complete = false;
    if (head_.chunked) {
      const auto step = chunked_.next(unread());
      if (!step) {
        sink_.reset();
        refuse(Refusal{400, std::string(step.error().message())});
        return false;
      }
      begin_ += step->consumed;
      piece = step->data;
      complete = chunked_.done();
      if (step->consumed == 0 && !complete) return false;
    } else {
      piece = unread().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, end_ - begin_)));
      begin_ += piece.size();
      body_left_ -= piece.size();
      complete = body_left_ == 0;
      if (piece.empty() && !complete) return false;
    }
    const auto appetite = piece.empty() ? BodySink::Appetite::kMore : sink_->write(piece);
    if (state_ != State::kSink) return state_ == State::kHead;  // the sink has answered already
    if (appetite == BodySink::Appetite::kPause) {  // before the end, too: it may not overtake the last piece
      state_ = State::kSinkPaused;
      deadline_ = SteadyTime::max();
      return false;
    }
    if (complete) {
      state_ = State::kHandling;
      deadline_ = SteadyTime::max();
      sink_->end();
      return state_ == State::kHead;
    }
  }
}

void Http1Session::resume_body() {
  if (state_ != State::kSinkPaused) return;
  state_ = State::kSink;
  deadline_ = now() + home_.limits.body_timeout;
  body_pace_.begin(now());
  connection_.pump();
}

void Http1Session::drain() {
  close_after_answer_ = true;
  if (state_ == State::kHead && begin_ == end_) deadline_ = std::min(deadline_, idle_deadline());
}

void Http1Session::expire(SteadyTime now) {
  if (connection_.output_blocked()) return;  // the connection's own time counts
  const bool within_body = state_ == State::kBody || state_ == State::kSink;
  if (within_body && home_.limits.is_too_slow(body_pace_, now)) deadline_ = now;
  if (now < deadline_) return;
  const bool within_head = state_ == State::kHead && begin_ < end_;
  const Refusal late{408, "the request took too long to arrive"};
  if (within_body) {
    refuse(late);
  } else if (within_head) {
    refuse(error_response(late.status, late.why));
  } else {
    connection_.close();
  }
}

void Http1Session::peer_is_leaving() {
  if (state_ != State::kHandling || leaving.exchange(true, std::memory_order_relaxed)) return;
  LoopCounters::add(home_.counters.abandoned, 1);
}

void Http1Session::closed() {
  peer_is_leaving();
  gone.store(true, std::memory_order_relaxed);
  sink_.reset();
}

}  // namespace modelyard::edge
