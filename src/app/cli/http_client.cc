#include "app/cli/http_client.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/cli/screen.h"
#include "app/curl/curl_library.h"

namespace modelyard::app {
namespace {

constexpr long kConnectSeconds = 5;
constexpr std::chrono::seconds kReadSilence{60};
constexpr std::chrono::seconds kChangeSilence{660};  // more than any --wait

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

int take_tick(void* waiting, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  static_cast<WaitingLine*>(waiting)->tick();
  return 0;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  const std::string_view line(data, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon)), value(line.substr(colon + 1));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto first = value.find_first_not_of(" \t");
    const auto last = value.find_last_not_of(" \r\n");
    (*static_cast<std::map<std::string, std::string>*>(to))[name] =
        first == std::string::npos ? "" : value.substr(first, last - first + 1);
  }
  return size * count;
}

// Where the body goes; by default into the answer.
struct Sink {
  curl_write_callback function = nullptr;
  void* to = nullptr;
};

// One request that is made by libcurl.
class Transfer {
 public:
  static Result<Transfer> begin() {
    MODELYARD_ASSIGN(const CurlLibrary* curl, CurlLibrary::load());
    return Transfer(*curl);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_->easy_setopt(handle_.get(), option, value);
  }
  void add_header(const std::string& line) { headers_.reset(curl_->slist_append(headers_.release(), line.c_str())); }

  // A second is the finest that libcurl looks at.
  void limit_silence(std::chrono::seconds silence) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(silence.count()));
  }
  void show_waiting(WaitingLine& waiting) {
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, take_tick);
    set(CURLOPT_XFERINFODATA, &waiting);
  }

  // Of the answer, once its head has come.
  int status() const {
    long status = 0;
    curl_->easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  Result<HttpAnswer> perform(const std::string& server, const std::string& remedy, Sink sink = {}) {
    HttpAnswer answer;
    if (sink.function == nullptr) sink = {take_body, &answer.body};
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_WRITEFUNCTION, sink.function);
    set(CURLOPT_WRITEDATA, sink.to);
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, &answer.headers);
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    const CURLcode outcome = curl_->easy_perform(handle_.get());
    if (outcome == CURLE_OPERATION_TIMEDOUT) {
      return error(Code::kDeadlineExceeded, "{} did not answer in time; see its log, or wait longer with --timeout",
                   server);
    }
    if (outcome != CURLE_OK) {
      return error(Code::kUnavailable, "cannot reach {}: {}; {}", server, curl_->easy_strerror(outcome), remedy);
    }
    answer.status = status();
    answer.content_type = answer.headers["content-type"];
    return answer;
  }

 private:
  explicit Transfer(const CurlLibrary& curl)
      : curl_(&curl), handle_(curl.easy_init(), curl.easy_cleanup), headers_(nullptr, curl.slist_free_all) {}

  const CurlLibrary* curl_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
};

// Who asks, and whom it trusts.
void set_identity(Transfer& transfer, const TlsOptions& tls, const std::string& api_key) {
  if (!api_key.empty()) {
    transfer.set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    transfer.set(CURLOPT_XOAUTH2_BEARER, api_key.c_str());
  }
  if (!tls.ca.empty()) transfer.set(CURLOPT_CAINFO, tls.ca.c_str());
  if (!tls.certificate.empty()) transfer.set(CURLOPT_SSLCERT, tls.certificate.c_str());
  if (!tls.key.empty()) transfer.set(CURLOPT_SSLKEY, tls.key.c_str());
}

Code code_of(int status) {
  switch (status) {
    case 401: return Code::kUnauthenticated;
    case 403: return Code::kPermissionDenied;
    case 404: return Code::kNotFound;
    case 409:
    case 412: return Code::kConflict;
    case 408:
    case 504: return Code::kDeadlineExceeded;
    case 429:
    case 507: return Code::kResourceExhausted;
    case 501: return Code::kUnimplemented;
    case 503: return Code::kUnavailable;
    default: return status >= 500 ? Code::kInternal : Code::kInvalidArgument;
  }
}

struct FileProgress {
  std::FILE* file = nullptr;
  std::int64_t sent = 0;
  std::int64_t total = 0;
  const std::function<void(std::int64_t, std::int64_t)>* progress = nullptr;
};

std::size_t read_file_piece(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& state = *static_cast<FileProgress*>(from);
  const std::size_t got = std::fread(buffer, 1, size * count, state.file);
  state.sent += static_cast<std::int64_t>(got);
  if (*state.progress) (*state.progress)(state.sent, state.total);
  return got;
}

struct Received {
  const Transfer* transfer = nullptr;
  std::FILE* file = nullptr;
  const std::function<void(std::int64_t)>* progress = nullptr;
  Sha256 hash;
  std::int64_t bytes = 0;
  std::string refusal;  // the body of an answer that is no success
};

std::size_t write_file_piece(char* data, std::size_t size, std::size_t count, void* to) {
  auto& state = *static_cast<Received*>(to);
  const std::string_view piece(data, size * count);
  if (state.transfer->status() != 200) {
    state.refusal += piece;
    return piece.size();
  }
  state.hash.update(piece);
  state.bytes += static_cast<std::int64_t>(piece.size());
  if (*state.progress) (*state.progress)(state.bytes);
  return std::fwrite(data, 1, piece.size(), state.file);
}

}  // namespace

HttpClient::HttpClient(std::string server, TlsOptions tls, std::string api_key, std::chrono::seconds silence,
                       std::string remedy)
    : server_(std::move(server)),
      tls_(std::move(tls)),
      api_key_(std::move(api_key)),
      silence_(silence),
      remedy_(std::move(remedy)) {}

Result<HttpAnswer> HttpClient::send(std::string_view method, const std::string& path, std::optional<std::string> body,
                                    const std::map<std::string, std::string>& headers) const {
  MODELYARD_ASSIGN(Transfer transfer, Transfer::begin());
  for (const auto& [name, value] : headers) transfer.add_header(name + ": " + value);
  transfer.add_header("Expect:");
  const std::string url = server_ + path, verb(method);
  transfer.set(CURLOPT_URL, url.c_str());
  set_identity(transfer, tls_, api_key_);
  transfer.set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  if (method == "HEAD") transfer.set(CURLOPT_NOBODY, 1L);
  if (body) {
    transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    transfer.set(CURLOPT_POSTFIELDS, body->data());
  }
  const bool reads = method == "GET";
  transfer.limit_silence(silence_.count() > 0 ? silence_ : reads ? kReadSilence : kChangeSilence);
  WaitingLine waiting(server_);
  transfer.show_waiting(waiting);
  return transfer.perform(server_, remedy_);
}

Result<Json> HttpClient::call(std::string_view method, const std::string& path, const Json& body,
                              std::map<std::string, std::string> headers) const {
  std::optional<std::string> text;
  if (!body.is_null()) text = body.dump();
  headers.emplace("Content-Type", "application/json");
  MODELYARD_ASSIGN(const HttpAnswer answer, send(method, path, text, headers));
  if (answer.status < 200 || answer.status > 299) return error_of(answer);
  if (answer.body.empty()) return Json(nullptr);
  return parse_json(answer.body, {.max_bytes = 1u << 30, .max_depth = 256});
}

Status HttpClient::upload(const std::string& path, const std::string& file,
                          const std::function<void(std::int64_t, std::int64_t)>& progress) const {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> source(std::fopen(file.c_str(), "rb"), std::fclose);
  std::error_code failure;
  const auto size = std::filesystem::file_size(file, failure);
  if (!source || failure) return error(Code::kNotFound, "cannot read '{}'", file);
  FileProgress state{source.get(), 0, static_cast<std::int64_t>(size), &progress};
  MODELYARD_ASSIGN(Transfer transfer, Transfer::begin());
  transfer.add_header("Content-Type: application/octet-stream");
  const std::string url = server_ + path;
  transfer.set(CURLOPT_URL, url.c_str());
  set_identity(transfer, tls_, api_key_);
  transfer.set(CURLOPT_UPLOAD, 1L);
  transfer.set(CURLOPT_READFUNCTION, read_file_piece);
  transfer.set(CURLOPT_READDATA, &state);
  transfer.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  transfer.limit_silence(silence_.count() > 0 ? silence_ : kChangeSilence);
  MODELYARD_ASSIGN(const HttpAnswer answer, transfer.perform(server_, remedy_));
  return answer.status == 200 || answer.status == 201 ? ok() : Status(error_of(answer));
}

Result<Digest> HttpClient::download(const std::string& path, const std::string& file,
                                    const std::function<void(std::int64_t)>& progress) const {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> target(std::fopen(file.c_str(), "wbx"), std::fclose);
  if (!target) return error(Code::kInternal, "cannot write '{}'", file);
  MODELYARD_ASSIGN(Transfer transfer, Transfer::begin());
  Received state{&transfer, target.get(), &progress, {}, 0, {}};
  const std::string url = server_ + path;
  transfer.set(CURLOPT_URL, url.c_str());
  set_identity(transfer, tls_, api_key_);
  transfer.limit_silence(silence_.count() > 0 ? silence_ : kChangeSilence);
  MODELYARD_ASSIGN(HttpAnswer answer, transfer.perform(server_, remedy_, {write_file_piece, &state}));
  if (answer.status != 200) {
    answer.body = std::move(state.refusal);
    return error_of(answer);
  }
  if (std::fclose(target.release()) != 0) return error(Code::kInternal, "cannot write '{}'", file);
  return state.hash.finish();
}

Error error_of(const HttpAnswer& answer) {
  const auto document = parse_json(answer.body);
  std::string words = answer.body.substr(0, 500);
  Code code = code_of(answer.status);
  if (document && document->is_object()) {
    words = document->value("detail", document->value("error", words));
    // 409 stands for two codes; the document says which.
    if (document->value("code", "") == code_name(Code::kFailedPrecondition)) code = Code::kFailedPrecondition;
  }
  if (code == Code::kUnauthenticated) words += "; set MODELYARD_API_KEY, or name a file by --api-key-file";
  return Error(code, words.empty() ? fmt::format("the server answered {}", answer.status) : words);
}

std::string path_segment(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace modelyard::app
