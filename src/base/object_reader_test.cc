#include <gtest/gtest.h>

#include "base/json.h"

namespace modelyard {
namespace {

// The message of whatever `read` is refused with.
template <typename Read>
std::string refusal(const Json& value, Read read, std::string path = "limits") {
  auto reader = ObjectReader::open(value, std::move(path));
  if (!reader) return reader.error().message();
  const auto result = read(*reader);
  return result ? "(accepted)" : result.error().message();
}

TEST(ObjectReader, ReadsEveryType) {
  const Json value{{"name", "x"},        {"count", 3}, {"share", 0.5}, {"on", true}, {"list", Json::array({1})},
                   {"inner", {{"a", 1}}}};
  auto reader = ObjectReader::open(value, "").value();

  EXPECT_EQ(*reader.string("name"), "x");
  EXPECT_EQ(*reader.integer("count"), 3);
  EXPECT_EQ(*reader.number("count"), 3.0);
  EXPECT_EQ(*reader.number("share"), 0.5);
  EXPECT_EQ(*reader.boolean("on"), true);
  EXPECT_EQ((*reader.array("list"))->size(), 1u);
  EXPECT_EQ((**reader.object("inner"))["a"], 1);
  EXPECT_TRUE(reader.finish().has_value());
}

TEST(ObjectReader, TakesNullForAbsent) {
  const Json value{{"a", nullptr}};
  auto reader = ObjectReader::open(value, "").value();

  EXPECT_EQ(*reader.optional_string("a"), std::nullopt);
  EXPECT_EQ(*reader.optional_integer("a"), std::nullopt);
  EXPECT_EQ(*reader.optional_number("b"), std::nullopt);
  EXPECT_EQ(*reader.optional_boolean("b"), std::nullopt);
  EXPECT_EQ(*reader.optional_array("b"), nullptr);
  EXPECT_EQ(*reader.optional_object("a"), nullptr);
  EXPECT_EQ(reader.optional_any("a"), nullptr);
  EXPECT_TRUE(reader.finish().has_value());
}

TEST(ObjectReader, SaysWhichFieldHasTheWrongType) {
  const Json value{{"text", 1}, {"count", 1.0},       {"large", UINT64_MAX},   {"share", "1"},
                   {"on", 0},   {"list", {{"a", 1}}}, {"inner", Json::array()}};

  EXPECT_EQ(refusal(value, [](auto& r) { return r.string("text"); }), "limits.text: expected a string");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.integer("count"); }), "limits.count: expected an integer");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.integer("large"); }), "limits.large: expected an integer");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.number("share"); }), "limits.share: expected a number");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.boolean("on"); }), "limits.on: expected true or false");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.array("list"); }), "limits.list: expected an array");
  EXPECT_EQ(refusal(value, [](auto& r) { return r.object("inner"); }), "limits.inner: expected an object");
}

TEST(ObjectReader, SaysWhichFieldIsMissing) {
  EXPECT_EQ(refusal(Json::object(), [](auto& r) { return r.string("a"); }),
            "limits.a: expected a string, but it is missing");
  EXPECT_EQ(refusal(
                Json{{"a", nullptr}}, [](auto& r) { return r.object("a"); }, "inputs[2]"),
            "inputs[2].a: expected an object, but it is missing");
  EXPECT_EQ(
      refusal(Json::object(), [](auto& r) { return r.array("a"); }, ""), "a: expected an array, but it is missing");
}

TEST(ObjectReader, RefusesFieldsThatNobodyTookAndNamesTheNearest) {
  const auto take_listen = [](auto& reader) {
    (void)reader.optional_string("listen");
    return reader.finish();
  };

  EXPECT_EQ(refusal(Json{{"lisen", "x"}}, take_listen), "limits.lisen: unknown field; did you mean 'listen'?");
  EXPECT_EQ(refusal(Json{{"colour", "x"}}, take_listen), "limits.colour: unknown field");
  EXPECT_EQ(refusal(Json{{"listen", "x"}}, take_listen), "(accepted)");
  EXPECT_EQ(refusal(Json{{"gone", nullptr}}, take_listen, ""), "gone: unknown field");
}

TEST(ObjectReader, OpensObjectsOnly) {
  EXPECT_EQ(ObjectReader::open(Json::array(), "").error().message(), "document: expected an object");
  EXPECT_EQ(ObjectReader::open(Json(1), "inputs[0]").error().message(), "inputs[0]: expected an object");
}

}  // namespace
}  // namespace modelyard
