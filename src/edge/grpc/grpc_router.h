// GrpcRouter takes gRPC calls to their methods: framing, compression and limits are done here, messages are the
// methods' matter.
//
// Threads:   as Handler says. Methods run on the exchange's loop.
// Ownership: a unary message's bytes live until the exchange is answered.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/grpc/grpc_message.h"
#include "edge/http/router.h"

namespace modelyard::edge {

// The server's side of a call whose client sends many messages. Destroyed without end(): the client has gone.
class GrpcStream {
 public:
  virtual ~GrpcStream() = default;
  // kPause: no more until the deferred reply's body_resumer() was called.
  virtual BodySink::Appetite message(std::string bytes) = 0;
  // The client sends no more.
  virtual void end() = 0;
  // What came is no message: answer so.
  virtual void fail(const Error& error) = 0;
};

using GrpcUnary = std::function<void(Exchange&, GrpcMessage)>;
using GrpcOpen = std::function<std::unique_ptr<GrpcStream>(Exchange&, const GrpcEncoding&)>;

class GrpcRouter final : public Handler {
 public:
  GrpcRouter(security::Guard& guard, std::size_t max_message_bytes)
      : guard_(guard), max_message_bytes_(max_message_bytes) {}

  // "/package.Service/Method". A method about one model asks decide() again when it has read the name.
  void add(std::string path, Access access, GrpcUnary method);
  void add_stream(std::string path, Access access, GrpcOpen method);
  std::size_t max_message_bytes() const { return max_message_bytes_; }

  BodyPolicy on_head(Request& request, std::string& scratch) override;
  void handle(Exchange& exchange) override;
  Response say(const Request& request, const Refusal& refusal) override;

  // Names, in order.
  std::vector<std::string> methods() const;

 private:
  struct Method {
    Access access;
    GrpcUnary unary;
    GrpcOpen open;
  };

  security::Guard& guard_;
  const std::size_t max_message_bytes_;
  std::map<std::string, Method, std::less<>> methods_;
};

// Whether a request is a gRPC call, by its content type.
bool is_grpc(const Request& request);

// Takes gRPC calls to one handler and all other requests to another.
class ProtocolSwitch final : public Handler {
 public:
  ProtocolSwitch(Handler& rest, Handler& grpc) : rest_(rest), grpc_(grpc) {}
  BodyPolicy on_head(Request& request, std::string& scratch) override { return of(request).on_head(request, scratch); }
  void handle(Exchange& exchange) override { of(exchange.request()).handle(exchange); }
  Response say(const Request& request, const Refusal& refusal) override { return of(request).say(request, refusal); }

 private:
  Handler& of(const Request& request) { return is_grpc(request) ? grpc_ : rest_; }

  Handler& rest_;
  Handler& grpc_;
};

// A finished unary answer. `message` came from begin_grpc_message() and has its prefix.
Response grpc_answer(std::string message, Coding coding);

}  // namespace modelyard::edge
