#include "probes/core/words.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace reachd {
namespace {

TEST(Words, AreTheSameInAnyCaseOfAsciiLetters) {
  EXPECT_TRUE(same_word("Content-Type", "content-TYPE"));
  EXPECT_TRUE(same_word("", ""));
  EXPECT_FALSE(same_word("a", "ab"));
  EXPECT_FALSE(same_word("[", "{")) << "letters only";
  EXPECT_FALSE(same_word("\xc4", "\xe4")) << "ASCII only";
}

TEST(Words, InLowerCase) { EXPECT_EQ(lower("AbZ-[1]\xc4"), "abz-[1]\xc4"); }

TEST(Words, AreJoined) {
  EXPECT_EQ(join(std::vector<std::string>(), ", "), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(join(std::vector<std::string_view>{"a", "b", "c"}, "; "), "a; b; c");
}

}  // namespace
}  // namespace reachd
