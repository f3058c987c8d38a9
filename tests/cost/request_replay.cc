// Answers recorded requests in process, on one thread, by everything but the engine and the socket: a connection reads,
// routes, validates, runs on a stub, and writes. Under callgrind its instructions are exact: clock and randomness are
// injected, and nothing waits.
//
// Usage: modelyard_request_replay http|grpc REQUESTS PER_TURN; says in JSON what it was built with.
// Collect within replay_requests() only; the rest is preparation.
#include <gnu/libc-version.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <future>
#include <thread>

#include "base/check.h"
#include "base/fake_clock.h"
#include "edge/codec/protobuf/wire.h"
#include "edge/grpc/grpc_message.h"
#include "edge/http/connection.h"
#include "edge/http2/http2_session.h"
#include "edge/inference_api/grpc_inference.h"
#include "lifecycle/fake_source.h"
#include "lifecycle/reconciler.h"

namespace {

using namespace modelyard;
using namespace modelyard::edge;

// Gives the bytes of one turn, and counts what is sent.
class RecordedBytes final : public Transport {
 public:
  struct Wire {
    std::string_view unread;
    std::size_t sent_bytes = 0;
    std::string first_sent;  // the beginning of all answers, to be looked at
  };
  explicit RecordedBytes(Wire& wire) : wire_(wire) {}

  Moved receive(std::span<char> room) override {
    if (wire_.unread.empty()) return {Moved::Kind::kNothingNow};
    const std::size_t count = std::min(room.size(), wire_.unread.size());
    std::memcpy(room.data(), wire_.unread.data(), count);
    wire_.unread.remove_prefix(count);
    return {Moved::Kind::kSome, count, wire_.unread.empty()};
  }
  Moved send(std::span<const iovec> parts) override {
    std::size_t count = 0;
    for (const iovec& part : parts) {
      count += part.iov_len;
      if (wire_.first_sent.size() < 4096) wire_.first_sent.append(static_cast<char*>(part.iov_base), part.iov_len);
    }
    wire_.sent_bytes += count;
    return {Moved::Kind::kSome, count};
  }
  void end_output() override {}
  bool is_open() const override { return true; }
  std::string_view identity() const override { return {}; }

 private:
  Wire& wire_;
};

// A server of model "m", y = x, with one loop that this thread plays.
class Stage {
 public:
  Stage()
      : loop_(std::move(EventLoop::create(clock_).value())),
        reconciler_(
            {}, {&engine_}, source_, table_,
            [this](lifecycle::Servable& servable) -> Result<std::unique_ptr<lifecycle::Executor>> {
              return std::make_unique<serving::VersionExecutor>(servable, serving::ExecutorOptions{}, clock_);
            },
            {}, clock_, random_),
        dispatcher_({}, table_, table_.add_reader([] {}), [](auto) {}, clock_, random_) {
    api_.add_routes(rest_);
    grpc_methods_.add_methods(grpc_);
    deploy();
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    MODELYARD_CHECK(fd >= 0, "a descriptor to watch");
    connection_ = std::make_shared<Connection>(UniqueFd(fd), std::make_unique<RecordedBytes>(wire_), "replay", home_);
    MODELYARD_CHECK(connection_->start().has_value(), "watched");
  }
  ~Stage() {
    connection_->close();
    connection_.reset();
  }

  // One turn of the loop, which finds these bytes on the connection.
  void turn(std::string_view bytes) {
    wire_.unread = bytes;
    dispatcher_.refresh();
    connection_->on_ready(EPOLLIN);
    while (dispatcher_.end_turn() || pump_due()) {
    }
  }

  std::uint64_t answered() {
    serving::VersionTotals totals;
    dispatcher_.counters(*dispatcher_.route("m", {}, rollout::NoKeys())->servable).add_to(totals);
    return totals.answered();
  }
  const std::string& first_sent() const { return wire_.first_sent; }

 private:
  void deploy() {
    source_.deploy("m", 1, 1);
    reconciler_.start();
    auto done =
        std::async(std::launch::async, [&] { return reconciler_.wait_for_endpoint("m", 1, std::chrono::seconds(60)); });
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      dispatcher_.refresh();
      std::this_thread::yield();
    }
    MODELYARD_CHECK(done.get().has_value(), "the model is ready");
    dispatcher_.refresh();
  }
  bool pump_due() {
    const auto due = std::exchange(home_.due, {});
    for (const auto& connection : due) connection->pump();
    return !due.empty();
  }

  FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<EventLoop> loop_;
  backend::FakeBackend engine_;
  lifecycle::FakeSource source_;
  lifecycle::PublishedTable table_;
  lifecycle::Reconciler reconciler_;
  serving::Dispatcher dispatcher_;  // lets go of the versions before they are unloaded
  security::Guard guard_{{}, clock_};
  Router rest_{guard_, 1u << 20};
  GrpcRouter grpc_{guard_, 1u << 20};
  ProtocolSwitch handler_{rest_, grpc_};
  InferenceApi api_{{"1", [] { return true; }}, guard_, {&dispatcher_}, clock_, random_};
  GrpcInference grpc_methods_{api_};
  ConnectionLimits limits_;
  LoopCounters counters_;
  bool draining_ = false;
  AnswerObserver observer_;
  MakeSession make_http2_ = http2_sessions();
  ConnectionHome home_{*loop_, 0, handler_, limits_, counters_, draining_, [](int) {}, observer_, make_http2_};
  RecordedBytes::Wire wire_;
  std::shared_ptr<Connection> connection_;
};

// What a client sends: a greeting, then requests.
struct Recording {
  std::string greeting;
  std::vector<std::string> requests;
};

Recording record_http(std::size_t count) {
  constexpr std::string_view kBody =
      R"({"inputs":[{"name":"x","shape":[4],"datatype":"FP32","data":[0.2616,0.2985,0.8142,0.0916]}]})";
  const std::string request = fmt::format(
      "POST /v2/models/m/infer HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nuser-agent: replay/1\r\n"
      "content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
      kBody.size(), kBody);
  return {"", std::vector<std::string>(count, request)};
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string bytes;
  for (const int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
  return bytes.append(payload);
}

// ModelInferRequest: model_name = 1, inputs = 5 {name = 1, datatype = 2, shape = 3}, raw_input_contents = 7.
std::string grpc_body() {
  constexpr std::array<float, 4> kValues{0.2616F, 0.2985F, 0.8142F, 0.0916F};
  std::string shape, input, message = begin_grpc_message();
  append_varint(shape, kValues.size());
  append_bytes(input, 1, "x");
  append_bytes(input, 2, "FP32");
  append_bytes(input, 3, shape);
  append_bytes(message, 1, "m");
  append_bytes(message, 5, input);
  append_bytes(message, 7, {reinterpret_cast<const char*>(kValues.data()), sizeof kValues});
  finish_prefix(message);
  return message;
}

class HeaderWriter {
 public:
  HeaderWriter() { MODELYARD_CHECK(nghttp2_hd_deflate_new(&deflater_, 4096) == 0, "memory for a deflater"); }
  ~HeaderWriter() { nghttp2_hd_deflate_del(deflater_); }
  HeaderWriter(const HeaderWriter&) = delete;

  std::string block(std::span<const HeaderLine> lines) {
    std::vector<nghttp2_nv> fields;
    std::vector<std::string> texts;  // nghttp2 takes no const
    texts.reserve(2 * lines.size());
    for (const HeaderLine& line : lines) {
      std::string& name = texts.emplace_back(line.name);
      std::string& value = texts.emplace_back(line.value);
      fields.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                        name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    std::string out(nghttp2_hd_deflate_bound(deflater_, fields.data(), fields.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(out.data()), out.size(),
                                               fields.data(), fields.size());
    MODELYARD_CHECK(size > 0, "header lines fit");
    out.resize(static_cast<std::size_t>(size));
    return out;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

Recording record_grpc(std::size_t count) {
  constexpr std::array<HeaderLine, 8> kHead{{{":method", "POST"},
                                             {":scheme", "http"},
                                             {":path", "/inference.GRPCInferenceService/ModelInfer"},
                                             {":authority", "127.0.0.1:8080"},
                                             {"te", "trailers"},
                                             {"content-type", "application/grpc"},
                                             {"user-agent", "replay/1"},
                                             {"grpc-accept-encoding", "identity"}}};
  const std::string body = grpc_body();
  const std::string window("\x7f\x00\x00\x00", 4);  // the connection's: no answer waits for an update
  Recording recording;
  recording.greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_SETTINGS, 0, 0, "") +
                       frame(NGHTTP2_WINDOW_UPDATE, 0, 0, window) + frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
  HeaderWriter headers;
  for (std::size_t i = 0; i < count; ++i) {
    const auto stream = static_cast<std::uint32_t>(2 * i + 1);
    recording.requests.push_back(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream, headers.block(kHead)) +
                                 frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, stream, body));
  }
  return recording;
}

// Requests that come in one turn are one piece of bytes.
std::vector<std::string> gather_turns(const std::vector<std::string>& requests, std::size_t per_turn) {
  std::vector<std::string> turns;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i % per_turn == 0) turns.emplace_back();
    turns.back() += requests[i];
  }
  return turns;
}

std::size_t number(const char* text) {
  std::size_t value = 0;
  const char* const end = text + std::strlen(text);
  MODELYARD_CHECK(std::from_chars(text, end, value).ptr == end && value > 0, "counts are positive numbers");
  return value;
}

}  // namespace

extern "C" __attribute__((noinline, used)) void replay_requests(void* stage, const void* turns) {
  for (const std::string& bytes : *static_cast<const std::vector<std::string>*>(turns)) {
    static_cast<Stage*>(stage)->turn(bytes);
  }
}

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: %s http|grpc REQUESTS PER_TURN\n", arguments[0]);
    return 2;
  }
  const bool http = std::string_view(arguments[1]) == "http";
  const std::size_t requests = number(arguments[2]);
  const Recording recording = http ? record_http(requests) : record_grpc(requests);
  const auto turns = gather_turns(recording.requests, number(arguments[3]));
  Stage stage;
  if (!recording.greeting.empty()) stage.turn(recording.greeting);
  replay_requests(&stage, &turns);
  const std::string_view mark = http ? std::string_view(R"("data":[0.2616,0.2985,0.8142,0.0916])") : "grpc-status";
  if (stage.answered() != requests || (http && stage.first_sent().find(mark) == std::string::npos)) {
    std::fprintf(stderr, "%zu requests, %llu answered:\n%s\n", requests,
                 static_cast<unsigned long long>(stage.answered()), stage.first_sent().c_str());
    return 1;
  }
#if defined(NDEBUG)
  constexpr const char* kBuild = "release";
#else
  constexpr const char* kBuild = "debug";
#endif
  std::printf(R"({"answered": %zu, "built_with": {"build": "%s", "compiler": "%s", "glibc": "%s", "nghttp2": "%s"}})"
              "\n",
              requests, kBuild, __VERSION__, ::gnu_get_libc_version(), nghttp2_version(0)->version_str);
  return 0;
}
