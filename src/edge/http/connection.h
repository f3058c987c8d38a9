// Connection is one client's socket: it receives for the session that speaks the client's protocol, and sends what the
// session has put into the output. What is ready in one turn leaves in one write.
//
// Threads:   its event loop's only.
// Ownership: shared by the loop's table and by exchanges that wait for an answer, so that a request's buffers outlive
//            the client.
// Timers:    expire(now) is called by the loop's tick; it ends what has taken too long.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "edge/http/connection_home.h"
#include "edge/http/output_queue.h"
#include "edge/http/session.h"
#include "edge/http/transport.h"

namespace modelyard::edge {

class Connection final : public Watcher, public std::enable_shared_from_this<Connection> {
 public:
  // Beyond so much unsent output, no more requests are read.
  static constexpr std::size_t kMostPending = 256u << 10;
  // So much is received in a row; then others get their turn.
  static constexpr std::size_t kMostInARow = 1u << 20;

  Connection(UniqueFd fd, std::unique_ptr<Transport> transport, std::string remote, ConnectionHome& home);
  ~Connection() override;

  Status start();
  void expire(SteadyTime now);
  void drain();
  int fd() const { return fd_.get(); }

  void on_ready(std::uint32_t events) override;

  // For the session.
  ConnectionHome& home() { return home_; }
  const std::string& remote() const { return remote_; }
  std::string_view identity() const { return transport_->identity(); }
  OutputQueue& output() { return output_; }
  bool output_blocked() const { return output_.bytes() > kMostPending; }
  // Something changed: go on. Does nothing within process().
  void pump();
  // The same at the end of the turn, so that answers of one turn leave in one write.
  void pump_soon();
  void close();
  // The client has begun with HTTP/2's preface, of which `received` are the first bytes. False when that is not
  // spoken here. The present session is not called again.
  bool switch_to_http2(std::string_view received);

 private:
  bool receive();
  bool may_receive() const { return fd_ && readable_ && received_in_a_row_ < kMostInARow; }
  void flush();
  void end_output(bool sent);
  void wait_to_send();
  void linger();
  void cut_off();
  bool wants_bytes() const { return lingering_ || (!session_->finished() && !output_blocked()); }

  ConnectionHome& home_;
  UniqueFd fd_;
  const std::unique_ptr<Transport> transport_;
  const std::string remote_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Session> former_;  // until the call into it has returned
  OutputQueue output_;
  std::size_t received_in_a_row_ = 0;
  bool readable_ = false;
  bool writable_ = true;
  bool pumping_ = false;
  bool pump_is_due_ = false;
  bool end_announced_ = false;  // an edge has told of the stream's end, which may not have been read yet
  bool peer_finished_ = false;
  bool lingering_ = false;
  SteadyTime deadline_ = SteadyTime::max();  // of a handshake, sending, or lingering; the session has its own
  bool waits_to_send_ = false;
  Pace sending_pace_;  // while it waits
};

}  // namespace modelyard::edge
