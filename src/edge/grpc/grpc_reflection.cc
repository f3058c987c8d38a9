#include "edge/grpc/grpc_reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>

#include <set>

#include "edge/grpc/grpc_proto.h"
#include "edge/grpc/grpc_status.h"

namespace modelyard::edge {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

const FileDescriptor* file_of_symbol(const std::string& symbol) {
  return DescriptorPool::generated_pool()->FindFileContainingSymbol(symbol);
}

// v1 and v1alpha differ in their package's name only.
template <typename Request, typename Answer>
class Reflection final : public GrpcStream {
 public:
  Reflection(Exchange& exchange, const std::set<std::string>& services)
      : services_(services), reply_(exchange.defer()) {
    Response head;
    head.content_type = "application/grpc";
    reply_.begin_stream_here(std::move(head));
  }

  BodySink::Appetite message(std::string bytes) override {
    Request request;
    if (const Status parsed = parse_proto(bytes, request); !parsed) {
      fail(parsed.error());
      return BodySink::Appetite::kMore;
    }
    Answer answer;
    answer.set_valid_host(request.host());
    *answer.mutable_original_request() = request;
    fill(request, answer);
    reply_.stream_here(grpc_message_of(answer));
    return BodySink::Appetite::kMore;
  }
  void end() override { reply_.end_stream_here(grpc_trailers(GrpcCode::kOk, {})); }
  void fail(const Error& error) override {
    reply_.end_stream_here(grpc_trailers(grpc_code(error.code()), error.message()));
  }

 private:
  void fill(const Request& request, Answer& answer) const {
    switch (request.message_request_case()) {
      case Request::kListServices:
        for (const std::string& service : services_) {
          answer.mutable_list_services_response()->add_service()->set_name(service);
        }
        return;
      case Request::kFileByFilename:
        return add_file(DescriptorPool::generated_pool()->FindFileByName(request.file_by_filename()), answer);
      case Request::kFileContainingSymbol: return add_file(file_of_symbol(request.file_containing_symbol()), answer);
      default: return refuse(GrpcCode::kUnimplemented, "extensions are not used here", answer);
    }
  }
  static void add_file(const FileDescriptor* file, Answer& answer) {
    if (file == nullptr) return refuse(GrpcCode::kNotFound, "not found", answer);
    std::set<const FileDescriptor*> added;
    add_with_imports(*file, added, answer);
  }
  static void add_with_imports(const FileDescriptor& file, std::set<const FileDescriptor*>& added, Answer& answer) {
    if (!added.insert(&file).second) return;
    google::protobuf::FileDescriptorProto proto;
    file.CopyTo(&proto);
    answer.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
    for (int i = 0; i < file.dependency_count(); ++i) add_with_imports(*file.dependency(i), added, answer);
  }
  static void refuse(GrpcCode code, const char* why, Answer& answer) {
    answer.mutable_error_response()->set_error_code(static_cast<int>(code));
    answer.mutable_error_response()->set_error_message(why);
  }

  const std::set<std::string>& services_;
  Deferred reply_;
};

template <typename Request, typename Answer>
void add_version(GrpcRouter& router, const std::string& service,
                 std::shared_ptr<const std::set<std::string>> services) {
  router.add_stream("/" + service + "/ServerReflectionInfo", Access::server(Verb::kInfer | Verb::kRead),
                    [services](Exchange& exchange, const GrpcEncoding&) -> std::unique_ptr<GrpcStream> {
                      return std::make_unique<Reflection<Request, Answer>>(exchange, *services);
                    });
}

}  // namespace

void add_grpc_reflection(GrpcRouter& router) {
  namespace v1 = grpc::reflection::v1;
  namespace v1alpha = grpc::reflection::v1alpha;
  const auto services = std::make_shared<std::set<std::string>>();
  add_version<v1::ServerReflectionRequest, v1::ServerReflectionResponse>(router, "grpc.reflection.v1.ServerReflection",
                                                                         services);
  add_version<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>(
      router, "grpc.reflection.v1alpha.ServerReflection", services);
  for (const std::string& method : router.methods()) services->insert(method.substr(1, method.rfind('/') - 1));
}

}  // namespace modelyard::edge
