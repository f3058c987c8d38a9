#include "app/server/otlp_post.h"

#include <csignal>

namespace modelyard::app {
namespace {

constexpr long kConnectMs = 3'000;
constexpr long kAnswerMs = 10'000;
constexpr std::size_t kMostBody = 64u << 10;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size * count, kMostBody - std::min(body.size(), kMostBody)));
  return size * count;
}

int ask_whether_to_give_up(void* gives_up, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const std::function<bool()>*>(gives_up))() ? 1 : 0;
}

}  // namespace

Result<std::unique_ptr<OtlpPost>> OtlpPost::open(std::string endpoint, const std::vector<std::string>& headers) {
  MODELYARD_ASSIGN(const CurlLibrary* curl, CurlLibrary::load());
  std::signal(SIGPIPE, SIG_IGN);  // a TLS library writes to sockets without MSG_NOSIGNAL
  while (endpoint.ends_with('/')) endpoint.pop_back();
  std::unique_ptr<OtlpPost> post(new OtlpPost(*curl, endpoint + "/v1/traces"));
  const auto add = [&](const char* line) { post->headers_ = curl->slist_append(post->headers_, line); };
  for (const char* line : {"Content-Type: application/x-protobuf", "Content-Encoding: gzip", "Expect:"}) add(line);
  for (const std::string& line : headers) add(line.c_str());
  return post;
}

OtlpPost::OtlpPost(const CurlLibrary& curl, std::string url)
    : curl_(curl), url_(std::move(url)), handle_(curl.easy_init()) {}

OtlpPost::~OtlpPost() {
  curl_.easy_cleanup(handle_);
  curl_.slist_free_all(headers_);
}

Result<PostAnswer> OtlpPost::post(std::string_view request, const std::function<bool()>& gives_up) {
  const auto set = [this](CURLoption option, auto value) { curl_.easy_setopt(handle_, option, value); };
  PostAnswer answer;
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.size()));
  set(CURLOPT_POSTFIELDS, request.data());
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &answer.body);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, ask_whether_to_give_up);
  set(CURLOPT_XFERINFODATA, &gives_up);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  set(CURLOPT_TIMEOUT_MS, kAnswerMs);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  const CURLcode outcome = curl_.easy_perform(handle_);
  // Without the URL, which may hold a password.
  if (outcome != CURLE_OK) {
    return error(Code::kUnavailable, "the collector cannot be reached: {}", curl_.easy_strerror(outcome));
  }
  long status = 0;
  curl_off_t seconds = 0;
  curl_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  curl_.easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &seconds);
  answer.status = static_cast<int>(status);
  if (seconds > 0) answer.retry_after = std::chrono::seconds(seconds);
  return answer;
}

}  // namespace modelyard::app
