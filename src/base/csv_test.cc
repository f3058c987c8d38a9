#include "base/csv.h"

#include <gtest/gtest.h>

namespace modelyard {
namespace {

TEST(Csv, ReadsQuotesAndCountsLines) {
  CsvReader reader("a,\"b \"\"c\"\"\",\r\n\n\"x\ny\",2\nlast");
  EXPECT_EQ(**reader.next(), (std::vector<std::string>{"a", "b \"c\"", ""}));
  EXPECT_EQ(reader.line(), 1u);
  EXPECT_EQ(**reader.next(), (std::vector<std::string>{"x\ny", "2"}));
  EXPECT_EQ(reader.line(), 3u);
  EXPECT_EQ(**reader.next(), (std::vector<std::string>{"last"}));
  EXPECT_EQ(reader.line(), 5u);
  EXPECT_EQ(*reader.next(), std::nullopt);
}

}  // namespace
}  // namespace modelyard
