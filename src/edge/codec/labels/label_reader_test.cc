#include "edge/codec/labels/label_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/codec/labels/label_limits.h"

namespace modelyard::edge {
namespace {

using journal::GivenLabel;
using journal::LabelValue;
using testing::HasSubstr;

constexpr std::string_view kId = "0190a6e0-0000-7000-8000-000000000001";
constexpr const char* kLines = "application/x-ndjson";

std::vector<GivenLabel> read(std::string_view body, LabelForm form = {}) {
  auto labels = read_labels(body, form);
  EXPECT_TRUE(labels) << labels.error().message();
  return labels ? *labels : std::vector<GivenLabel>();
}

std::string refusal(std::string_view body, LabelForm form = {}) {
  const auto labels = read_labels(body, form);
  return labels ? "it was taken" : labels.error().message();
}

std::string with_id(std::string_view rest) {
  return fmt::format(R"({{"prediction_id": "{}", {}}})", kId, rest);
}

TEST(LabelReader, ReadsOneLabelAListAndAnObjectOfThem) {
  const std::string one = with_id(R"("value": 1)");
  for (const std::string& body : {one, "[" + one + "]", R"({"labels": [)" + one + "]}"}) {
    const auto labels = read(body, {.content_type = "application/json; charset=utf-8", .endpoint = "fraud"});
    ASSERT_EQ(labels.size(), 1u);
    EXPECT_EQ(labels[0].label.prediction, *Uuid::parse(kId));
    EXPECT_EQ(labels[0].label.value, LabelValue(1.0));
    EXPECT_EQ(labels[0].label.row, std::nullopt);
    EXPECT_EQ(labels[0].endpoint, "fraud");
  }
}

TEST(LabelReader, ReadsValuesOfEveryKind) {
  const std::pair<const char*, LabelValue> values[] = {
      {R"("value": "yes")", "yes"}, {R"("value": true)", 1.0}, {R"("value": 2.5)", 2.5}, {R"("value": "1")", "1"}};
  for (const auto& [text, value] : values) EXPECT_EQ(read(with_id(text))[0].label.value, value) << text;
  EXPECT_EQ(read(with_id(R"("value": null)"))[0].label.value, std::nullopt);
}

TEST(LabelReader, TakesValuesForAllRows) {
  const auto labels = read(with_id(R"("values": [0, "a", 1])"));
  ASSERT_EQ(labels.size(), 3u);
  EXPECT_EQ(labels[1].label.row, 1);
  EXPECT_EQ(labels[1].label.value, LabelValue("a"));
}

TEST(LabelReader, ReadsLabelsByUnitAndTimes) {
  const auto labels = read(
      R"({"unit": "c-7", "time": "2026-11-01T10:00:00Z", "event_time": "2026-11-20T00:00:00Z", "row": 2, "value": 3,
          "endpoint": "churn"})");
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(labels[0].label.unit, "c-7");
  EXPECT_EQ(format_utc(labels[0].label.time).substr(0, 10), "2026-11-01");
  EXPECT_EQ(format_utc(*labels[0].label.event_time).substr(0, 10), "2026-11-20");
  EXPECT_EQ(labels[0].endpoint, "churn");
}

TEST(LabelReader, ReadsLinesAndSaysWhichIsWrong) {
  const std::string body = with_id(R"("value": 1)") + "\n\n" + with_id(R"("vlaue": 1)") + "\n{oops\n";
  const std::string why = refusal(body, {.content_type = kLines});
  EXPECT_THAT(why, HasSubstr("nothing was kept: line 3: "));
  EXPECT_THAT(why, HasSubstr("; line 4: "));
  EXPECT_THAT(refusal(body, {.content_type = kLines, .line_offset = 10'000}), HasSubstr("line 10003: "));
  EXPECT_EQ(read(with_id(R"("value": 1)") + "\r\n" + with_id(R"("value": 0)"), {.content_type = kLines}).size(), 2u);
}

TEST(LabelReader, ReadsGroundTruthOfSageMaker) {
  const auto line = [](std::string_view data, std::string_view encoding) {
    return fmt::format(
        R"({{"groundTruthData": {{"data": "{}", "encoding": "{}"}}, "eventMetadata": {{"eventId": "{}"}},
            "eventVersion": "0"}})",
        data, encoding, kId);
  };
  EXPECT_EQ(read(line("1", "CSV"))[0].label.value, LabelValue("1"));
  EXPECT_FALSE(read(line("1", "CSV"))[0].is_typed);
  EXPECT_EQ(read(line("1", "CSV"))[0].label.row, std::nullopt);
  EXPECT_EQ(read(line("0,1,1", "CSV")).size(), 3u);
  EXPECT_EQ(read(line("yes", "CSV"))[0].label.value, LabelValue("yes"));
  EXPECT_EQ(read(line("MQ==", "BASE64"))[0].label.value, LabelValue("1"));
  EXPECT_EQ(read(line("[1, 0]", "JSON")).size(), 2u);
  EXPECT_TRUE(read(line("1", "JSON"))[0].is_typed);
  EXPECT_THAT(refusal(line("1", "XML")), HasSubstr("'XML' is none of CSV, JSON, BASE64"));
}

TEST(LabelReader, ReadsCsvWithOurNamesOrTheirs) {
  const std::string id(kId);
  const auto ours = read("prediction_id,row,value\n" + id + ",1,0\n" + id + ",,yes\n", {.content_type = "text/csv"});
  ASSERT_EQ(ours.size(), 2u);
  EXPECT_EQ(ours[0].label.row, 1);
  EXPECT_EQ(ours[0].label.value, LabelValue("0"));
  EXPECT_EQ(ours[1].label.value, LabelValue("yes"));
  EXPECT_FALSE(ours[0].is_typed);
  EXPECT_EQ(ours[1].line, 3u);
  EXPECT_EQ(read("prediction_id,value\n" + id + ",null\n", {.content_type = "text/csv"})[0].label.value, std::nullopt);

  LabelForm form{.content_type = "text/csv"};
  form.columns = *parse_label_columns("prediction_id=request,value=paid back");
  const auto theirs = read("\xEF\xBB\xBFrequest,note,paid back\r\n" + id + ",\"a, b\nc\",1\r\n", form);
  ASSERT_EQ(theirs.size(), 1u);
  EXPECT_EQ(theirs[0].label.value, LabelValue("1"));
}

TEST(LabelReader, LeavesTextsOfCsvAsTheyWereSent) {
  const auto labels = read(
      "unit,time,value,endpoint\n00123456789012345678,2026-11-01T10:00:00Z,007,f\n"
      "\"9007199254740993\",2026-11-01T10:00:00Z,9007199254740993,f\n",
      {.content_type = "text/csv"});
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[0].label.unit, "00123456789012345678");
  EXPECT_EQ(labels[0].label.value, LabelValue("007"));
  EXPECT_EQ(labels[1].label.unit, "9007199254740993");
  EXPECT_EQ(labels[1].label.value, LabelValue("9007199254740993"));
}

TEST(LabelReader, RefusesCsvThatIsNotWhatItsFirstLineSays) {
  const LabelForm csv{.content_type = "text/csv"};
  const std::string id(kId);
  EXPECT_THAT(refusal("prediction_id,valeu\n", csv), HasSubstr("did you mean 'value'"));
  EXPECT_THAT(refusal("prediction_id;value\n", csv), HasSubstr("commas, not semicolons"));
  EXPECT_THAT(refusal("request,value\n", csv), HasSubstr("what `columns` says"));
  EXPECT_THAT(refusal("prediction_id,row\n", csv), HasSubstr("there is no column 'value'"));
  EXPECT_THAT(refusal("prediction_id,value,value\n", csv), HasSubstr("comes twice"));
  EXPECT_THAT(refusal("prediction_id,value\n" + id + ",1,2\n", csv), HasSubstr("3 fields where the first line has 2"));
  EXPECT_THAT(refusal("prediction_id,value\n" + id + ",\n", csv), HasSubstr("value: it is empty"));
  EXPECT_THAT(refusal("prediction_id,row,value\n" + id + ",first,1\n", csv), HasSubstr("row: 'first'"));
  EXPECT_THAT(refusal("prediction_id,value\n", csv), HasSubstr("there is no label"));
  EXPECT_THAT(refusal("prediction_id,value\n\"" + id, csv), HasSubstr("a quote is not closed"));
  EXPECT_THAT(refusal("prediction_id,value\n\"" + id + "\"x,1", csv), HasSubstr("behind a closing quote"));
}

TEST(LabelReader, RefusesWhatMeansNothing) {
  const std::pair<std::string, const char*> wrong[] = {
      {R"({"value": 1})", "say prediction_id, or unit and time"},
      {R"({"unit": "u", "value": 1})", "time: a unit goes with the time"},
      {with_id(R"("unit": "u", "value": 1)"), "say prediction_id, or unit"},
      {with_id(R"("time": "2026-11-01T10:00:00Z", "value": 1)"), "time: the prediction has one"},
      {with_id(R"("row": 0)"), "say value, or values"},
      {with_id(R"("value": 1, "values": [1])"), "say value, or values"},
      {with_id(R"("row": -1, "value": 1)"), "row: -1"},
      {with_id(R"("row": 1, "values": [1])"), "values are those of all rows"},
      {with_id(R"("value": {})"), "expected a number, a text"},
      {with_id(R"("value": 9007199254740993)"), "9007199254740993 is not below 2^53; send it as a text"},
      {with_id(R"("value": -9007199254740993)"), "-9007199254740993 is not below 2^53"},
      {with_id(R"("value": 123456789012345678901234567890)"), "is not below 2^53"},
      {with_id(R"("value": "")"), "it is empty"},
      {with_id(R"("value": 1, "endpoint": "../x")"), "../x"},
      {with_id(R"("value": 1, "event_time": "yesterday")"), "yesterday"},
      {R"({"prediction_id": "7", "value": 1})", "'7'"},
      {"[]", "there is no label"},
      {"", "JSON"},
      {"3", "object"},
  };
  for (const auto& [body, words] : wrong) EXPECT_THAT(refusal(body), HasSubstr(words)) << body;
  EXPECT_THAT(refusal("1", {.content_type = "text/html"}), HasSubstr("text/html"));
}

TEST(LabelReader, RefusesMoreThanACallHolds) {
  std::string body = "[";
  for (std::size_t i = 0; i <= kMostLabels; ++i) body += (i == 0 ? "" : ",") + with_id(R"("value":1)");
  EXPECT_THAT(refusal(body + "]"), HasSubstr("more than 100000 labels"));
  EXPECT_THAT(refusal(std::string(kMostLabelBytes + 1, ' ')), HasSubstr("send them in parts"));
}

TEST(LabelReader, RefusesALabelThatIsTooLarge) {
  const std::string large(kMostBytesOfLabel, 'x'), larger(kMostBytesOfRows, 'x');
  const std::string one = with_id(R"("value": ")" + large + R"(")");
  for (const std::string& body : {one, "[" + one + "]"}) {
    EXPECT_THAT(refusal(body), HasSubstr("at most 65536 are taken: send nothing but its fields"));
  }
  EXPECT_THAT(refusal(one, {.content_type = kLines}), HasSubstr("line 1: the label has "));
  EXPECT_THAT(refusal(with_id(R"("value": ")" + larger + R"(")"), {.content_type = kLines}), HasSubstr("4194304"));
  EXPECT_THAT(refusal(with_id(R"("values": [")" + larger + R"("])")), HasSubstr("send rows one by one"));
  EXPECT_THAT(refusal("prediction_id,value\n" + std::string(kId) + "," + large + "\n", {.content_type = "text/csv"}),
              HasSubstr("line 2: the label has "));
}

TEST(LabelReader, TakesTheValuesOfManyRows) {
  std::string values = "0";
  for (int i = 1; i < 50'000; ++i) values += ",0";
  EXPECT_EQ(read(with_id(R"("values": [)" + values + "]")).size(), 50'000u);
}

TEST(LabelReader, RefusesNamesThatAreTooLong) {
  const std::string name(kMostNameBytes + 1, 'x');
  EXPECT_EQ(refusal(with_id(fmt::format(R"("value": 1, "{}": 1)", name))),
            "the name of a field has 256 bytes, at most 255 are taken");
  EXPECT_EQ(refusal(name + ",value\n", {.content_type = "text/csv"}),
            "line 1: the name of a field has 256 bytes, at most 255 are taken");
}

TEST(LabelReader, RefusesAUnitThatIsTooLong) {
  const auto unit = [](std::size_t bytes) {
    return fmt::format(R"({{"unit": "{}", "time": "2026-11-01T10:00:00Z", "value": 1}})", std::string(bytes, 'u'));
  };
  EXPECT_EQ(read(unit(255))[0].label.unit.size(), 255u);
  EXPECT_THAT(refusal(unit(256)), HasSubstr("unit: expected 1 to 255 bytes"));
}

TEST(LabelReader, ReadsWhichColumnsAreMeant) {
  EXPECT_TRUE(parse_label_columns("")->empty());
  EXPECT_FALSE(parse_label_columns("id=x"));
  EXPECT_FALSE(parse_label_columns("value"));
  EXPECT_FALSE(parse_label_columns("value="));
  EXPECT_FALSE(parse_label_columns("value=a,value=b"));
}

}  // namespace
}  // namespace modelyard::edge
