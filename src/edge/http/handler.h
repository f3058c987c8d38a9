// Handler is what answers requests; Exchange is one request and the duty to answer it.
//
// Threads: on_head() and handle() run on the connection's event loop and must not block. A Deferred may be
//          used from any thread; it answers on the loop.
// Order:   on_head() first, before any of the body is read: whether to take the body, and how. Then handle(),
//          or, for a streamed body, the sink. Each exchange is answered exactly once: a Deferred that is
//          destroyed without an answer answers 500.
// Ownership: the request's views stay valid until the exchange is answered, also when the client has gone.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <variant>

#include "edge/http/message.h"
#include "edge/loop/event_loop.h"

namespace modelyard::edge {

// What a Deferred needs of the HTTP/1.1 session or HTTP/2 stream.
class ReplyTarget {
 public:
  virtual ~ReplyTarget() = default;
  virtual void deliver(Response response) = 0;   // loop thread
  virtual void begin_stream(Response head) = 0;  // loop thread; head.body is the first piece
  virtual void stream(std::string piece) = 0;    // loop thread
  // Loop thread. `trailers` are header lines; HTTP/1.1 drops them.
  virtual void end_stream(std::string trailers) = 0;
  virtual void resume_body() = 0;              // loop thread
  std::atomic<bool> gone{false};               // the client has left
  std::atomic<bool> leaving{false};            // it has ended its side: an answer is sent, but hardly read
  std::atomic<std::size_t> stream_backlog{0};  // bytes posted or written, but not sent
};

class Deferred {
 public:
  Deferred(std::shared_ptr<ReplyTarget> target, EventLoop& loop) : target_(std::move(target)), loop_(&loop) {}
  Deferred(Deferred&&) = default;
  Deferred& operator=(Deferred&&) = delete;
  ~Deferred();

  // From any thread; the answer is written in the loop's next turn.
  void complete(Response response);
  // The same at once, on the loop's thread.
  void complete_here(Response response);
  // A body of unknown length, sent in chunks. False when the client has gone or is more than 1 MiB behind:
  // end the stream then.
  void begin_stream(Response head);
  bool stream(std::string piece);
  void end_stream(std::string trailers = {});
  // The same at once, on the loop's thread.
  void begin_stream_here(Response head);
  void stream_here(std::string piece);
  void end_stream_here(std::string trailers);

  // Whether work that has not begun is to be left: HTTP/1.1 cannot tell a client that has closed from one that has
  // ended its side only.
  bool cancelled() const {
    return target_->gone.load(std::memory_order_relaxed) || target_->leaving.load(std::memory_order_relaxed);
  }
  // Lets a paused sink have more.
  std::function<void()> body_resumer() const;
  EventLoop& loop() const { return *loop_; }

 private:
  std::shared_ptr<ReplyTarget> target_;
  EventLoop* loop_;
  bool streaming_ = false;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual void respond(Response response) = 0;
  // Instead of respond(). Call once.
  virtual Deferred defer() = 0;
  virtual std::size_t loop_index() const = 0;
};

// Takes a body as it comes, in pieces that are not kept.
class BodySink {
 public:
  enum class Appetite { kMore, kPause };
  virtual ~BodySink() = default;  // without end(): the upload was broken off
  virtual Appetite write(std::string_view piece) = 0;
  virtual void end() = 0;
};

struct BufferBody {
  std::size_t max_bytes = 0;
  bool needs_length = false;  // 411 when no body is announced
};
// The sink answers by the Deferred it took from the exchange.
struct StreamBody {
  std::function<std::unique_ptr<BodySink>(Exchange&)> open;
};
using BodyPolicy = std::variant<BufferBody, StreamBody, Response>;  // Response: refused

class Handler {
 public:
  virtual ~Handler() = default;
  // May fill request.path and request.parameters. `scratch` is the connection's, for decoded text.
  virtual BodyPolicy on_head(Request& request, std::string& scratch) = 0;
  virtual void handle(Exchange& exchange) = 0;
  // Says what the connection decided on behind the head (413, 408 and the like) in the handler's form.
  virtual Response say(const Request&, const Refusal& refusal);
};

}  // namespace modelyard::edge
