#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "edge/codec/json/json_scanner.h"
#include "edge/codec/json/json_tensor.h"
#include "edge/codec/json/json_writer.h"

namespace modelyard::edge {
namespace {

using inference::DataType;

template <typename T>
std::vector<T> values_of(std::string_view json, DataType type, inference::Shape shape) {
  JsonScanner scanner(json);
  std::pmr::monotonic_buffer_resource memory;
  const auto data = read_json_data(scanner, type, shape, &memory);
  EXPECT_TRUE(data.has_value()) << (data ? "" : data.error().message());
  if (!data || data->empty()) return {};
  std::vector<T> values(data->size() / sizeof(T));
  std::memcpy(values.data(), data->data(), data->size());
  return values;
}
bool refused(std::string_view json, DataType type, inference::Shape shape) {
  JsonScanner scanner(json);
  std::pmr::monotonic_buffer_resource memory;
  return !read_json_data(scanner, type, shape, &memory).has_value();
}
bool valid(std::string_view json) {
  JsonScanner scanner(json);
  return scanner.skip_value().has_value() && scanner.finish().has_value();
}
template <typename T>
std::string written(T value) {
  std::string out;
  append_json(out, value);
  return out;
}

TEST(JsonScanner, TakesWhatTheGrammarHas) {
  for (const char* text : {"0", "-0", "1.5e-3", "\"a\\u00e9\\ud83d\\ude00\"", "[]", "[[],{}]", "{\"a\":{\"b\":[1,2]}}",
                           "true", "null", "NaN", "-Infinity", " [ 1 , 2 ] "}) {
    EXPECT_TRUE(valid(text)) << text;
  }
}

TEST(JsonScanner, RefusesWhatItHasNot) {
  for (const char* text : {"",        "01",          "1.",     ".5",       "+1",        "1e",    "0x1",        "nan",
                           "Inf",     "-NaN",        "[1,]",   "[1 2]",    "{\"a\" 1}", "{a:1}", "{\"a\":1,}", "\"a",
                           "\"\\x\"", "\"\\ud800\"", "\"\n\"", "\"\xff\"", "tru",       "[1]]",  "1 2",        "'a'"}) {
    EXPECT_FALSE(valid(text)) << text;
  }
  EXPECT_TRUE(valid(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(valid(std::string(101, '[') + std::string(101, ']')));
}

// The first element of an array is read in another way than those that follow.
TEST(JsonTensor, ReadsANumberAlikeWhereverItStands) {
  for (const char* token : {"0",
                            "-0",
                            "1",
                            "10",
                            "0.5",
                            "-1.25",
                            "1e5",
                            "1E+5",
                            "1.5e-3",
                            "1e05",
                            "123456789.123456789",
                            "3.4e38",
                            "1e39",
                            "1e400",
                            "-1e400",
                            "1e-400",
                            "NaN",
                            "Infinity",
                            "-Infinity",
                            "1.",
                            ".5",
                            "-.5",
                            "01",
                            "-01",
                            "00",
                            "-",
                            "+1",
                            "1e",
                            "1e+",
                            "1.e5",
                            "1.5.5",
                            "inf",
                            "nan",
                            "-inf",
                            "infinity",
                            "0x10",
                            "1f",
                            "1 2",
                            "\"1\"",
                            "null",
                            ""}) {
    const std::string first = fmt::format("[{}]", token), later = fmt::format("[7, {} ]", token);
    const std::string nested = fmt::format("[[7,{}]]", token);
    const bool accepted = !refused(first, DataType::kFp32, {1});

    EXPECT_EQ(!refused(later, DataType::kFp32, {2}), accepted) << token;
    EXPECT_EQ(!refused(nested, DataType::kFp32, {1, 2}), accepted) << token;
    if (!accepted) continue;
    const float value = values_of<float>(first, DataType::kFp32, {1}).front();
    for (const float other : {values_of<float>(later, DataType::kFp32, {2}).back(),
                              values_of<float>(nested, DataType::kFp32, {1, 2}).back()}) {
      EXPECT_EQ(std::memcmp(&value, &other, sizeof value), 0) << token;
    }
  }
}

TEST(JsonTensor, TakesFlatAndNestedData) {
  const std::vector<std::int32_t> wanted{1, 2, 3, 4};

  EXPECT_EQ(values_of<std::int32_t>("[1,2,3,4]", DataType::kInt32, {2, 2}), wanted);
  EXPECT_EQ(values_of<std::int32_t>("[[1,2],[3,4]]", DataType::kInt32, {2, 2}), wanted);
  EXPECT_TRUE(values_of<std::int32_t>("[]", DataType::kInt32, {0, 4}).empty());
  for (const char* json :
       {"[1,2,3]", "[1,2,3,4,5]", "[[1,2,3],[4]]", "[[1,2],3,4]", "[[[1,2],[3,4]]]", "[1,[2,3,4]]", "{}", "1"}) {
    EXPECT_TRUE(refused(json, DataType::kInt32, {2, 2})) << json;
  }
}

TEST(JsonTensor, KeepsIntegersExact) {
  EXPECT_EQ(values_of<std::uint64_t>("[18446744073709551615]", DataType::kUint64, {1})[0], UINT64_MAX);
  EXPECT_EQ(values_of<std::int64_t>("[-9223372036854775808]", DataType::kInt64, {1})[0], INT64_MIN);
  EXPECT_EQ(values_of<std::int8_t>("[-128,127]", DataType::kInt8, {2}), (std::vector<std::int8_t>{-128, 127}));
  EXPECT_TRUE(refused("[18446744073709551616]", DataType::kUint64, {1}));
  EXPECT_TRUE(refused("[128]", DataType::kInt8, {1}));
  EXPECT_TRUE(refused("[-1]", DataType::kUint8, {1}));
  EXPECT_TRUE(refused("[1.5]", DataType::kInt32, {1}));
  EXPECT_TRUE(refused("[true]", DataType::kInt32, {1}));
}

TEST(JsonTensor, RoundsFloatsOnce) {
  // Just above the middle of two FP32 neighbours; by way of FP64 it would become exactly the middle and round down.
  EXPECT_EQ(values_of<float>("[1.000000059604644775390625000000000001]", DataType::kFp32, {1})[0],
            std::nextafter(1.0F, 2.0F));
  EXPECT_EQ(values_of<float>("[1e99,-1e99]", DataType::kFp32, {2})[1], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(values_of<double>("[NaN]", DataType::kFp64, {1})[0]));
  EXPECT_TRUE(std::signbit(values_of<float>("[-0.0]", DataType::kFp32, {1})[0]));
}

TEST(JsonTensor, ClaimsNoMemoryForWhatIsNotSent) {
  EXPECT_TRUE(refused("[1]", DataType::kFp32, {1'000'000'000'000}));
}

TEST(JsonWriter, WritesWhatReadsBackTheSame) {
  EXPECT_EQ(written(0.1F), "0.1");
  EXPECT_EQ(written(1.0), "1.0");
  EXPECT_EQ(written(-0.0), "-0.0");
  EXPECT_EQ(written(5e-324), "5e-324");
  EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(written(-std::numeric_limits<float>::infinity()), "-Infinity");
  EXPECT_EQ(written(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(written(std::string_view("a\"\\\n\x01é")), "\"a\\\"\\\\\\n\\u0001é\"");
}

}  // namespace
}  // namespace modelyard::edge
