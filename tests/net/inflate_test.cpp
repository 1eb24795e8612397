#include "probes/net/inflate.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/compress.hpp"

namespace reachd::net {
namespace {

using test::compress;
using test::Frame;

TEST(Inflate, ReadsGzipAndBothKindsOfDeflate) {
  const std::string text = "the quick brown fox";
  EXPECT_EQ(inflate(compress(text, Frame::gzip), Encoding::gzip, 100)->bytes, text);
  EXPECT_EQ(inflate(compress(text, Frame::zlib), Encoding::deflate, 100)->bytes, text);
  EXPECT_EQ(inflate(compress(text, Frame::bare), Encoding::deflate, 100)->bytes, text);
}

TEST(Inflate, ABombCostsNoMoreThanTheLimit) {
  const std::string bomb = compress(std::string(50'000'000, '\0'), Frame::gzip);
  ASSERT_LT(bomb.size(), 100'000U);
  const auto result = inflate(bomb, Encoding::gzip, 65'536);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes.size(), 65'536U);
  EXPECT_LE(result->bytes.capacity(), 2 * 65'536U);
  EXPECT_TRUE(result->cut);
}

TEST(Inflate, ExactlyTheLimitIsNotCut) {
  const auto result = inflate(compress(std::string(1000, 'x'), Frame::gzip), Encoding::gzip, 1000);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes.size(), 1000U);
  EXPECT_FALSE(result->cut);
}

TEST(Inflate, MembersThatFollowEachOtherAreOneText) {
  const std::string two = compress("one ", Frame::gzip) + compress("two", Frame::gzip);
  EXPECT_EQ(inflate(two, Encoding::gzip, 100)->bytes, "one two");
}

TEST(Inflate, AnInputThatBreaksOffGivesWhatThereIs) {
  const std::string whole = compress(std::string(10'000, 'x') + "end", Frame::gzip);
  const auto result =
      inflate(std::string_view(whole).substr(0, whole.size() - 10), Encoding::gzip, 100'000);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->cut);
  const auto empty = inflate({}, Encoding::gzip, 10);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->bytes.empty());
}

TEST(Inflate, GarbageIsAnError) {
  EXPECT_FALSE(inflate("this is not compressed at all", Encoding::gzip, 100));
  EXPECT_FALSE(inflate("\xff\xff\xff\xff\xff", Encoding::deflate, 100));
}

}  // namespace
}  // namespace reachd::net
