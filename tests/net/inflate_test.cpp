#include "probes/net/inflate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

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
  const std::string bomb = compress(std::string(8'000'000, '\0'), Frame::gzip);
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

/// What comes out if `input` comes byte by byte, and whether that was all of it.
std::pair<std::string, bool> trickle(std::string_view input, Encoding encoding) {
  Inflater inflater(encoding);
  std::string text;
  for (const char& byte : input) {
    const auto taken = inflater.take({&byte, 1}, [&](std::string_view piece) {
      text += piece;
      return true;
    });
    if (!taken) {
      return {taken.error(), false};
    }
  }
  return {text, inflater.complete()};
}

TEST(Inflater, TakesATextByteByByte) {
  using Whole = std::pair<std::string, bool>;
  const std::string text = "the quick brown fox";
  EXPECT_EQ(trickle(compress(text, Frame::gzip), Encoding::gzip), Whole(text, true));
  EXPECT_EQ(trickle(compress(text, Frame::zlib), Encoding::deflate), Whole(text, true));
  EXPECT_EQ(trickle(compress(text, Frame::bare), Encoding::deflate), Whole(text, true));
  const std::string two = compress("one ", Frame::gzip) + compress("two", Frame::gzip);
  EXPECT_EQ(trickle(two + "padding", Encoding::gzip), Whole("one two", true));
}

TEST(Inflater, KnowsThatATextBreaksOff) {
  const std::string whole = compress("the quick brown fox", Frame::gzip);
  EXPECT_FALSE(trickle(whole.substr(0, whole.size() - 1), Encoding::gzip).second);
  EXPECT_FALSE(trickle("", Encoding::gzip).second);
  EXPECT_FALSE(trickle("\x1f", Encoding::gzip).second);
}

TEST(Inflater, StopsAtOnceWhenTheTakerHasEnough) {
  const std::string bomb = compress(std::string(5'000'000, '\0'), Frame::gzip);
  Inflater inflater(Encoding::gzip);
  int pieces = 0;
  const auto taken = inflater.take(bomb, [&](std::string_view piece) {
    EXPECT_LE(piece.size(), 16'384U);
    return ++pieces < 3;
  });
  EXPECT_TRUE(taken);
  EXPECT_EQ(pieces, 3);
  EXPECT_FALSE(inflater.complete());
}

}  // namespace
}  // namespace reachd::net
