#include "edge/http2/http2_session.h"

#include "edge/http2/http2_stream.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kReceiveBytes = 64u << 10;
constexpr std::chrono::milliseconds kNoticeTime{500};  // between the notice of a drain and the last stream taken
constexpr std::array<std::uint8_t, 8> kDrainPing{'d', 'r', 'a', 'i', 'n', 0, 0, 0};
constexpr std::size_t kMostSettings = 32;
constexpr std::size_t kMostAcks = 1000;  // answers to pings and settings that a client does not read
constexpr std::uint64_t kResetBurst = 1000, kResetsPerSecond = 100;
constexpr std::size_t kMostSpare = 128;
constexpr std::chrono::seconds kRestAfter{2};  // a page that is given back costs a fault when it is needed again

std::string_view view_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

// What nghttp2 calls; `user` is the session.
struct Http2Callbacks {
  static Http2Session& session(void* user) { return *static_cast<Http2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session(user).begin_stream(frame->hd.stream_id);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers say nothing that we need
    auto* stream = session(user).find(frame->hd.stream_id);
    if (stream != nullptr) stream->take_header(view_of(name, name_size), view_of(value, value_size));
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& owner = session(user);
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) owner.announce_last_stream();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = owner.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      stream->end_headers(ends);
    } else if (ends) {
      stream->end_data();
    }
    return 0;
  }
  static int data_received(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                           void* user) {
    auto* stream = session(user).find(id);
    if (stream != nullptr) stream->take_data(std::as_bytes(std::span(data, size)));
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t reason, void* user) {
    session(user).end_stream(id, reason);
    return 0;
  }
  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t length,
                       nghttp2_data_source* source, void*) {
    static_cast<Http2Stream*>(source->ptr)->send({head, 9}, length);
    return 0;
  }
  // An answer that ended before its request did: the rest of the request is not wanted (RFC 9113 §8.1).
  static int frame_sent(nghttp2_session* wire, const nghttp2_frame* frame, void* user) {
    const bool answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!answer || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    const auto* stream = session(user).find(frame->hd.stream_id);
    if (stream != nullptr && stream->body_unread()) {
      nghttp2_submit_rst_stream(wire, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }
  static ssize_t data_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t connection_window,
                             std::int32_t stream_window, std::uint32_t max_frame_size, void*) {
    return std::min({static_cast<std::int64_t>(connection_window), static_cast<std::int64_t>(stream_window),
                     static_cast<std::int64_t>(max_frame_size)});
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      MODELYARD_CHECK(nghttp2_session_callbacks_new(&made) == 0, "memory for callbacks");
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_received);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
      nghttp2_session_callbacks_set_data_source_read_length_callback(made, data_length);
      return made;
    }();
    return callbacks;
  }
  static nghttp2_option* options() {
    static nghttp2_option* const options = [] {
      nghttp2_option* made = nullptr;
      MODELYARD_CHECK(nghttp2_option_new(&made) == 0, "memory for options");
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_max_settings(made, kMostSettings);
      nghttp2_option_set_max_outbound_ack(made, kMostAcks);
      nghttp2_option_set_stream_reset_rate_limit(made, kResetBurst, kResetsPerSecond);
      return made;
    }();
    return options;
  }
};

Http2Session::Http2Session(Connection& connection, const Http2Limits& limits)
    : connection_(connection), home_(connection.home()), limits_(limits) {
  nghttp2_session* wire = nullptr;
  const int made = nghttp2_session_server_new3(&wire, Http2Callbacks::all(), this, Http2Callbacks::options(),
                                               wire_memory_.interface());
  MODELYARD_CHECK(made == 0, "memory for a session");
  wire_.reset(wire);
  idle_since_ = home_.loop.clock().steady_now();
  const std::array<nghttp2_settings_entry, 4> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.max_streams},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
       {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits_.max_frame_bytes},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(home_.limits.head.max_header_bytes)}}};
  nghttp2_submit_settings(wire, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(wire, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits_.connection_window));
}

Http2Session::~Http2Session() = default;

std::span<char> Http2Session::room() {
  if (!buffer_) buffer_ = home_.buffers.take(kReceiveBytes);
  return {buffer_.data(), buffer_.capacity()};
}

void Http2Session::received(std::size_t count) {
  const ssize_t taken =
      nghttp2_session_mem_recv(wire_.get(), reinterpret_cast<const std::uint8_t*>(buffer_.data()), count);
  if (taken < 0) failed_ = true;
}

void Http2Session::process() {
  home_.buffers.put(std::move(buffer_));
  while (!failed_ && !connection_.output_blocked()) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(wire_.get(), &data);
    if (size < 0) failed_ = true;
    if (size <= 0) break;
    connection_.output().text().append(view_of(data, static_cast<std::size_t>(size)));
  }
}

void Http2Session::begin_stream(std::int32_t id) {
  std::shared_ptr<Http2Stream> stream;
  if (spare_.empty()) {
    stream = std::make_shared<Http2Stream>(connection_);
  } else {
    stream = std::move(spare_.back());
    spare_.pop_back();
  }
  stream->begin(*this, id, streams_.size());
  nghttp2_session_set_stream_user_data(wire_.get(), id, stream.get());
  streams_.push_back(std::move(stream));
}

Http2Stream* Http2Session::find(std::int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(wire_.get(), id));
}

void Http2Session::end_stream(std::int32_t id, std::uint32_t reason) {
  Http2Stream* const ending = find(id);
  if (ending == nullptr) return;
  nghttp2_session_set_stream_user_data(wire_.get(), id, nullptr);
  const std::size_t place = ending->place();
  std::swap(streams_[place], streams_.back());
  streams_[place]->move_to(place);
  std::shared_ptr<Http2Stream> stream = std::move(streams_.back());
  streams_.pop_back();
  stream->detach(reason != NGHTTP2_NO_ERROR);
  if (streams_.empty()) idle_since_ = home_.loop.clock().steady_now();
  if (stream.use_count() > 1 || spare_.size() >= kMostSpare || !stream->clear()) return;
  spare_.push_back(std::move(stream));
}

bool Http2Session::finished() const {
  if (failed_ || (input_ended_ && streams_.empty())) return true;
  return nghttp2_session_want_read(wire_.get()) == 0 && nghttp2_session_want_write(wire_.get()) == 0;
}

void Http2Session::end_of_input() {
  input_ended_ = true;
}

void Http2Session::output_sent() {}

void Http2Session::drain() {
  if (draining_) return;
  draining_ = true;
  drain_began_ = home_.loop.clock().steady_now();
  nghttp2_submit_shutdown_notice(wire_.get());
  nghttp2_submit_ping(wire_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
}

// The client has seen the notice, or had time enough: from here, streams that are not here yet are refused.
void Http2Session::announce_last_stream() {
  if (!draining_ || last_stream_told_) return;
  last_stream_told_ = true;
  nghttp2_submit_goaway(wire_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(wire_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::expire(SteadyTime now) {
  if (draining_ && now > drain_began_ + kNoticeTime) announce_last_stream();
  if (streams_.empty() && now > idle_since_ + home_.limits.idle_timeout) {
    nghttp2_session_terminate_session(wire_.get(), NGHTTP2_NO_ERROR);
  }
  if (streams_.empty()) {  // an idle connection holds no memory
    spare_.clear();
    wire_memory_.rest();
    const bool at_rest = now > idle_since_ + kRestAfter && nghttp2_session_want_write(wire_.get()) == 0;
    if (at_rest && !rested_) wire_memory_.rest_frames();
    rested_ = at_rest;
  }
  const auto all = streams_;  // ending one changes the list
  for (const auto& stream : all) stream->expire(now);
}

void Http2Session::closed() {
  const auto streams = std::exchange(streams_, {});
  for (const auto& stream : streams) {
    nghttp2_session_set_stream_user_data(wire_.get(), stream->id(), nullptr);
    stream->detach(true);
  }
}

MakeSession http2_sessions(Http2Limits limits) {
  return [limits](Connection& connection) { return std::make_unique<Http2Session>(connection, limits); };
}

}  // namespace modelyard::edge
