// Http2Stream is one request on an HTTP/2 connection and its answer. Private to this room.
//
// Ownership: the session's table and the exchanges that wait for an answer. Its buffers live as long as it does, also
//            when the client has gone.
#pragma once

#include <string>
#include <vector>

#include "edge/http/body_policy.h"
#include "edge/http2/http2_session.h"

namespace modelyard::edge {

class Http2Stream final : public Exchange, public ReplyTarget, public std::enable_shared_from_this<Http2Stream> {
 public:
  explicit Http2Stream(Connection& connection);

  // A new one, or one that was cleared. `place` is for the session to find it by.
  void begin(Http2Session& session, std::int32_t id, std::size_t place);
  // Forgets its request and its answer, but keeps the room of short texts. False when it is not worth to be kept.
  // Pre: detached, and nobody waits for it.
  bool clear();
  std::int32_t id() const { return id_; }
  std::size_t place() const { return place_; }
  void move_to(std::size_t place) { place_ = place; }

  // As frames come. A false answer ends the stream with an error.
  void take_header(std::string_view name, std::string_view value);
  void end_headers(bool end_stream);
  void take_data(std::span<const std::byte> data);
  void end_data();
  // The stream has ended on the wire.
  void detach(bool broken);
  void expire(SteadyTime now);

  // The answer has been sent whole; a body that is still coming is not wanted.
  bool body_unread() const { return !data_ended_; }

  // The answer's body: how much there is to send now, and what.
  ssize_t offer(std::size_t most, std::uint32_t* flags);
  void send(std::span<const std::uint8_t> frame_head, std::size_t length);

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
  // A call may be answered while its request still comes, so the two directions have states of their own.
  enum class Input { kHeaders, kBody, kSink, kSinkPaused, kDone };
  enum class Output { kNone, kAnswer, kStream };

  void take_policy(BodyPolicy policy, bool end_stream);
  void refuse(const Refusal& refusal);
  void finish_body();
  void append_body(std::span<const std::byte> data);
  void feed_sink(std::span<const std::byte> data);
  void feed_backlog();
  void submit(const Response& response, bool with_body);
  void begin_output(SteadyTime now);
  void end_input();
  void consume(std::size_t bytes);
  void pump();
  std::size_t unsent() const { return text_.size() - text_sent_ + blob_bytes_; }
  SteadyTime now() const { return home_.loop.clock().steady_now(); }

  Http2Session* session_ = nullptr;  // null when detached
  ConnectionHome& home_;
  std::int32_t id_ = 0;
  std::size_t place_ = 0;
  Input input_ = Input::kHeaders;
  Output output_ = Output::kNone;
  SteadyTime began_{};
  SteadyTime input_deadline_{};
  SteadyTime output_deadline_ = SteadyTime::max();  // counts while something waits for the client
  Pace input_pace_, output_pace_;

  // Names and values behind one another; lines_ become views when all have come.
  std::string header_text_;
  struct Line {
    std::size_t name = 0, value = 0, end = 0;
  };
  std::vector<Line> header_ends_;
  std::vector<HeaderLine> lines_;
  bool headers_too_large_ = false;
  std::string method_, target_, scratch_;
  const std::string remote_, identity_;
  Request request_;

  Buffer body_;
  std::size_t body_size_ = 0;
  std::size_t body_limit_ = 0;
  std::optional<std::uint64_t> content_length_;
  std::string inflated_;
  std::unique_ptr<BodySink> sink_;
  std::string sink_backlog_;  // came while the sink was paused; within the stream's window
  bool data_ended_ = false;

  std::string text_;  // of the answer
  std::size_t text_sent_ = 0;
  std::vector<std::span<const std::byte>> blobs_;
  std::size_t blob_bytes_ = 0;
  std::shared_ptr<void> keep_;
  std::string trailers_;
  bool answer_ended_ = false;
  bool waiting_for_text_ = false;
};

}  // namespace modelyard::edge
