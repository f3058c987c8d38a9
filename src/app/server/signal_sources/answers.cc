#include "app/server/signal_sources/answers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/server/outbound/outbound.h"

namespace modelyard::app {
namespace {

using control::SignalAnswer;

constexpr int kMostDepth = 16;

// One line of UTF-8, cut between characters.
std::string words(std::string text) {
  std::ranges::replace_if(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  if (text.size() <= kMostWords) return text;
  std::size_t end = kMostWords;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

Error unexpected(std::string_view what) {
  return error(Code::kInvalidArgument, "its answer is not one of Prometheus: {}", what);
}

// "1.5", "5e-06", "NaN", "+Inf".
Result<double> parse_sample(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_string()) return unexpected("a sample is [time, \"number\"]");
  std::string_view text = pair[1].get_ref<const std::string&>();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return unexpected("a sample is no number");
  return value;
}

Result<SignalAnswer> answer_of(const Json& pair) {
  MODELYARD_ASSIGN(const double value, parse_sample(pair));
  if (std::isfinite(value)) return SignalAnswer{.value = value, .reason = "", .warning = ""};
  return SignalAnswer{.value = {}, .reason = fmt::format("the query's value is {}", value), .warning = ""};
}

Result<SignalAnswer> answer_of_vector(const Json& samples) {
  if (!samples.is_array()) return unexpected("a vector is an array");
  if (samples.empty()) return SignalAnswer{.value = {}, .reason = "the query finds no series", .warning = ""};
  if (samples.size() > 1) {
    return error(Code::kInvalidArgument, "the query finds {} series; write one that has one, such as sum(…)",
                 samples.size());
  }
  if (!samples[0].is_object()) return unexpected("a sample of a vector is an object");
  const auto value = samples[0].find("value");
  if (value != samples[0].end()) return answer_of(*value);
  if (!samples[0].contains("histogram")) return unexpected("a sample of a vector has a value");
  return error(Code::kInvalidArgument, "the query finds a histogram; write histogram_quantile(…) of it");
}

std::string warnings_of(ObjectReader& reader) {
  const auto list = reader.optional_array("warnings");
  if (!list || *list == nullptr) return "";
  std::string text;
  for (const Json& one : **list) {
    if (one.is_string() && text.size() <= kMostWords) text += (text.empty() ? "" : "; ") + one.get<std::string>();
  }
  return words(std::move(text));
}

}  // namespace

Result<SignalAnswer> read_prometheus_answer(std::string_view body) {
  MODELYARD_ASSIGN(const Json document, parse_json(body, {kMostPrometheusBytes, kMostDepth}));
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, "answer"));
  MODELYARD_ASSIGN(const std::string status, reader.string("status"));
  if (status != "success") return unexpected("its status is not success");
  MODELYARD_ASSIGN(const Json* const data, reader.object("data"));
  MODELYARD_ASSIGN(auto fields, ObjectReader::open(*data, reader.path_of("data")));
  MODELYARD_ASSIGN(const std::string type, fields.string("resultType"));
  MODELYARD_ASSIGN(const Json* const result, fields.array("result"));
  if (type != "scalar" && type != "vector") {
    return error(Code::kInvalidArgument, "the query has a {} for result; write one of a scalar or a vector",
                 words(type));
  }
  MODELYARD_ASSIGN(SignalAnswer answer, type == "scalar" ? answer_of(*result) : answer_of_vector(*result));
  answer.warning = warnings_of(reader);
  return answer;
}

std::string prometheus_refusal(long status, std::string_view body) {
  const auto document = parse_json(body, {kMostPrometheusBytes, kMostDepth});
  if (document && document->is_object() && document->contains("error") && (*document)["error"].is_string()) {
    return words(answered(status, (*document)["error"].get_ref<const std::string&>()));
  }
  return answered(status, "");
}

Result<SignalAnswer> read_webhook_answer(std::string_view body) {
  MODELYARD_ASSIGN(const Json document, parse_json(body, {kMostWebhookBytes, kMostDepth}));
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(document, "answer"));
  if (!document.contains("value")) return error(Code::kInvalidArgument, "answer.value: is missing: a number or null");
  SignalAnswer answer;
  MODELYARD_ASSIGN(answer.value, reader.optional_number("value"));
  if (answer.value && !std::isfinite(*answer.value)) {
    return error(Code::kInvalidArgument, "answer.value: is beyond all numbers");
  }
  MODELYARD_ASSIGN(auto reason, reader.optional_string("reason"));
  MODELYARD_TRY(reader.finish());
  answer.reason = words(reason.value_or(""));
  if (!answer.value && answer.reason.empty()) answer.reason = "it has no value";
  return answer;
}

}  // namespace modelyard::app
