#include "app/server/otlp.h"

#include <gtest/gtest.h>

#include <map>

#include "edge/codec/protobuf/wire.h"

namespace modelyard::app {
namespace {

using namespace std::chrono_literals;

// Fields of one message: numbers as they are, bytes as text.
std::multimap<std::uint32_t, std::string> fields_of(std::string_view bytes) {
  std::multimap<std::uint32_t, std::string> fields;
  edge::WireReader reader(bytes);
  while (reader.next()) {
    const bool is_text = reader.type() == edge::WireType::kBytes;
    fields.emplace(reader.field(), is_text ? std::string(reader.bytes()) : std::to_string(reader.number()));
  }
  EXPECT_FALSE(reader.malformed());
  return fields;
}

std::string one(const std::multimap<std::uint32_t, std::string>& fields, std::uint32_t field) {
  EXPECT_EQ(fields.count(field), 1u) << field;
  return fields.contains(field) ? fields.find(field)->second : "";
}

std::map<std::string, std::string> attributes_of(const std::multimap<std::uint32_t, std::string>& fields,
                                                 std::uint32_t field) {
  std::map<std::string, std::string> attributes;
  for (auto [at, end] = fields.equal_range(field); at != end; ++at) {
    const auto pair = fields_of(at->second);
    attributes[one(pair, 1)] = fields_of(one(pair, 2)).begin()->second;
  }
  return attributes;
}

TracedPrediction answered() {
  TracedPrediction prediction;
  prediction.trace = {{1, 2, 3}, {7}, telemetry::kSampledFlag};
  prediction.span = {9};
  prediction.tracestate = "a=1";
  prediction.prediction_id = *Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  prediction.request_id = "r-1";
  prediction.endpoint = "fraud";
  prediction.model = "fraud-model";
  prediction.version = 7;
  prediction.rows = 2;
  prediction.run_rows = 5;
  prediction.end = utc_from_micros(1'000'000);
  prediction.durations = {.queued = 20us, .prepared = 10us, .computed = 40us, .total = 100us};
  return prediction;
}

std::vector<std::multimap<std::uint32_t, std::string>> spans_of(const TracedPrediction& prediction) {
  SeededRandom random(1);
  std::string bytes;
  append_spans(bytes, prediction, random);
  std::vector<std::multimap<std::uint32_t, std::string>> spans;
  for (const auto& [field, span] : fields_of(bytes)) {
    EXPECT_EQ(field, 2u);
    spans.push_back(fields_of(span));
  }
  EXPECT_EQ(spans.size(), span_count(prediction.durations));
  return spans;
}

TEST(Otlp, WritesTheSpanOfARequestWithAChildForEachPhase) {
  const auto spans = spans_of(answered());

  ASSERT_EQ(spans.size(), 4u);
  EXPECT_EQ(one(spans[0], 1), std::string("\1\2\3\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(one(spans[0], 2), std::string("\x9\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(one(spans[0], 3), "a=1");
  EXPECT_EQ(one(spans[0], 4), std::string("\x7\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(one(spans[0], 5), "infer fraud");
  EXPECT_EQ(one(spans[0], 6), "2");
  EXPECT_EQ(one(spans[0], 7), "999900000");
  EXPECT_EQ(one(spans[0], 8), "1000000000");
  EXPECT_EQ(one(spans[0], 16), std::to_string(0x301));
  EXPECT_EQ(spans[0].count(15), 0u);
  const std::array<std::array<std::string, 3>, 3> phases{{{"prepare", "999900000", "999910000"},
                                                          {"queue", "999910000", "999930000"},
                                                          {"compute", "999930000", "999970000"}}};
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const auto& child = spans[i + 1];
    EXPECT_EQ((std::array{one(child, 5), one(child, 7), one(child, 8)}), phases[i]);
    EXPECT_EQ(one(child, 4), one(spans[0], 2));
    EXPECT_EQ(one(child, 6), "1");
    EXPECT_EQ(one(child, 16), std::to_string(0x101));
  }
}

TEST(Otlp, SaysWhatTheRequestWas) {
  const auto attributes = attributes_of(spans_of(answered())[0], 9);

  const std::map<std::string, std::string> expected{
      {"modelyard.endpoint", "fraud"}, {"modelyard.model", "fraud-model"},
      {"modelyard.version", "7"},      {"modelyard.prediction_id", "01890a5d-ac96-774b-bcce-b302099a8057"},
      {"modelyard.request_id", "r-1"}, {"modelyard.protocol", "oip"},
      {"modelyard.rows", "2"},         {"modelyard.batch.rows", "5"},
      {"http.request.method", "POST"}, {"http.response.status_code", "200"}};
  EXPECT_EQ(attributes, expected);
}

TEST(Otlp, WithoutACallersSpanHasNoParent) {
  TracedPrediction prediction = answered();
  prediction.trace.span = {};

  const auto spans = spans_of(prediction);

  EXPECT_EQ(spans[0].count(4), 0u);
  EXPECT_EQ(one(spans[0], 16), std::to_string(0x101));
}

TEST(Otlp, IsAnErrorWhenTheServerIsAtFault) {
  TracedPrediction prediction = answered();
  prediction.protocol = serving::Protocol::kOpenInferenceGrpc;
  prediction.durations = {.total = 5us};
  prediction.failure = Code::kDeadlineExceeded;

  const auto ours = spans_of(prediction);
  ASSERT_EQ(ours.size(), 1u);
  EXPECT_EQ(fields_of(one(ours[0], 15)),
            (std::multimap<std::uint32_t, std::string>{{2, "deadline_exceeded"}, {3, "2"}}));
  EXPECT_EQ(attributes_of(ours[0], 9)["error.type"], "deadline_exceeded");
  EXPECT_EQ(attributes_of(ours[0], 9)["rpc.grpc.status_code"], "4");

  prediction.failure = Code::kInvalidArgument;
  const auto theirs = spans_of(prediction);
  EXPECT_EQ(theirs[0].count(15), 0u);
  EXPECT_EQ(attributes_of(theirs[0], 9)["error.type"], "invalid_argument");
}

TEST(Otlp, NamesNoSpanByWhatCallersMakeUp) {
  TracedPrediction prediction = answered();
  prediction.was_taken = false;
  prediction.model = "";
  prediction.rows = prediction.run_rows = 0;
  prediction.durations = {};
  prediction.failure = Code::kNotFound;

  const auto span = spans_of(prediction)[0];

  EXPECT_EQ(one(span, 5), "infer");
  EXPECT_EQ(one(span, 7), one(span, 8));
  const auto attributes = attributes_of(span, 9);
  EXPECT_EQ(attributes.at("modelyard.endpoint"), "fraud");
  EXPECT_EQ(attributes.at("http.response.status_code"), "404");
  for (const char* absent : {"modelyard.model", "modelyard.version", "modelyard.prediction_id", "modelyard.rows"}) {
    EXPECT_FALSE(attributes.contains(absent)) << absent;
  }
}

TEST(Otlp, SendsNoByteThatIsNotUtf8) {
  TracedPrediction prediction = answered();
  prediction.request_id = "r\xff\x80\n1";

  EXPECT_EQ(attributes_of(spans_of(prediction)[0], 9)["modelyard.request_id"], "r???1");
}

TEST(Otlp, PutsSpansBelowTheServiceThatSendsThem) {
  const std::string request = export_request({"1.2.3", "here"}, std::string("\x12\x00", 2));

  const auto resource_spans = fields_of(one(fields_of(request), 1));
  EXPECT_EQ(attributes_of(fields_of(one(resource_spans, 1)), 1),
            (std::map<std::string, std::string>{
                {"service.name", "modelyard"}, {"service.version", "1.2.3"}, {"host.name", "here"}}));
  const auto scope_spans = fields_of(one(resource_spans, 2));
  EXPECT_EQ(one(fields_of(one(scope_spans, 1)), 1), "modelyard");
  EXPECT_EQ(one(scope_spans, 2), "");
}

TEST(Otlp, ReadsWhatTheCollectorRefused) {
  std::string inner, response;
  edge::append_number(inner, 1, 3);
  edge::append_bytes(inner, 2, "too\nold");
  edge::append_bytes(response, 1, inner);

  EXPECT_EQ(read_partial_success(response).rejected, 3u);
  EXPECT_EQ(read_partial_success(response).why, "too?old");
  EXPECT_EQ(read_partial_success("").rejected, 0u);
  EXPECT_EQ(read_partial_success("\x0a\xff\xff").rejected, 0u);
}

}  // namespace
}  // namespace modelyard::app
