#include "edge/grpc/grpc_router.h"

#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {
namespace {

class StreamSink final : public BodySink {
 public:
  StreamSink(std::unique_ptr<GrpcStream> stream, const GrpcEncoding& encoding)
      : stream_(std::move(stream)), reader_(encoding) {}

  Appetite write(std::string_view piece) override {
    reader_.add(piece);
    Appetite appetite = Appetite::kMore;
    while (!failed_) {
      auto message = reader_.next();
      if (!message) {
        fail(message.error());
        break;
      }
      if (!*message) break;
      appetite = stream_->message(std::move(**message));
    }
    return appetite;
  }
  void end() override {
    if (failed_) return;
    if (!reader_.between_messages()) return fail(error(Code::kInternal, "the stream ended within a message"));
    stream_->end();
  }

 private:
  void fail(const Error& error) {
    failed_ = true;
    stream_->fail(error);
  }

  const std::unique_ptr<GrpcStream> stream_;
  GrpcMessageReader reader_;
  bool failed_ = false;
};

}  // namespace

bool is_grpc(const Request& request) {
  constexpr std::string_view kType = "application/grpc";
  const auto type = request.header("content-type");
  if (!type || !type->starts_with(kType)) return false;
  return type->size() == kType.size() || (*type)[kType.size()] == '+' || (*type)[kType.size()] == ';';
}

void GrpcRouter::add(std::string path, Access access, GrpcUnary method) {
  methods_[std::move(path)] = {access, std::move(method), nullptr};
}

void GrpcRouter::add_stream(std::string path, Access access, GrpcOpen method) {
  methods_[std::move(path)] = {access, nullptr, std::move(method)};
}

std::vector<std::string> GrpcRouter::methods() const {
  std::vector<std::string> names;
  for (const auto& [name, method] : methods_) names.push_back(name);
  return names;
}

BodyPolicy GrpcRouter::on_head(Request& request, std::string&) {
  request.path = request.target;
  if (request.http_major < 2) return error_response(505, "gRPC needs HTTP/2");
  if (request.method != modelyard::edge::Method::kPost) return error_response(405, "gRPC calls are POST requests");
  const auto found = methods_.find(request.target);
  if (found == methods_.end()) {
    return grpc_failure(GrpcCode::kUnimplemented, fmt::format("there is no method '{}'", request.target));
  }
  request.caller = authenticate(guard_, request);
  if (const Status admitted = security::decide(request.caller, found->second.access); !admitted) {
    return grpc_failure(admitted.error());
  }
  const auto encoding = grpc_encoding(request, max_message_bytes_);
  if (!encoding) {
    Response response = grpc_failure(encoding.error());
    response.add_header("grpc-accept-encoding", "identity,deflate,gzip");
    return response;
  }
  request.route = &found->second;
  const Method& method = found->second;
  if (method.unary) return BufferBody{max_message_bytes_ + kGrpcPrefixBytes, false};
  return StreamBody{[&method, encoding = *encoding](Exchange& exchange) -> std::unique_ptr<BodySink> {
    return std::make_unique<StreamSink>(method.open(exchange, encoding), encoding);
  }};
}

void GrpcRouter::handle(Exchange& exchange) {
  const Request& request = exchange.request();
  const auto encoding = grpc_encoding(request, max_message_bytes_);
  auto message = read_unary(request.body, *encoding);
  if (!message) return exchange.respond(grpc_failure(message.error()));
  static_cast<const Method*>(request.route)->unary(exchange, std::move(*message));
}

Response GrpcRouter::say(const Request&, const Refusal& refusal) {
  return grpc_failure(grpc_code_of_http(refusal.status), refusal.why);
}

Response grpc_answer(std::string message, Coding coding) {
  Response response;
  response.content_type = "application/grpc";
  if (coding != Coding::kIdentity) response.add_header("grpc-encoding", coding_name(coding));
  response.body = compressed(std::move(message), coding);
  response.trailers = grpc_trailers(GrpcCode::kOk, {});
  return response;
}

}  // namespace modelyard::edge
