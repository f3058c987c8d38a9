// Http1Session speaks HTTP/1.1 (RFC 9110, 9112): it reads requests, asks the handler, and writes the answers in order.
// Pipelined requests are answered one after the other.
//
// Threads:   its connection's loop only.
// Ownership: exchanges that wait for an answer keep the connection, and by that the request's buffers.
// Memory:    nothing between requests; its buffers are the loop's.
#pragma once

#include <string>
#include <vector>

#include "edge/http/body_policy.h"
#include "edge/http/chunked_body.h"
#include "edge/http/connection.h"

namespace modelyard::edge {

class Http1Session final : public Session, public Exchange, public ReplyTarget {
 public:
  explicit Http1Session(Connection& connection);

  std::span<char> room() override;
  void received(std::size_t count) override;
  void process() override;
  void end_of_input() override;
  void peer_is_leaving() override;
  void output_sent() override;
  void drain() override;
  void expire(SteadyTime now) override;
  void closed() override;
  bool finished() const override { return state_ == State::kFinished; }

  const Request& request() const override { return request_; }
  void respond(Response response) override;
  Deferred defer() override;
  std::size_t loop_index() const override { return home_.loop_index; }

  void deliver(Response response) override;
  void begin_stream(Response head) override;
  void stream(std::string piece) override;
  void end_stream(std::string trailers) override;
  void resume_body() override;

 private:
  enum class State { kHead, kBody, kSink, kSinkPaused, kHandling, kStreaming, kFinished, kSwitched };

  bool process_head();
  bool process_body();
  bool process_sink();
  bool read_head();
  bool has_body() const { return head_.chunked || head_.content_length.value_or(0) > 0; }
  bool take_policy(BodyPolicy policy);
  bool begin_sink(const StreamBody& policy);
  bool begin_buffered_body(const BufferBody& policy);
  Result<bool> collect_chunked();
  void finish_body(std::string_view body);
  void refuse(Response response);
  void refuse(const Refusal& refusal);
  enum class Framing { kLength, kChunked, kUntilClose };
  void append_head(const Response& response, Framing framing);
  void append_answer(Response response);
  void end_exchange();
  SteadyTime idle_deadline() const;
  SteadyTime now() const { return home_.loop.clock().steady_now(); }
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  std::size_t capacity() const { return buffer_ ? buffer_.capacity() - kBodyPadding : 0; }
  void make_room();
  void grow();
  void rest();

  Connection& connection_;
  ConnectionHome& home_;
  State state_ = State::kHead;
  bool first_ = true;
  bool close_after_answer_ = false;
  SteadyTime deadline_{};
  Pace body_pace_;
  SteadyTime head_read_{};

  Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;
  std::size_t floor_ = 0;  // end of the head in use
  RequestHead head_;
  std::string scratch_;
  Request request_;

  Buffer body_;  // a body that does not fit into the buffer
  std::size_t body_size_ = 0;
  std::uint64_t body_left_ = 0;  // of Content-Length
  std::size_t body_limit_ = 0;
  std::string inflated_;
  ChunkedDecoder chunked_;
  std::unique_ptr<BodySink> sink_;
};

}  // namespace modelyard::edge
