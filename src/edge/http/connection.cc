#include "edge/http/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

namespace modelyard::edge {
namespace {

constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLeastCompressed = 1024;  // below, the headers cost more than is won
constexpr std::size_t kBodyStep = 64u << 10;
constexpr std::size_t kLeastBodyRoom = 4096;

}  // namespace

Connection::Connection(UniqueFd fd, std::string remote, ConnectionHome& home)
    : home_(home),
      fd_(std::move(fd)),
      remote_(std::move(remote)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes + kBodyPadding)),
      capacity_(kBufferBytes) {
  deadline_ = home_.loop.clock().steady_now() + home_.limits.idle_timeout;
}

Connection::~Connection() = default;

Status Connection::start() {
  // Edge-triggered and registered once: no system call to change interest while a request is answered.
  return home_.loop.watch(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

void Connection::on_ready(std::uint32_t events) {
  const auto self = shared_from_this();
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    gone.store(true, std::memory_order_relaxed);
    close();
    return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) readable_ = true;
  if ((events & EPOLLRDHUP) != 0) end_announced_ = true;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  pump();
}

// Works until nothing is left to do without more bytes, more room, or an answer.
void Connection::pump() {
  while (state_ != State::kClosed) {
    in_process_ = true;
    process();
    in_process_ = false;
    if (state_ == State::kClosed) return;
    if (wants_bytes() && readable_ && receive()) continue;
    if (state_ == State::kClosed) return;
    if (peer_finished_ && wants_bytes()) {
      // Nothing more will come: what was answered is still sent, what is incomplete is dropped.
      sink_.reset();
      state_ = State::kLingering;
    }
    const bool was_blocked = output_blocked();
    flush();
    if (!was_blocked || output_blocked()) return;
  }
}

bool Connection::wants_bytes() const {
  if (output_blocked()) return false;
  return state_ == State::kHead || state_ == State::kBody || state_ == State::kSink || state_ == State::kLingering;
}

void Connection::process() {
  bool progress = true;
  while (progress && !output_blocked()) {
    progress = false;
    if (state_ == State::kHead) progress = process_head();
    if (state_ == State::kBody) progress = process_body();
    if (state_ == State::kSink) progress = process_sink();
    if (state_ == State::kLingering) begin_ = end_ = floor_ = 0;
  }
}

// Makes room for more bytes at the end of the buffer, moving what is unread to its front.
void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < capacity_) return;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return;
  }
  grow();  // only a head fills the whole buffer, and its limit may be larger
}

void Connection::grow() {
  auto larger = std::make_unique_for_overwrite<char[]>(2 * capacity_ + kBodyPadding);
  std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
  capacity_ *= 2;
}

// One receive. False when there is nothing to read now.
bool Connection::receive() {
  char* target = nullptr;
  std::size_t room = 0;
  const bool into_body = state_ == State::kBody && body_ && !head_.chunked;
  if (into_body) {
    target = body_.get() + body_size_;
    room = static_cast<std::size_t>(body_left_);
  } else {
    if (state_ == State::kHead) {
      make_room();
    } else if (begin_ == end_) {
      begin_ = end_ = floor_;  // the head in front of it is still in use
    }
    target = buffer_.get() + end_;
    room = capacity_ - end_;
  }
  const ssize_t got = ::recv(fd_.get(), target, room, 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return readable_ = false;
  if (got < 0 && errno == EINTR) return true;
  if (got < 0) {
    close();
    return false;
  }
  if (got == 0) {
    peer_finished_ = true;
    return readable_ = false;
  }
  const auto count = static_cast<std::size_t>(got);
  // A short read has emptied the socket: the next byte makes a new edge. The end of the stream has made its own
  // already, and must be read.
  if (count < room && !end_announced_) readable_ = false;
  if (into_body) {
    body_size_ += count;
    body_left_ -= count;
  } else {
    end_ += count;
  }
  LoopCounters::add(home_.counters.bytes_received, count);
  const SteadyTime now = home_.loop.clock().steady_now();
  if (state_ == State::kHead && end_ - begin_ == count) deadline_ = now + home_.limits.header_timeout;
  if (state_ == State::kBody || state_ == State::kSink) deadline_ = now + home_.limits.body_timeout;
  return true;
}

bool Connection::process_head() {
  if (begin_ == end_) return false;
  const HeadOutcome outcome = read_request_head(unread(), home_.limits.head, scanned_, head_);
  if (outcome.kind == HeadOutcome::Kind::kNeedMore) return false;
  if (outcome.kind == HeadOutcome::Kind::kBad) {
    refuse(error_response(outcome.status, outcome.problem));
    return false;
  }
  const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
  if (has_body && capacity_ - begin_ - outcome.consumed < kLeastBodyRoom) {
    // The head stays where it is while its body is read behind it, so the room is made now.
    grow();
    scanned_ = 0;
    return true;
  }
  LoopCounters::add(home_.counters.requests, 1);
  head_read_ = home_.loop.clock().steady_now();
  begin_ += outcome.consumed;
  floor_ = begin_;
  scanned_ = 0;
  request_.method = head_.method;
  request_.target = head_.target;
  request_.headers = head_.headers;
  request_.body = {};
  request_.remote = remote_;
  request_.route = nullptr;
  request_.parameters.clear();
  close_after_answer_ = !head_.keep_alive || home_.draining;
  return take_policy(home_.handler.on_head(request_, scratch_));
}

bool Connection::take_policy(BodyPolicy policy) {
  const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
  if (auto* refusal = std::get_if<Response>(&policy)) {
    if (has_body) {
      refuse(std::move(*refusal));
    } else {
      respond(std::move(*refusal));
    }
    return state_ == State::kHead;
  }
  body_began_ = home_.loop.clock().steady_now();
  deadline_ = body_began_ + home_.limits.body_timeout;
  chunked_.reset();
  body_left_ = head_.content_length.value_or(0);
  if (auto* streamed = std::get_if<StreamBody>(&policy)) {
    if (request_.header("content-encoding")) {
      refuse(error_response(415, "this body is stored as it is; send it without Content-Encoding"));
      return false;
    }
    state_ = State::kSink;
    sink_ = streamed->open(*this);
    if (state_ == State::kSink && head_.expects_continue) pending_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return state_ == State::kSink;
  }
  return begin_buffered_body(std::get<BufferBody>(policy));
}

bool Connection::begin_buffered_body(const BufferBody& policy) {
  body_limit_ = std::min(policy.max_bytes, home_.limits.max_body_bytes);
  if (!head_.chunked && !head_.content_length && policy.needs_length) {
    refuse(error_response(411, "send Content-Length or a chunked body"));
    return false;
  }
  if (body_left_ > body_limit_) {
    refuse(error_response(413, fmt::format("the body has {} bytes, the limit is {}", body_left_, body_limit_)));
    return false;
  }
  const auto coding = request_.header("content-encoding");
  if (coding && !parse_coding(*coding)) {
    Response response = error_response(501, fmt::format("content encoding '{}' is not known", *coding));
    response.add_header("Accept-Encoding", kKnownCodings);
    refuse(std::move(response));
    return false;
  }
  state_ = State::kBody;
  body_size_ = 0;
  body_.reset();
  body_capacity_ = 0;
  const std::size_t here = end_ - begin_;
  if (!head_.chunked && body_left_ > here && begin_ + body_left_ > capacity_) {
    // Sized by Content-Length and not zeroed: a large body is received where it stays.
    body_capacity_ = static_cast<std::size_t>(body_left_);
    body_ = std::make_unique_for_overwrite<char[]>(body_capacity_ + kBodyPadding);
    std::memcpy(body_.get(), unread().data(), here);
    body_size_ = here;
    body_left_ -= here;
    begin_ = end_;
  }
  if (head_.expects_continue && (head_.chunked || body_left_ > 0)) pending_ += "HTTP/1.1 100 Continue\r\n\r\n";
  return true;
}

bool Connection::process_body() {
  if (head_.chunked) {
    const auto complete = collect_chunked();
    if (!complete) {
      const int status = complete.error().code() == Code::kResourceExhausted ? 413 : 400;
      refuse(error_response(status, complete.error().message()));
      return false;
    }
    if (!*complete) return false;
    finish_body({body_.get(), body_size_});
  } else if (body_) {
    if (body_left_ > 0) return false;
    finish_body({body_.get(), body_size_});
  } else {
    if (end_ - begin_ < body_left_) return false;
    const std::string_view body = unread().substr(0, static_cast<std::size_t>(body_left_));
    begin_ += body.size();
    finish_body(body);
  }
  return state_ == State::kHead;
}

// True when the last chunk has come.
Result<bool> Connection::collect_chunked() {
  while (begin_ < end_ && !chunked_.done()) {
    MODELYARD_ASSIGN(const auto step, chunked_.next(unread()));
    begin_ += step.consumed;
    if (step.data.empty()) continue;
    if (body_size_ + step.data.size() > body_limit_) {
      return error(Code::kResourceExhausted, "the body is larger than the limit of {} bytes", body_limit_);
    }
    if (body_size_ + step.data.size() > body_capacity_) {
      body_capacity_ = std::min(body_limit_, std::max(body_size_ + step.data.size() + kBodyStep, 2 * body_capacity_));
      auto larger = std::make_unique_for_overwrite<char[]>(body_capacity_ + kBodyPadding);
      if (body_size_ > 0) std::memcpy(larger.get(), body_.get(), body_size_);
      body_ = std::move(larger);
    }
    std::memcpy(body_.get() + body_size_, step.data.data(), step.data.size());
    body_size_ += step.data.size();
  }
  return chunked_.done();
}

Status Connection::decode_content(std::string_view body) {
  request_.body = body;
  const auto name = request_.header("content-encoding");
  if (!name) return ok();
  const auto coding = parse_coding(*name);
  if (*coding == Coding::kIdentity) return ok();
  MODELYARD_ASSIGN(inflated_, inflate(*coding, body, body_limit_));
  request_.body = inflated_;
  return ok();
}

void Connection::finish_body(std::string_view body) {
  state_ = State::kHandling;
  deadline_ = SteadyTime::max();
  const Status decoded = decode_content(body);
  if (!decoded) {
    const int status = decoded.error().code() == Code::kResourceExhausted ? 413 : 400;
    respond(error_response(status, decoded.error().message()));
    return;
  }
  home_.handler.handle(*this);
}

bool Connection::process_sink() {
  for (;;) {
    std::string_view piece;
    bool complete = false;
    if (head_.chunked) {
      const auto step = chunked_.next(unread());
      if (!step) {
        sink_.reset();
        refuse(error_response(400, step.error().message()));
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

void Connection::resume_body() {
  if (state_ != State::kSinkPaused) return;
  state_ = State::kSink;
  deadline_ = home_.loop.clock().steady_now() + home_.limits.body_timeout;
  pump();
}

Deferred Connection::defer() {
  return Deferred(shared_from_this(), home_.loop);
}

// Answers a request whose body was not read: what follows on the wire is not another request.
void Connection::refuse(Response response) {
  response.close = true;
  respond(std::move(response));
}

void Connection::deliver(Response response) {
  if (state_ == State::kClosed) return;
  respond(std::move(response));
  if (!in_process_) pump();
}

void Connection::respond(Response response) {
  if (state_ == State::kClosed) return;
  const bool body_unread = state_ == State::kSink || state_ == State::kSinkPaused;
  if (body_unread || home_.draining) response.close = true;
  close_after_answer_ = close_after_answer_ || response.close;
  if (home_.observer) home_.observer(request_, response, home_.loop.clock().steady_now() - head_read_);
  append_answer(std::move(response), false);
  end_exchange();
}

void Connection::end_exchange() {
  sink_.reset();
  body_.reset();
  body_capacity_ = body_size_ = 0;
  inflated_ = {};
  request_.method = Method::kOther;
  request_.headers = {};
  state_ = close_after_answer_ ? State::kLingering : State::kHead;
  deadline_ = home_.loop.clock().steady_now() + home_.limits.idle_timeout;
}

void Connection::apply_coding(Response& response) const {
  if (response.body_bytes() < kLeastCompressed) return;
  const auto accepted = request_.header("accept-encoding");
  const Coding coding = accepted ? choose_coding(*accepted) : Coding::kIdentity;
  if (coding == Coding::kIdentity) return;
  for (const auto& blob : response.blobs) {
    response.body.append(reinterpret_cast<const char*>(blob.data()), blob.size());
  }
  response.blobs.clear();
  auto compressed = compress(coding, response.body);
  if (!compressed || compressed->size() >= response.body.size()) return;
  response.body = std::move(*compressed);
  response.add_header("Content-Encoding", coding_name(coding));
  response.add_header("Vary", "Accept-Encoding");
}

void Connection::append_answer(Response response, bool chunked) {
  if (!chunked) apply_coding(response);
  fmt::format_to(std::back_inserter(pending_), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 status_text(response.status), home_.date.at(home_.loop.clock().utc_now()));
  const bool no_content = response.status == 204 || response.status == 304;
  if (!no_content && !response.content_type.empty()) {
    fmt::format_to(std::back_inserter(pending_), "Content-Type: {}\r\n", response.content_type);
  }
  if (chunked) {
    pending_ += "Transfer-Encoding: chunked\r\n";
  } else if (!no_content) {
    fmt::format_to(std::back_inserter(pending_), "Content-Length: {}\r\n",
                   response.head_bytes.value_or(response.body_bytes()));
  }
  if (close_after_answer_) {
    pending_ += "Connection: close\r\n";
  } else if (head_.minor_version == 0) {
    pending_ += "Connection: keep-alive\r\n";
  }
  pending_.append(response.headers).append("\r\n");
  if (chunked || no_content || request_.method == Method::kHead) return;
  pending_ += response.body;
  pending_blobs_ = std::move(response.blobs);
  pending_keep_ = std::move(response.keep);
}

void Connection::begin_stream(Response head) {
  if (state_ == State::kClosed) return;
  // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
  if (head_.minor_version == 0) close_after_answer_ = true;
  std::string first = std::move(head.body);
  head.body.clear();
  append_answer(std::move(head), head_.minor_version == 1);
  state_ = State::kStreaming;
  if (request_.method == Method::kHead) {
    end_exchange();
    pump();
    return;
  }
  if (!first.empty()) stream(std::move(first));
  pump();
}

void Connection::stream(std::string piece) {
  stream_backlog.fetch_sub(std::min(stream_backlog.load(), piece.size()));
  if (state_ != State::kStreaming) return;
  const bool chunks = head_.minor_version == 1;
  if (!piece.empty()) {
    if (chunks) fmt::format_to(std::back_inserter(pending_), "{:x}\r\n", piece.size());
    pending_ += piece;
    if (chunks) pending_ += "\r\n";
    // A client that does not read must not make us keep what it will never get.
    if (pending_.size() - pending_sent_ > 4 * kMostPending) {
      gone.store(true, std::memory_order_relaxed);
      close();
      return;
    }
  } else {
    if (chunks) pending_ += "0\r\n\r\n";
    if (home_.draining) close_after_answer_ = true;
    end_exchange();
  }
  pump();
}

void Connection::account_sent(std::size_t sent) {
  LoopCounters::add(home_.counters.bytes_sent, sent);
  const std::size_t of_text = std::min(sent, pending_.size() - pending_sent_);
  pending_sent_ += of_text;
  sent -= of_text;
  while (!pending_blobs_.empty() && sent >= pending_blobs_.front().size()) {
    sent -= pending_blobs_.front().size();
    pending_blobs_.erase(pending_blobs_.begin());
  }
  if (sent > 0) pending_blobs_.front() = pending_blobs_.front().subspan(sent);
}

void Connection::flush() {
  while (writable_ && (pending_sent_ < pending_.size() || !pending_blobs_.empty())) {
    std::array<iovec, 32> parts;
    std::size_t count = 0;
    if (pending_sent_ < pending_.size()) {
      parts[count++] = {pending_.data() + pending_sent_, pending_.size() - pending_sent_};
    }
    for (std::size_t i = 0; i < pending_blobs_.size() && count < parts.size(); ++i) {
      // writev(2) takes a non-const pointer and does not write through it.
      parts[count++] = {const_cast<std::byte*>(pending_blobs_[i].data()), pending_blobs_[i].size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      writable_ = false;
      break;
    }
    if (sent < 0) {
      gone.store(true, std::memory_order_relaxed);
      close();
      return;
    }
    account_sent(static_cast<std::size_t>(sent));
  }
  const bool all_sent = pending_sent_ == pending_.size() && pending_blobs_.empty();
  if (!all_sent) {
    write_stalled_ = true;
    deadline_ = home_.loop.clock().steady_now() + home_.limits.body_timeout;
    if (pending_sent_ > kMostPending) {
      pending_.erase(0, pending_sent_);
      pending_sent_ = 0;
    }
    return;
  }
  end_output();
}

void Connection::end_output() {
  pending_.clear();
  pending_sent_ = 0;
  pending_keep_.reset();
  const SteadyTime now = home_.loop.clock().steady_now();
  if (write_stalled_) deadline_ = state_ == State::kHead ? now + home_.limits.idle_timeout : SteadyTime::max();
  write_stalled_ = false;
  if (state_ != State::kLingering) return;
  if (peer_finished_) return close();
  if (output_ended_) return;
  // The client reads our answer before it learns that we do not read on (RFC 9112 §9.6).
  output_ended_ = true;
  ::shutdown(fd_.get(), SHUT_WR);
  deadline_ = now + kLingerTime;
  begin_ = end_ = floor_ = 0;
}

void Connection::drain() {
  close_after_answer_ = true;
  const bool idle = state_ == State::kHead && begin_ == end_ && pending_.empty() && pending_blobs_.empty();
  if (idle) close();
}

void Connection::expire(SteadyTime now) {
  const auto self = shared_from_this();
  if (state_ == State::kBody || state_ == State::kSink) {
    // Besides pauses, a body that trickles in takes too long as a whole.
    const std::uint64_t received = head_.content_length.value_or(body_size_) - body_left_;
    const auto allowed = home_.limits.body_timeout + std::chrono::seconds(received / home_.limits.least_body_rate);
    if (now > body_began_ + allowed) deadline_ = now;
  }
  if (now < deadline_) return;
  const bool within_head = state_ == State::kHead && begin_ < end_;
  if (within_head || state_ == State::kBody || state_ == State::kSink) {
    refuse(error_response(408, "the request took too long to arrive"));
    pump();
    return;
  }
  close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  state_ = State::kClosed;
  gone.store(true, std::memory_order_relaxed);
  sink_.reset();
  home_.loop.unwatch(fd_.get(), *this);
  home_.forget(fd_.get());
  fd_.reset();
}

}  // namespace modelyard::edge
