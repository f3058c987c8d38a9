// Connection is one client's HTTP/1.1 socket: it reads requests, asks the handler, and writes the answers in
// order. Pipelined requests are answered one after the other; answers that are ready in one turn leave in
// one write.
//
// Threads:   its event loop's only.
// Ownership: shared by the loop's table and by exchanges that wait for an answer, so that a request's buffers
//            outlive the client.
// Timers:    expire(now) is called by the loop's tick; it ends what has taken too long.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "edge/http/chunked_body.h"
#include "edge/http/content_encoding.h"
#include "edge/http/handler.h"
#include "edge/http/http_date.h"
#include "edge/http/request_head.h"
#include "edge/loop/event_loop.h"

namespace modelyard::edge {

struct ConnectionLimits {
  HeadLimits head;
  std::size_t max_body_bytes = 64u << 20;
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};  // without progress, reading or writing
  std::uint64_t least_body_rate = 256;             // bytes a second on average, beyond body_timeout
};

// Written by one loop, read by any thread.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> connections_opened{0};
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_sent{0};

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

// Told of every answer, on its loop; for access logs.
using AnswerObserver = std::function<void(const Request&, const Response&, std::chrono::nanoseconds took)>;

// What a connection needs of its loop.
struct ConnectionHome {
  EventLoop& loop;
  std::size_t loop_index;
  Handler& handler;
  const ConnectionLimits& limits;
  LoopCounters& counters;
  const bool& draining;
  std::function<void(int fd)> forget;  // drops the table's reference
  const AnswerObserver& observer;      // may be empty
  HttpDate date;
};

class Connection final : public Watcher,
                         public Exchange,
                         public ReplyTarget,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(UniqueFd fd, std::string remote, ConnectionHome& home);
  ~Connection() override;

  Status start();
  void expire(SteadyTime now);
  // Ends the connection when it is between requests.
  void drain();
  int fd() const { return fd_.get(); }

  void on_ready(std::uint32_t events) override;

  const Request& request() const override { return request_; }
  void respond(Response response) override;
  Deferred defer() override;
  std::size_t loop_index() const override { return home_.loop_index; }

  void deliver(Response response) override;
  void begin_stream(Response head) override;
  void stream(std::string piece) override;
  void resume_body() override;

 private:
  enum class State { kHead, kBody, kSink, kSinkPaused, kHandling, kStreaming, kLingering, kClosed };

  void pump();
  void process();
  bool wants_bytes() const;
  bool receive();
  bool process_head();
  bool process_body();
  bool process_sink();
  bool take_policy(BodyPolicy policy);
  bool begin_buffered_body(const BufferBody& policy);
  Result<bool> collect_chunked();
  void finish_body(std::string_view body);
  Status decode_content(std::string_view body);
  void refuse(Response response);
  void append_answer(Response response, bool chunked);
  void apply_coding(Response& response) const;
  void end_exchange();
  void flush();
  void account_sent(std::size_t sent);
  void end_output();
  bool output_blocked() const { return !pending_blobs_.empty() || pending_.size() > kMostPending; }
  void close();
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void make_room();
  void grow();

  static constexpr std::size_t kBufferBytes = 16u << 10;
  static constexpr std::size_t kMostPending = 256u << 10;

  ConnectionHome& home_;
  UniqueFd fd_;
  const std::string remote_;
  State state_ = State::kHead;
  bool readable_ = false;
  bool writable_ = true;
  bool in_process_ = false;
  bool close_after_answer_ = false;
  bool end_announced_ = false;  // an edge has told of the stream's end, which may not have been read yet
  bool peer_finished_ = false;
  bool output_ended_ = false;
  bool write_stalled_ = false;
  SteadyTime deadline_{};
  SteadyTime body_began_{};
  SteadyTime head_read_{};

  std::unique_ptr<char[]> buffer_;  // kBodyPadding more than capacity_
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;
  std::size_t floor_ = 0;  // end of the head in use
  RequestHead head_;
  std::string scratch_;
  Request request_;

  std::unique_ptr<char[]> body_;  // a body that does not fit into the buffer
  std::size_t body_capacity_ = 0;
  std::size_t body_size_ = 0;
  std::uint64_t body_left_ = 0;  // of Content-Length
  std::size_t body_limit_ = 0;
  std::string inflated_;
  ChunkedDecoder chunked_;
  std::unique_ptr<BodySink> sink_;

  std::string pending_;
  std::size_t pending_sent_ = 0;
  std::vector<std::span<const std::byte>> pending_blobs_;
  std::shared_ptr<void> pending_keep_;
};

}  // namespace modelyard::edge
