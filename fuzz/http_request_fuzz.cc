// A head is read the same whether it comes whole or byte by byte, and never reaches past its end. What was
// accepted holds neither both length headers nor a bare line feed.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "edge/http/request_head.h"
#include "edge/http/target.h"

namespace {

using namespace modelyard;
using Kind = edge::HeadOutcome::Kind;

edge::HeadOutcome read_in_pieces(std::string_view text, const edge::HeadLimits& limits, edge::RequestHead& head) {
  std::size_t scanned = 0;
  edge::HeadOutcome outcome;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    outcome = edge::read_request_head(text.substr(0, length), limits, scanned, head);
    if (outcome.kind != Kind::kNeedMore) return outcome;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const edge::HeadLimits limits{.max_target_bytes = 256, .max_header_bytes = 2048, .max_headers = 16};
  edge::RequestHead whole_head;
  edge::RequestHead piece_head;
  std::size_t scanned = 0;
  const auto whole = edge::read_request_head(text, limits, scanned, whole_head);
  const auto pieces = read_in_pieces(text, limits, piece_head);
  if (whole.kind == Kind::kDone) {
    MODELYARD_CHECK(pieces.kind == Kind::kDone && pieces.consumed == whole.consumed, "pieces agree with the whole");
    MODELYARD_CHECK(whole.consumed <= size, "no more than what was there");
    MODELYARD_CHECK(!(whole_head.chunked && whole_head.content_length), "one way to tell the body's end");
    const std::string_view head = text.substr(0, whole.consumed);
    for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
      MODELYARD_CHECK(at > 0 && head[at - 1] == '\r', "no bare line feed");
    }
    if (const auto target = edge::split_target(whole_head.target)) {
      std::string decoded;
      (void)edge::decode_path(target->path, decoded).has_value();
      (void)edge::parse_query(target->query).has_value();
    }
  }
  return 0;
}
