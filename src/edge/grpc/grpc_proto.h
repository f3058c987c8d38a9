// Methods and messages by the protobuf library: for everything but the hot path.
#pragma once

#include <google/protobuf/message.h>

#include <functional>

#include "edge/grpc/grpc_router.h"
#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {

Status parse_proto(std::string_view bytes, google::protobuf::Message& message);
// With its prefix.
std::string grpc_message_of(const google::protobuf::Message& message);

// Fills a message from a document that has its field names, so that REST and gRPC answers are described in one place.
// Internal when the document has another form.
Status fill_proto(const std::string& document, google::protobuf::Message& message);

template <typename Message>
Result<Message> proto_from_document(const std::string& document) {
  Message message;
  MODELYARD_TRY(fill_proto(document, message));
  return message;
}

// A method whose answer is made at once.
template <typename Ask, typename Answer>
void add_method(GrpcRouter& router, std::string path, Access access,
                std::function<Result<Answer>(Exchange&, const Ask&)> work) {
  router.add(std::move(path), access, [work = std::move(work)](Exchange& exchange, const GrpcMessage& message) {
    Ask ask;
    const Status parsed = parse_proto(message.bytes, ask);
    auto answer = parsed ? work(exchange, ask) : Result<Answer>(parsed.error());
    if (!answer) return exchange.respond(grpc_failure(answer.error()));
    exchange.respond(grpc_answer(grpc_message_of(*answer), Coding::kIdentity));
  });
}

}  // namespace modelyard::edge
