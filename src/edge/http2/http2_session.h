// Http2Session speaks HTTP/2 (RFC 9113) by libnghttp2: frames, HPACK, flow control and priorities are the library's;
// requests, answers and limits are ours.
//
// Threads:   its connection's loop only.
// Ownership: streams are shared by the session and by exchanges that wait for an answer; a stream that has ended is
//            detached, and answers to it are dropped. One that nobody else holds is used again.
// Limits:    concurrent streams, header bytes, resets, settings and pings a client may send; one that goes beyond is
//            told why by GOAWAY. Memory for bodies is bounded by each body's limit and by flow control.
// Drain:     GOAWAY twice (RFC 9113 §6.8): first a notice, then, when a ping has come back, the last stream taken.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <vector>

#include "edge/http/connection.h"
#include "edge/http2/wire_memory.h"

namespace modelyard::edge {

class Http2Stream;

struct Http2Limits {
  std::uint32_t max_streams = 256;
  std::uint32_t stream_window = 1u << 20;
  std::uint32_t connection_window = 8u << 20;
  std::uint32_t max_frame_bytes = 64u << 10;
};

class Http2Session final : public Session {
 public:
  Http2Session(Connection& connection, const Http2Limits& limits);
  ~Http2Session() override;

  std::span<char> room() override;
  void received(std::size_t count) override;
  void process() override;
  void end_of_input() override;
  void output_sent() override;
  void drain() override;
  void expire(SteadyTime now) override;
  void closed() override;
  bool finished() const override;

  // For its streams.
  Connection& connection() { return connection_; }
  ConnectionHome& home() { return home_; }
  nghttp2_session* wire() { return wire_.get(); }
  // An empty list for the header lines of one frame.
  std::vector<nghttp2_nv>& header_fields() {
    header_fields_.clear();
    return header_fields_;
  }

 private:
  friend struct Http2Callbacks;

  void begin_stream(std::int32_t id);
  Http2Stream* find(std::int32_t id);
  void end_stream(std::int32_t id, std::uint32_t reason);
  void announce_last_stream();

  struct WireDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  Connection& connection_;
  ConnectionHome& home_;
  const Http2Limits limits_;
  WireMemory wire_memory_;  // outlives what is made in it
  std::unique_ptr<nghttp2_session, WireDeleter> wire_;
  std::vector<std::shared_ptr<Http2Stream>> streams_;  // each knows its place; libnghttp2 finds them by their id
  std::vector<std::shared_ptr<Http2Stream>> spare_;    // ended
  std::vector<nghttp2_nv> header_fields_;
  Buffer buffer_;
  bool failed_ = false;
  bool input_ended_ = false;
  bool draining_ = false;
  bool last_stream_told_ = false;
  SteadyTime drain_began_{};
  SteadyTime idle_since_{};
  bool rested_ = false;  // the room for frames has been given back
};

// A factory for HttpServerOptions.
MakeSession http2_sessions(Http2Limits limits = {});

}  // namespace modelyard::edge
