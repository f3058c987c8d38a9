#include "edge/http/content_encoding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "edge/http/field_value.h"
#include "edge/http/message.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kStepBytes = 64u << 10;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip header"
constexpr int kAnyWindow = 15 + 32;   // "gzip or zlib header"
constexpr int kRawWindow = -15;       // some clients send deflate without the zlib header
constexpr int kZlibWindow = 15;

Error damaged(Coding coding) {
  return error(Code::kInvalidArgument, "the body is not valid {}", coding_name(coding));
}
Error too_large(std::size_t limit) {
  return error(Code::kResourceExhausted, "the inflated body is larger than {} bytes", limit);
}

unsigned char* writable_bytes(const char* text) {
  // zlib's interface lacks const; it does not write to its input.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text));
}

class Inflater {
 public:
  explicit Inflater(int window) { ready_ = inflateInit2(&stream_, window) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> run(Coding coding, std::string_view body, std::size_t limit) {
    if (!ready_) return error(Code::kResourceExhausted, "no memory to inflate the body");
    stream_.next_in = writable_bytes(body.data());
    stream_.avail_in = static_cast<uInt>(body.size());
    std::string out;
    for (int outcome = Z_OK; outcome != Z_STREAM_END;) {
      const std::size_t before = out.size();
      if (before > limit) return too_large(limit);
      out.resize(before + kStepBytes);
      stream_.next_out = reinterpret_cast<unsigned char*>(out.data()) + before;
      stream_.avail_out = kStepBytes;
      outcome = ::inflate(&stream_, Z_NO_FLUSH);
      out.resize(before + kStepBytes - stream_.avail_out);
      const bool stuck = outcome == Z_BUF_ERROR || (outcome == Z_OK && out.size() == before);
      if ((outcome != Z_OK && outcome != Z_STREAM_END) || stuck) return damaged(coding);
      // A body may have several members (RFC 1952 §2.2).
      const bool another = outcome == Z_STREAM_END && coding == Coding::kGzip && stream_.avail_in > 0;
      if (another) outcome = inflateReset(&stream_);
    }
    if (stream_.avail_in != 0) return damaged(coding);
    if (out.size() > limit) return too_large(limit);
    return out;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

Result<std::string> inflate_zstd(std::string_view body, std::size_t limit) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  // A frame may ask for a window of gigabytes; 8 MiB is what RFC 9659 lets a server expect.
  if (!context || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23))) {
    return error(Code::kResourceExhausted, "no memory to inflate the body");
  }
  std::string out;
  ZSTD_inBuffer input{body.data(), body.size(), 0};
  for (std::size_t left = 1; left != 0;) {
    const std::size_t before = out.size();
    if (before > limit) return too_large(limit);
    out.resize(before + kStepBytes);
    ZSTD_outBuffer output{out.data() + before, kStepBytes, 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    out.resize(before + output.pos);
    const bool stuck = left != 0 && input.pos == input.size && output.pos < kStepBytes;
    if (ZSTD_isError(left) || stuck) return damaged(Coding::kZstd);
  }
  if (input.pos != input.size) return damaged(Coding::kZstd);
  if (out.size() > limit) return too_large(limit);
  return out;
}

}  // namespace

std::optional<Coding> parse_coding(std::string_view name) {
  for (const Coding coding : {Coding::kIdentity, Coding::kGzip, Coding::kDeflate, Coding::kZstd}) {
    if (equal_ignoring_case(name, coding_name(coding))) return coding;
  }
  return std::nullopt;
}

std::string_view coding_name(Coding coding) {
  switch (coding) {
    case Coding::kIdentity: return "identity";
    case Coding::kGzip: return "gzip";
    case Coding::kDeflate: return "deflate";
    case Coding::kZstd: return "zstd";
  }
  return "identity";
}

Coding choose_coding(std::string_view accept_encoding) {
  Coding best = Coding::kIdentity;
  double best_quality = 0;
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kZstd}) {
    const double quality = accepted_quality(accept_encoding, coding_name(coding));
    if (quality <= best_quality) continue;
    best_quality = quality;
    best = coding;
  }
  return best;
}

Result<std::string> inflate(Coding coding, std::string_view body, std::size_t limit) {
  if (body.empty()) return damaged(coding);
  Result<std::string> out = std::string(body);
  if (coding == Coding::kZstd) out = inflate_zstd(body, limit);
  if (coding == Coding::kGzip) out = Inflater(kAnyWindow).run(coding, body, limit);
  if (coding == Coding::kDeflate) {
    // The zlib header is checked by its own arithmetic (RFC 1950 §2.2).
    const auto first = static_cast<unsigned char>(body[0]);
    const auto second = body.size() > 1 ? static_cast<unsigned char>(body[1]) : 0;
    const bool zlib_header = (first & 15) == 8 && (first * 256 + second) % 31 == 0;
    out = Inflater(zlib_header ? kZlibWindow : kRawWindow).run(coding, body, limit);
  }
  if (out) out->reserve(out->size() + kBodyPadding);
  return out;
}

Result<std::string> compress(Coding coding, std::string_view body) {
  if (coding == Coding::kIdentity) return std::string(body);
  std::string out;
  if (coding == Coding::kZstd) {
    out.resize(ZSTD_compressBound(body.size()));
    const std::size_t size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), 1);
    if (ZSTD_isError(size)) return error(Code::kInternal, "zstd: {}", ZSTD_getErrorName(size));
    out.resize(size);
    return out;
  }
  z_stream stream{};
  const int window = coding == Coding::kGzip ? kGzipWindow : kZlibWindow;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return error(Code::kResourceExhausted, "no memory to compress the answer");
  }
  out.resize(deflateBound(&stream, body.size()));
  stream.next_in = writable_bytes(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (outcome != Z_STREAM_END) return error(Code::kInternal, "zlib did not finish");
  return out;
}

}  // namespace modelyard::edge
