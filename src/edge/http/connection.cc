#include "edge/http/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "edge/http/http1_session.h"

namespace modelyard::edge {
namespace {

constexpr std::chrono::milliseconds kLingerTime{2'000};
// Edge-triggered and registered once: no system call to change interest while a request is answered.
constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

Connection::Connection(UniqueFd fd, std::unique_ptr<Transport> transport, std::string remote, ConnectionHome& home)
    : home_(home),
      fd_(std::move(fd)),
      transport_(std::move(transport)),
      remote_(std::move(remote)),
      session_(std::make_unique<Http1Session>(*this)) {
  if (!transport_->is_open()) deadline_ = home_.loop.clock().steady_now() + home_.limits.header_timeout;
}

Connection::~Connection() = default;

Status Connection::start() {
  return home_.loop.watch(fd_.get(), kEvents, *this);
}

void Connection::on_ready(std::uint32_t events) {
  const auto self = shared_from_this();
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) readable_ = true;
  if ((events & EPOLLRDHUP) != 0) end_announced_ = true;
  if ((events & EPOLLOUT) != 0) {
    writable_ = true;
    readable_ = readable_ || !transport_->is_open();  // a handshake may have waited for room
  }
  pump();
  if (fd_ && end_announced_) session_->peer_is_leaving();
}

// Works until nothing is left to do without more bytes, more room, or an answer.
void Connection::pump() {
  pump_is_due_ = false;
  if (pumping_ || !fd_) return;
  pumping_ = true;
  received_in_a_row_ = 0;
  for (bool blocked = true; fd_ && blocked;) {
    if (!lingering_) session_->process();
    if (std::exchange(former_, nullptr)) session_->process();  // the one that was switched to has something to say
    while (may_receive() && wants_bytes() && receive()) {
      if (!lingering_) session_->process();
      if (std::exchange(former_, nullptr)) session_->process();
    }
    if (fd_ && peer_finished_ && !lingering_ && wants_bytes()) session_->end_of_input();
    blocked = output_blocked();
    if (fd_) flush();
    blocked = blocked && !output_blocked();
  }
  pumping_ = false;
  // Registered anew, what is still ready makes an edge of the next turn.
  if (fd_ && received_in_a_row_ >= kMostInARow) home_.loop.change(fd_.get(), kEvents, *this);
}

void Connection::pump_soon() {
  if (pumping_ || pump_is_due_ || !fd_) return;
  pump_is_due_ = true;
  home_.due.push_back(shared_from_this());
}

bool Connection::switch_to_http2(std::string_view received) {
  if (!home_.make_http2) return false;
  former_ = std::move(session_);
  session_ = home_.make_http2(*this);
  while (!received.empty()) {
    const std::span<char> room = session_->room();
    const std::size_t count = std::min(room.size(), received.size());
    std::memcpy(room.data(), received.data(), count);
    received.remove_prefix(count);
    session_->received(count);
  }
  if (home_.draining) session_->drain();
  return true;
}

// One receive. False when there is nothing to read now.
bool Connection::receive() {
  std::array<char, 4096> discarded;
  const std::span<char> room = lingering_ ? std::span<char>(discarded) : session_->room();
  if (room.empty()) return false;
  const bool was_open = transport_->is_open();
  const Moved moved = transport_->receive(room);
  if (!was_open && transport_->is_open()) deadline_ = SteadyTime::max();
  if (moved.kind == Moved::Kind::kNothingNow) return readable_ = false;
  if (moved.kind == Moved::Kind::kBroken) {
    close();
    return false;
  }
  if (moved.kind == Moved::Kind::kEnd) {
    peer_finished_ = true;
    return readable_ = false;
  }
  const std::size_t count = moved.bytes;
  received_in_a_row_ += count;
  if (count == 0) return true;
  // The end of the stream has made its edge already, and must be read.
  if (moved.emptied && !end_announced_) readable_ = false;
  LoopCounters::add(home_.counters.bytes_received, count);
  if (!lingering_) session_->received(count);
  return true;
}

void Connection::flush() {
  const bool nothing = output_.empty();
  while (writable_ && !output_.empty()) {
    std::array<iovec, 64> parts;
    const Moved moved = transport_->send(std::span(parts).first(output_.fill(parts)));
    if (moved.kind == Moved::Kind::kNothingNow) {
      writable_ = false;
      break;
    }
    if (moved.kind != Moved::Kind::kSome) return close();
    LoopCounters::add(home_.counters.bytes_sent, moved.bytes);
    output_.sent(moved.bytes);
    sending_pace_.moved(moved.bytes);
    deadline_ = SteadyTime::max();
  }
  if (!output_.empty()) return wait_to_send();
  waits_to_send_ = false;
  end_output(!nothing);
}

// A client that reads nothing, or too little, does not keep us holding its answers.
void Connection::wait_to_send() {
  const SteadyTime now = home_.loop.clock().steady_now();
  if (deadline_ == SteadyTime::max()) deadline_ = now + home_.limits.body_timeout;
  if (!std::exchange(waits_to_send_, true)) sending_pace_.begin(now);
}

void Connection::end_output(bool sent) {
  if (!lingering_) {
    if (sent) session_->output_sent();
    if (!session_->finished() || !output_.empty()) return;
    linger();
  }
  if (peer_finished_) close();
}

// The client reads our answer before it learns that we do not read on (RFC 9112 §9.6).
void Connection::linger() {
  lingering_ = true;
  transport_->end_output();
  deadline_ = home_.loop.clock().steady_now() + kLingerTime;
  while (may_receive() && !peer_finished_ && receive()) {
  }
}

void Connection::drain() {
  const auto self = shared_from_this();
  readable_ = true;  // what has come, and was not told of yet, is a request to be answered
  pump();
  if (!fd_ || lingering_) return;
  session_->drain();
  pump();
}

void Connection::expire(SteadyTime now) {
  const auto self = shared_from_this();
  if (now >= deadline_ || (waits_to_send_ && home_.limits.is_too_slow(sending_pace_, now))) return cut_off();
  if (lingering_) return;
  session_->expire(now);
  pump();
  output_.rest();
}

// What the kernel has still to send goes, too: it would keep it for minutes for a client that does not read.
void Connection::cut_off() {
  const struct linger at_once{1, 0};
  if (!output_.empty()) ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Connection::close() {
  if (!fd_) return;
  const auto self = shared_from_this();
  const int fd = fd_.get();
  home_.loop.unwatch(fd, *this);
  session_->closed();
  home_.forget(fd);
  fd_.reset();
}

}  // namespace modelyard::edge
