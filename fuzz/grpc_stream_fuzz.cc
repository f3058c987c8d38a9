// Framed messages of a stream, cut anywhere, compressed or not.
#include <cstdint>

#include "base/check.h"
#include "edge/grpc/grpc_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace modelyard::edge;
  if (size == 0) return 0;
  const Coding coding = data[0] % 3 == 0 ? Coding::kIdentity : data[0] % 3 == 1 ? Coding::kGzip : Coding::kDeflate;
  const std::size_t step = 1 + data[0] / 3;
  const GrpcEncoding encoding{coding, 65536};
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  GrpcMessageReader reader(encoding);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.add(bytes.substr(at, step));
    for (;;) {
      const auto message = reader.next();
      if (!message) return 0;
      if (!*message) break;
      MODELYARD_CHECK((*message)->size() <= encoding.max_message_bytes, "within the limit");
    }
  }
  (void)read_unary(bytes, encoding).has_value();
  return 0;
}
