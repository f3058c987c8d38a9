#include "edge/inference_api/shared_memory_api.h"

#include <open_inference/grpc_service.pb.h>

#include "edge/grpc/grpc_proto.h"
#include "edge/inference_api/http_call.h"
#include "edge/inference_api/shared_use.h"

namespace modelyard::edge {
namespace {

// The names of regions are one space for all clients.
constexpr Access kShares = Access::every_model(Verb::kInfer);
const std::string kService = "/inference.GRPCInferenceService/";

Error cuda_is_absent() {
  return error(Code::kUnimplemented, "CUDA shared memory is not supported: this server runs models on the CPU");
}

std::string_view name_of(const Request& request) {
  return request.parameters.empty() ? std::string_view() : request.parameters[0];
}

void answer(Exchange& exchange, std::string body) {
  Response response;
  response.body = std::move(body);
  exchange.respond(std::move(response));
}

// {"key","offset"?,"byte_size"}; `document` is behind the views.
Result<RegionAsk> read_ask(std::string_view name, const Json& document) {
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, "shared memory region"));
  MODELYARD_TRY(reader.string("key"));
  MODELYARD_ASSIGN(const auto offset, reader.optional_integer("offset"));
  MODELYARD_ASSIGN(const std::int64_t bytes, reader.integer("byte_size"));
  MODELYARD_TRY(reader.finish());
  if (offset.value_or(0) < 0 || bytes < 0) {
    return error(Code::kInvalidArgument, "'offset' and 'byte_size' of a shared memory region must not be negative");
  }
  return RegionAsk{name, document.find("key")->get_ref<const std::string&>(),
                   static_cast<std::uint64_t>(offset.value_or(0)), static_cast<std::uint64_t>(bytes)};
}

}  // namespace

Result<Json> SharedMemoryApi::status(std::string_view name) const {
  Json listed = Json::array();
  const auto append = [&](std::string_view region_name, const SharedRegion& region) {
    listed.push_back(
        {{"name", region_name}, {"key", region.key()}, {"offset", region.offset()}, {"byte_size", region.bytes()}});
  };
  if (!name.empty()) {
    if (!regions_) return shared_memory_is_off();
    MODELYARD_ASSIGN(const auto region, regions_->find(name));
    append(name, *region);
  } else if (regions_) {
    for (const auto& [region_name, region] : regions_->list()) append(region_name, *region);
  }
  return listed;
}

Status SharedMemoryApi::add(const RegionAsk& ask) {
  return regions_ ? regions_->add(ask) : Status(shared_memory_is_off());
}

void SharedMemoryApi::remove(std::string_view name) {
  if (!regions_) return;
  name.empty() ? regions_->remove_all() : regions_->remove(name);
}

void SharedMemoryApi::open_register(Exchange& exchange) {
  const Request& request = exchange.request();
  const auto add_asked = [&]() -> Status {
    MODELYARD_ASSIGN(const Json document, parse_json(request.body));
    MODELYARD_ASSIGN(const RegionAsk ask, read_ask(request.parameters[0], document));
    return add(ask);
  };
  const Status added = add_asked();
  if (!added) return exchange.respond(refusal(added.error(), api_.request_id(request)));
  answer(exchange, "");
}

void SharedMemoryApi::add_routes(Router& router) {
  const auto tell = [this](Exchange& exchange) {
    const auto listed = status(name_of(exchange.request()));
    if (!listed) return exchange.respond(refusal(listed.error(), api_.request_id(exchange.request())));
    answer(exchange, listed->dump());
  };
  const auto unregister = [this](Exchange& exchange) {
    remove(name_of(exchange.request()));
    answer(exchange, "");
  };
  for (const std::string& path :
       {std::string("/v2/systemsharedmemory"), std::string("/v2/systemsharedmemory/region/{region}")}) {
    router.add(Method::kGet, path + "/status", kShares, tell);
    router.add(Method::kPost, path + "/unregister", kShares, unregister);
  }
  router.add(
      Method::kPost, "/v2/systemsharedmemory/region/{region}/register", kShares,
      [this](Exchange& exchange) { open_register(exchange); }, BodyNeed::kRequired);
  for (const std::string& path :
       {std::string("/v2/cudasharedmemory"), std::string("/v2/cudasharedmemory/region/{region}")}) {
    router.add(Method::kGet, path + "/status", kShares, [](Exchange& exchange) { answer(exchange, "[]"); });
    router.add(Method::kPost, path + "/unregister", kShares, [](Exchange& exchange) { answer(exchange, ""); });
  }
  router.add(Method::kPost, "/v2/cudasharedmemory/region/{region}/register", kShares, [this](Exchange& exchange) {
    exchange.respond(refusal(cuda_is_absent(), api_.request_id(exchange.request())));
  });
}

// A name that is taken is AlreadyExists here, as Triton has it; elsewhere a conflict is Aborted.
void SharedMemoryApi::call_register(Exchange& exchange, std::string_view message) {
  ::inference::SystemSharedMemoryRegisterRequest ask;
  Status done = parse_proto(message, ask);
  if (done) done = add({ask.name(), ask.key(), ask.offset(), ask.byte_size()});
  if (!done && done.error().code() == Code::kConflict) {
    return exchange.respond(grpc_failure(GrpcCode::kAlreadyExists, done.error().message()));
  }
  if (!done) return exchange.respond(grpc_failure(done.error()));
  exchange.respond(grpc_answer(grpc_message_of(::inference::SystemSharedMemoryRegisterResponse()), Coding::kIdentity));
}

void SharedMemoryApi::add_methods(GrpcRouter& router) {
  using namespace ::inference;
  add_method<SystemSharedMemoryStatusRequest, SystemSharedMemoryStatusResponse>(
      router, kService + "SystemSharedMemoryStatus", kShares,
      [this](Exchange&, const auto& ask) -> Result<SystemSharedMemoryStatusResponse> {
        MODELYARD_ASSIGN(const Json listed, status(ask.name()));
        Json by_name = Json::object();
        for (const Json& region : listed) by_name[region["name"].get_ref<const std::string&>()] = region;
        return proto_from_document<SystemSharedMemoryStatusResponse>(Json{{"regions", std::move(by_name)}}.dump());
      });
  router.add(kService + "SystemSharedMemoryRegister", kShares,
             [this](Exchange& exchange, const GrpcMessage& message) { call_register(exchange, message.bytes); });
  add_method<SystemSharedMemoryUnregisterRequest, SystemSharedMemoryUnregisterResponse>(
      router, kService + "SystemSharedMemoryUnregister", kShares,
      [this](Exchange&, const auto& ask) -> Result<SystemSharedMemoryUnregisterResponse> {
        remove(ask.name());
        return SystemSharedMemoryUnregisterResponse();
      });
  add_method<CudaSharedMemoryStatusRequest, CudaSharedMemoryStatusResponse>(
      router, kService + "CudaSharedMemoryStatus", kShares,
      [](Exchange&, const auto&) -> Result<CudaSharedMemoryStatusResponse> { return {{}}; });
  add_method<CudaSharedMemoryUnregisterRequest, CudaSharedMemoryUnregisterResponse>(
      router, kService + "CudaSharedMemoryUnregister", kShares,
      [](Exchange&, const auto&) -> Result<CudaSharedMemoryUnregisterResponse> { return {{}}; });
  router.add(kService + "CudaSharedMemoryRegister", kShares,
             [](Exchange& exchange, const GrpcMessage&) { exchange.respond(grpc_failure(cuda_is_absent())); });
}

}  // namespace modelyard::edge
