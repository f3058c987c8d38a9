#include "edge/http2/http2_stream.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace modelyard::edge {
namespace {

constexpr std::size_t kBodyStep = 64u << 10;
constexpr std::size_t kBacklogPiece = 16u << 10;  // about a frame
constexpr std::size_t kMostCopied = 2048;         // larger pieces of an answer are sent from where they are
constexpr std::size_t kMostStreamed = 1u << 20;
constexpr std::size_t kUsualHeaderBytes = 256, kUsualHeaders = 12;  // more make room as they come
constexpr std::size_t kMostKept = 2048;                             // bytes of header lines, while a stream is spare

// A block of header lines for nghttp2, which copies them and makes their names lower case. The texts outlive the block.
class HeaderBlock {
 public:
  explicit HeaderBlock(Http2Session& session) : fields_(session.header_fields()) {}
  void add(std::string_view name, std::string_view value) {
    // An id is sent once: in the table of header lines it would only push out those that come again.
    const auto flag = name.ends_with("-Id") ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    fields_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), static_cast<std::uint8_t>(flag)});
  }
  // "Name: value\r\n" lines; the last one may lack its end.
  void add_lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find("\r\n");
      const std::string_view line = text.substr(0, end);
      const std::size_t colon = line.find(": ");
      if (colon != std::string_view::npos) add(line.substr(0, colon), line.substr(colon + 2));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    }
  }
  std::span<const nghttp2_nv> fields() const { return fields_; }

 private:
  // The type of nghttp2's fields is not const, although nothing is written to them.
  static std::uint8_t* bytes_of(std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  }

  std::vector<nghttp2_nv>& fields_;
};

ssize_t read_answer(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                    nghttp2_data_source* source, void*) {
  return static_cast<Http2Stream*>(source->ptr)->offer(length, flags);
}

std::optional<std::uint64_t> parse_length(std::optional<std::string_view> text) {
  std::uint64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

Http2Stream::Http2Stream(Connection& connection)
    : home_(connection.home()), remote_(connection.remote()), identity_(connection.identity()) {}

void Http2Stream::begin(Http2Session& session, std::int32_t id, std::size_t place) {
  session_ = &session;
  id_ = id;
  place_ = place;
  began_ = now();
  input_deadline_ = began_ + home_.limits.header_timeout;
}

bool Http2Stream::clear() {
  if (header_text_.capacity() > kMostKept) return false;
  gone.store(false, std::memory_order_relaxed);
  leaving.store(false, std::memory_order_relaxed);
  stream_backlog.store(0, std::memory_order_relaxed);
  input_ = Input::kHeaders;
  output_ = Output::kNone;
  output_deadline_ = SteadyTime::max();
  header_text_.clear();
  header_ends_.clear();
  lines_.clear();
  headers_too_large_ = false;
  method_.clear();
  target_.clear();
  scratch_.clear();
  request_ = {.parameters = std::move(request_.parameters)};
  request_.parameters.clear();
  home_.buffers.put(std::move(body_));
  body_size_ = body_limit_ = 0;
  content_length_.reset();
  inflated_ = {};
  sink_backlog_ = {};
  data_ended_ = false;
  home_.loop.texts().put(std::exchange(text_, {}));
  text_sent_ = 0;
  blobs_.clear();
  blob_bytes_ = 0;
  keep_.reset();
  trailers_.clear();
  answer_ended_ = waiting_for_text_ = false;
  return true;
}

void Http2Stream::take_header(std::string_view name, std::string_view value) {
  if (header_ends_.empty()) {
    header_text_.reserve(kUsualHeaderBytes);
    header_ends_.reserve(kUsualHeaders);
  }
  const HeadLimits& limits = home_.limits.head;
  const bool too_many = header_ends_.size() >= limits.max_headers;
  if (too_many || header_text_.size() + name.size() + value.size() > limits.max_header_bytes) {
    headers_too_large_ = true;
  } else if (name == ":method") {
    method_ = value;
  } else if (name == ":path") {
    target_ = value;
  } else {
    const std::size_t begin = header_text_.size();
    header_text_.append(name == ":authority" ? "host" : name).append(value);
    header_ends_.push_back({begin, header_text_.size() - value.size(), header_text_.size()});
  }
}

void Http2Stream::end_headers(bool end_stream) {
  const std::string_view text = header_text_;
  lines_.reserve(header_ends_.size());
  for (const Line& line : header_ends_) {
    lines_.push_back({text.substr(line.name, line.value - line.name), text.substr(line.value, line.end - line.value)});
  }
  request_.http_major = 2;
  request_.method = parse_method(method_);
  request_.target = target_;
  request_.headers = lines_;
  request_.remote = remote_;
  request_.identity = identity_;
  request_.loop_index = session_->connection().home().loop_index;
  data_ended_ = end_stream;
  LoopCounters::add(home_.counters.requests, 1);
  if (headers_too_large_) return refuse({431, "the header lines are too large"});
  if (target_.size() > home_.limits.head.max_target_bytes) return refuse({414, "the URI is too long"});
  content_length_ = parse_length(request_.header("content-length"));
  take_policy(home_.handler.on_head(request_, scratch_), end_stream);
}

// Says a refusal in the handler's protocol.
void Http2Stream::refuse(const Refusal& refusal) {
  respond(home_.handler.say(request_, refusal));
}

void Http2Stream::take_policy(BodyPolicy policy, bool end_stream) {
  if (auto* refusal = std::get_if<Response>(&policy)) return respond(std::move(*refusal));
  began_ = now();
  input_deadline_ = began_ + home_.limits.body_timeout;
  input_pace_.begin(began_);
  if (const auto* streamed = std::get_if<StreamBody>(&policy)) {
    if (const auto refusal = refuse_streamed(request_)) return refuse(*refusal);
    input_ = Input::kSink;
    sink_ = streamed->open(*this);
  } else {
    const auto& buffered = std::get<BufferBody>(policy);
    body_limit_ = std::min(buffered.max_bytes, home_.limits.max_body_bytes);
    const AnnouncedBody announced{content_length_ || !end_stream, content_length_.value_or(0)};
    if (const auto refusal = refuse_buffered(buffered, request_, announced, body_limit_)) return refuse(*refusal);
    input_ = Input::kBody;
  }
  if (end_stream) end_data();
}

void Http2Stream::take_data(std::span<const std::byte> data) {
  // A call that is answered as it goes may pause for as long as its client likes.
  if (output_ == Output::kNone) input_deadline_ = now() + home_.limits.body_timeout;
  input_pace_.moved(data.size());
  if (input_ == Input::kBody) return append_body(data);
  if (input_ == Input::kSink || input_ == Input::kSinkPaused) return feed_sink(data);
  consume(data.size());  // nobody wants it; the connection's window must not suffer
}

void Http2Stream::append_body(std::span<const std::byte> data) {
  const std::size_t size = body_size_ + data.size();
  if (size > body_limit_) {
    consume(data.size());
    return refuse({413, fmt::format("the body is larger than the limit of {} bytes", body_limit_)});
  }
  if (size + kBodyPadding > body_.capacity()) {
    const std::size_t announced = static_cast<std::size_t>(content_length_.value_or(0));
    const std::size_t wanted = body_ ? std::max(size + kBodyStep, 2 * body_.capacity()) : std::max(size, announced);
    Buffer larger = home_.buffers.take(wanted + kBodyPadding);
    if (body_size_ > 0) std::memcpy(larger.data(), body_.data(), body_size_);
    home_.buffers.put(std::exchange(body_, std::move(larger)));
  }
  std::memcpy(body_.data() + body_size_, data.data(), data.size());
  body_size_ = size;
  consume(data.size());
}

void Http2Stream::feed_sink(std::span<const std::byte> data) {
  const std::string_view piece{reinterpret_cast<const char*>(data.data()), data.size()};
  if (input_ == Input::kSinkPaused) {
    sink_backlog_ += piece;  // not consumed, so that the client's window closes
    return;
  }
  const auto appetite = sink_->write(piece);
  consume(data.size());
  if (input_ == Input::kSink && appetite == BodySink::Appetite::kPause) input_ = Input::kSinkPaused;
  if (input_ == Input::kDone) sink_.reset();  // not while it is called
}

// In pieces, so that a sink which is full again can say so in time.
void Http2Stream::feed_backlog() {
  const std::string backlog = std::exchange(sink_backlog_, {});
  std::size_t fed = 0;
  while (input_ == Input::kSink && fed < backlog.size()) {
    const std::span piece = std::as_bytes(std::span(backlog)).subspan(fed);
    const std::size_t size = std::min(piece.size(), kBacklogPiece);
    feed_sink(piece.first(size));
    fed += size;
  }
  if (input_ == Input::kSinkPaused) {
    sink_backlog_.insert(0, backlog, fed);
  } else {
    consume(backlog.size() - fed);  // it ended on the way
  }
}

void Http2Stream::resume_body() {
  if (input_ != Input::kSinkPaused) return;
  input_ = Input::kSink;
  if (output_ == Output::kNone) input_deadline_ = now() + home_.limits.body_timeout;
  feed_backlog();
  if (input_ == Input::kSink && data_ended_) end_data();
  pump();
}

void Http2Stream::end_data() {
  data_ended_ = true;
  if (input_ == Input::kBody) {
    finish_body();
  } else if (input_ == Input::kSink) {
    end_input();
    sink_->end();
    sink_.reset();
  }
}

void Http2Stream::end_input() {
  input_ = Input::kDone;
  input_deadline_ = SteadyTime::max();
}

void Http2Stream::finish_body() {
  end_input();
  const std::string_view body{body_.data(), body_size_};
  if (const auto refusal = decode_body(request_, body, body_limit_, inflated_, request_.body)) return refuse(*refusal);
  home_.handler.handle(*this);
}

Deferred Http2Stream::defer() {
  return {shared_from_this(), home_.loop};
}

void Http2Stream::deliver(Response response) {
  respond(std::move(response));
  pump();
}

void Http2Stream::respond(Response response) {
  if (session_ == nullptr || output_ != Output::kNone) return;
  end_input();
  compress_answer(request_, response);
  const SteadyTime answered = now();
  if (home_.observer) home_.observer(request_, response, answered - began_);
  const bool with_body = request_.method != Method::kHead && !response.has_no_content() &&
                         (response.body_bytes() > 0 || !response.trailers.empty());
  submit(response, with_body);
  home_.loop.texts().put(std::move(response.headers));
  output_ = Output::kAnswer;
  answer_ended_ = true;
  begin_output(answered);
  home_.buffers.put(std::move(body_));
  if (!with_body) return;
  text_ = std::move(response.body);
  trailers_ = std::move(response.trailers);
  blobs_ = std::move(response.blobs);
  for (const auto& blob : blobs_) blob_bytes_ += blob.size();
  keep_ = std::move(response.keep);
}

// From here on the client has to take what there is.
void Http2Stream::begin_output(SteadyTime now) {
  output_deadline_ = now + home_.limits.body_timeout;
  output_pace_.begin(now);
}

void Http2Stream::submit(const Response& response, bool with_body) {
  HeaderBlock block(*session_);
  const fmt::format_int status(response.status), length(response.head_bytes.value_or(response.body_bytes()));
  block.add(":status", {status.data(), status.size()});
  block.add("date", home_.date.at(home_.loop.clock().utc_now()));
  if (!response.has_no_content()) {
    if (!response.content_type.empty()) block.add("content-type", response.content_type);
    if (response.trailers.empty() && !response.streamed) block.add("content-length", {length.data(), length.size()});
  }
  block.add_lines(response.headers);
  nghttp2_data_provider provider{{.ptr = this}, read_answer};
  nghttp2_submit_response(session_->wire(), id_, block.fields().data(), block.fields().size(),
                          with_body ? &provider : nullptr);
}

void Http2Stream::begin_stream(Response head) {
  if (session_ == nullptr || output_ != Output::kNone) return;
  head.streamed = true;
  text_ = std::move(head.body);
  output_ = Output::kStream;
  const SteadyTime answered = now();
  begin_output(answered);
  input_deadline_ = SteadyTime::max();
  if (home_.observer) home_.observer(request_, head, answered - began_);
  submit(head, request_.method != Method::kHead);
  pump();
}

void Http2Stream::stream(std::string piece) {
  if (session_ == nullptr || output_ != Output::kStream || answer_ended_) return;
  if (text_sent_ == text_.size()) {
    text_.clear();
    text_sent_ = 0;
  }
  if (unsent() == 0) begin_output(now());
  text_ += piece;
  if (unsent() > kMostStreamed) {  // a client that does not read must not make us keep what it will never get
    nghttp2_submit_rst_stream(session_->wire(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_CANCEL);
  } else if (std::exchange(waiting_for_text_, false)) {
    nghttp2_session_resume_data(session_->wire(), id_);
  }
  pump();
}

void Http2Stream::end_stream(std::string trailers) {
  if (session_ == nullptr || output_ != Output::kStream || answer_ended_) return;
  end_input();
  if (unsent() == 0) begin_output(now());
  answer_ended_ = true;
  trailers_ = std::move(trailers);
  if (std::exchange(waiting_for_text_, false)) nghttp2_session_resume_data(session_->wire(), id_);
  pump();
}

ssize_t Http2Stream::offer(std::size_t most, std::uint32_t* flags) {
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  const std::size_t length = std::min(most, unsent());
  if (length == 0 && !answer_ended_) {
    waiting_for_text_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (length == unsent() && answer_ended_) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!trailers_.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      HeaderBlock block(*session_);
      block.add_lines(trailers_);
      nghttp2_submit_trailer(session_->wire(), id_, block.fields().data(), block.fields().size());
    }
  }
  return static_cast<ssize_t>(length);
}

void Http2Stream::send(std::span<const std::uint8_t> frame_head, std::size_t length) {
  OutputQueue& output = session_->connection().output();
  output.text().append(reinterpret_cast<const char*>(frame_head.data()), frame_head.size());
  output_deadline_ = now() + home_.limits.body_timeout;
  output_pace_.moved(length);
  const bool stable = output_ == Output::kAnswer;  // else the text may move
  const auto put = [&](const char* data, std::size_t size, bool copied) {
    if (copied) {
      output.text().append(data, size);
    } else {
      output.add_blob(std::as_bytes(std::span(data, size)), shared_from_this());
    }
  };
  const std::size_t of_text = std::min(length, text_.size() - text_sent_);
  put(text_.data() + text_sent_, of_text, !stable || of_text <= kMostCopied);
  text_sent_ += of_text;
  length -= of_text;
  while (length > 0) {
    auto& blob = blobs_.front();
    const std::size_t piece = std::min(length, blob.size());
    put(reinterpret_cast<const char*>(blob.data()), piece, piece <= kMostCopied);
    blob = blob.subspan(piece);
    blob_bytes_ -= piece;
    length -= piece;
    if (blob.empty()) blobs_.erase(blobs_.begin());
  }
}

void Http2Stream::expire(SteadyTime now) {
  if (session_ == nullptr) return;
  if (input_ == Input::kHeaders && now >= input_deadline_) {
    // Within a header block nothing else can come (RFC 9113 §4.3), so that the stream is not ended without the others.
    nghttp2_session_terminate_session(session_->wire(), NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const bool awaits_body = input_ == Input::kBody;
  const bool offers_answer = output_ != Output::kNone && (unsent() > 0 || answer_ended_);
  if (now >= input_deadline_ || (awaits_body && home_.limits.is_too_slow(input_pace_, now))) {
    input_deadline_ = SteadyTime::max();
    refuse({408, "the request took too long to arrive"});
  } else if (offers_answer && (now >= output_deadline_ || home_.limits.is_too_slow(output_pace_, now))) {
    output_deadline_ = SteadyTime::max();
    nghttp2_submit_rst_stream(session_->wire(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_CANCEL);
  }
}

void Http2Stream::consume(std::size_t bytes) {
  if (session_ != nullptr) nghttp2_session_consume(session_->wire(), id_, bytes);
}

void Http2Stream::pump() {
  if (session_ != nullptr) session_->connection().pump_soon();
}

void Http2Stream::detach(bool broken) {
  const auto self = shared_from_this();
  session_ = nullptr;
  if (broken && !gone.exchange(true, std::memory_order_relaxed)) LoopCounters::add(home_.counters.abandoned, 1);
  sink_.reset();
}

}  // namespace modelyard::edge
