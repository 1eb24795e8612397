#include "daemon/cli/table.hpp"

#include <gtest/gtest.h>

namespace reachd::cli {
namespace {

TEST(Table, AlignsByCharactersNotBytes) {
  Table table({"a", "b"});
  table.add({"für", "x"});
  table.add({"lang", "y"});
  EXPECT_EQ(table.to_string(false), "a     b\nfür   x\nlang  y\n");
}

TEST(Table, ColoursARowOnlyWhereAsked) {
  Table table({"a"});
  table.add({"x"}, "\x1b[31m");
  EXPECT_EQ(table.to_string(true), "a\n\x1b[31mx\x1b[0m\n");
  EXPECT_EQ(table.to_string(false), "a\nx\n");
}

TEST(CsvLine, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "b,c", "d\"e"}), "a,\"b,c\",\"d\"\"e\"\r\n");
}

TEST(CsvLine, DisarmsFormulas) {
  EXPECT_EQ(csv_line({"=1+1", "+1", "-1", "@a", "\tb", "a=b"}), "'=1+1,'+1,'-1,'@a,'\tb,a=b\r\n");
  EXPECT_EQ(csv_line({"=a,b", "\rc"}), "\"'=a,b\",\"'\rc\"\r\n");
}

TEST(MarkdownLine, KeepsTheTableWhole) {
  EXPECT_EQ(markdown_line({"a|b", "c\nd"}), "| a\\|b | c d |\n");
  EXPECT_EQ(markdown_line({"a\\|b"}), "| a\\\\\\|b |\n");
  EXPECT_EQ(markdown_line({"<b>`x` *y* [z]"}), "| \\<b>\\`x\\` \\*y\\* \\[z] |\n");
}

TEST(Printable, DisarmsTerminalSequences) { EXPECT_EQ(printable("a\x1b[31mb\n"), "a?[31mb?"); }

}  // namespace
}  // namespace reachd::cli
