#include "lifecycle/recording.h"

#include <gtest/gtest.h>

namespace modelyard::lifecycle {
namespace {

std::string refusal(const char* text) {
  const auto recording = parse_recording(*parse_json(text));
  return recording ? "" : recording.error().message();
}

TEST(Recording, HasDefaultsForWhatIsNotNamed) {
  EXPECT_EQ(*parse_recording(Json::object()), Recording());
}

TEST(Recording, IsReadFromItsDocument) {
  const auto read =
      parse_recording(*parse_json(R"({"required": true, "max_bytes": 10000000, "max_age_days": 200, "hold": true})"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, (Recording{true, 10'000'000, std::chrono::days(200), true}));
}

TEST(Recording, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(refusal(R"({"max_bytes": 5})"), "journal.max_bytes: 5 is not from 1048576 to 1125899906842624");
  EXPECT_EQ(refusal(R"({"max_age_days": 0})"), "journal.max_age_days: 0 is not from 1 to 36500");
  EXPECT_NE(refusal(R"({"hold": "yes"})").find("hold"), std::string::npos);
  EXPECT_NE(refusal(R"({"requred": true})").find("did you mean 'required'"), std::string::npos);
}

}  // namespace
}  // namespace modelyard::lifecycle
