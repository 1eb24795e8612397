#include "probes/core/pattern.hpp"

#include <gtest/gtest.h>

#include "probes/core/printable.hpp"

namespace reachd {
namespace {

TEST(Pattern, IsFoundAnywhere) {
  const auto pattern = Pattern::compile("sta(tus|te): *ok");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->found_in("{ state:   ok }"));
  EXPECT_FALSE(pattern->found_in("state: bad"));
  EXPECT_EQ(pattern->text(), "sta(tus|te): *ok");
}

TEST(Pattern, TakesAnyBytes) {
  const auto pattern = Pattern::compile("abc");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(
      pattern->found_in(std::string_view("\xff\x00\xfe"
                                         "abc",
                                         6)));
}

TEST(Pattern, ABrokenOneIsASentence) {
  const auto pattern = Pattern::compile("a(b");
  ASSERT_FALSE(pattern);
  EXPECT_NE(pattern.error().find("missing )"), std::string::npos) << pattern.error();
  EXPECT_FALSE(Pattern::compile(std::string(5000, 'a')));
}

TEST(Pattern, WhatExplodesElsewhereIsLinearHere) {
  const auto pattern = Pattern::compile("(a*)*b");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->found_in(std::string(1'000'000, 'a')));
}

TEST(Pattern, ARepetitionThatNeedsTooMuchMemoryIsRefused) {
  EXPECT_FALSE(Pattern::compile("((a{100}){100}){100}"));
}

TEST(Printable, EscapesWhatIsNotAndCutsWhatIsLong) {
  EXPECT_EQ(printable("SSH-2.0\r\n"), "\"SSH-2.0\\r\\n\"");
  EXPECT_EQ(printable(std::string_view("\x00\xff\"", 3)), "\"\\x00\\xff\\\"\"");
  EXPECT_EQ(printable("abcdef", 3), "\"abc...\"");
}

TEST(PlainLine, KeepsTextAndTakesControlCharactersOut) {
  EXPECT_EQ(plain_line("caf\xc3\xa9 \x1b[31mred\r\n"), "caf\xc3\xa9  [31mred");
  EXPECT_EQ(plain_line("a\xc2\x9b"
                       "b\x7f"
                       "c"),
            "a b c");
  EXPECT_EQ(plain_line("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(plain_line("ab\xc3\xa9", 3), "ab\xef\xbf\xbd");
  EXPECT_EQ(plain_line("\xc2\x80"), "");
  EXPECT_EQ(plain_line(" \t "), "");
}

}  // namespace
}  // namespace reachd
