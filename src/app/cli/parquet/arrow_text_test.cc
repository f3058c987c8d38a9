#include "app/cli/parquet/arrow_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "app/cli/parquet/arrow_columns.h"
#include "base/csv.h"

namespace modelyard::app {
namespace {

using testing::HasSubstr;

// The text of a batch whose columns `fill` adds; its error instead when it has none.
template <typename Fill>
std::string text_of(const Fill& fill, int times = 1) {
  ColumnBatch columns;
  fill(columns);
  ArrowSchema schema = columns.export_schema();
  const auto lines = ArrowText::make(schema);
  std::string text = lines ? lines->head() : lines.error().message();
  for (int i = 0; lines && i < times; ++i) {
    ArrowText copy = *lines;
    ArrowArray batch = columns.export_batch();
    const Status written = copy.append(batch, text);
    if (!written) text = written.error().message();
    batch.release(&batch);
  }
  schema.release(&schema);
  return text;
}

TEST(ArrowText, WritesWhatEveryTypeHolds) {
  const std::string text = text_of([](ColumnBatch& columns) {
    columns.add("bool", ColumnType::kBool).add_bool(true);
    columns.add("int8", ColumnType::kInt8).add_integer(-128);
    columns.add("int16", ColumnType::kInt16).add_integer(-32768);
    columns.add("int32", ColumnType::kInt32).add_integer(-7);
    columns.add("int64", ColumnType::kInt64).add_integer(std::numeric_limits<std::int64_t>::min());
    columns.add("uint8", ColumnType::kUint8).add_unsigned(255);
    columns.add("uint16", ColumnType::kUint16).add_unsigned(65535);
    columns.add("uint32", ColumnType::kUint32).add_unsigned(4294967295);
    columns.add("uint64", ColumnType::kUint64).add_unsigned(std::numeric_limits<std::uint64_t>::max());
    columns.add("float", ColumnType::kFloat).add_number(0.1);
    columns.add("double", ColumnType::kDouble).add_number(0.1);
    columns.add("text", ColumnType::kText).add_text("a \"b\",\n");
    columns.add("time", ColumnType::kTime).add_integer(-1);
  });

  EXPECT_EQ(
      text,
      "\"bool\",\"int8\",\"int16\",\"int32\",\"int64\",\"uint8\",\"uint16\",\"uint32\",\"uint64\",\"float\",\"double\","
      "\"text\",\"time\"\n"
      "true,-128,-32768,-7,-9223372036854775808,255,65535,4294967295,18446744073709551615,0.10000000149011612,0.1,"
      "\"a \"\"b\"\",\n\",1969-12-31T23:59:59.999999Z\n");
}

TEST(ArrowText, LeavesNullsEmptyAndNamesNaN) {
  const std::string text = text_of([](ColumnBatch& columns) {
    Column& number = columns.add("x", ColumnType::kDouble);
    Column& flag = columns.add("f", ColumnType::kBool);
    Column& word = columns.add("w", ColumnType::kText);
    for (int row = 0; row < 10; ++row) {
      row % 2 == 0 ? number.add_null() : number.add_number(row == 1 ? -std::nan("") : row);
      row == 9 ? flag.add_bool(true) : flag.add_null();
      row == 3 ? word.add_text("") : word.add_null();
    }
  });

  EXPECT_EQ(text, "\"x\",\"f\",\"w\"\n,,\nNaN,,\n,,\n3,,\"\"\n,,\n5,,\n,,\n7,,\n,,\n9,true,\n");
}

TEST(ArrowText, WritesARowOfOneNullAsALineThatCounts) {
  const std::string text = text_of([](ColumnBatch& columns) {
    Column& only = columns.add("x", ColumnType::kInt32);
    only.add_null();
    only.add_integer(1);
  });

  CsvReader reader(text);
  int lines = 0;
  while (*reader.next()) ++lines;
  EXPECT_EQ(lines, 3);
}

TEST(ArrowText, TellsRowAndColumnOfATimeThatNoCalendarHas) {
  const std::string text = text_of([](ColumnBatch& columns) {
    Column& when = columns.add("when", ColumnType::kTime);
    when.add_integer(0);
    when.add_integer(std::numeric_limits<std::int64_t>::max());
  });

  EXPECT_THAT(text, HasSubstr("row 2, column 'when': a time that is not within the years 0 to 9999"));
}

TEST(ArrowText, RefusesARowThatNobodyReads) {
  const std::string text = text_of([](ColumnBatch& columns) {
    Column& word = columns.add("word", ColumnType::kText);
    word.add_text("short");
    word.add_text(std::string(ArrowText::kMostLine, 'x'));
  });

  EXPECT_THAT(text, HasSubstr("row 2: longer than 1048576 bytes"));
}

TEST(ArrowText, RefusesColumnsThatAreNotFlat) {
  const std::string text =
      text_of([](ColumnBatch& columns) { columns.add("lists", ColumnType::kFloat, Column::Shape::kLists).add_null(); });

  EXPECT_THAT(text, HasSubstr("column 'lists'"));
}

TEST(ColumnBatch, IsEmptyAfterItsRowsWereTaken) {
  ColumnBatch columns;
  Column& lists = columns.add("lists", ColumnType::kInt64, Column::Shape::kLists);
  lists.items().add_integer(1);
  lists.items().add_integer(2);
  lists.end_list();
  lists.add_null();
  ArrowArray first = columns.export_batch();
  lists.end_list();
  ArrowArray second = columns.export_batch();

  EXPECT_EQ(first.length, 2);
  EXPECT_EQ(first.children[0]->null_count, 1);
  EXPECT_EQ(first.children[0]->children[0]->length, 2);
  EXPECT_EQ(static_cast<const std::int32_t*>(first.children[0]->buffers[1])[2], 2);
  EXPECT_EQ(second.length, 1);
  EXPECT_EQ(second.children[0]->null_count, 0);
  EXPECT_EQ(second.children[0]->children[0]->length, 0);
  first.release(&first);
  second.release(&second);
}

}  // namespace
}  // namespace modelyard::app
