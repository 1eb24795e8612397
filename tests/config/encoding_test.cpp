#include "config/encoding.hpp"

#include <gtest/gtest.h>

namespace reachd::config {
namespace {

using namespace std::string_literals;

std::string decode(std::string_view bytes) {
  Diagnostics diagnostics;
  const auto text = decode_text(bytes, std::make_shared<const std::string>("f"), diagnostics);
  EXPECT_EQ(text.has_value(), diagnostics.ok());
  return text ? *text : diagnostics.to_string();
}

TEST(Encoding, PlainTextStaysAsItIs) { EXPECT_EQ(decode("a: 1\n\tb\n"), "a: 1\n\tb\n"); }

TEST(Encoding, TheByteOrderMarkOfUtf8Goes) {
  EXPECT_EQ(decode("\xef\xbb\xbf"
                   "a: ä"),
            "a: ä");
}

TEST(Encoding, Utf16IsReadInBothOrders) {
  EXPECT_EQ(decode("\xff\xfe"
                   "a\0:\0 \0\xe4\0\r\0\n\0"s),
            "a: ä\n");
  EXPECT_EQ(decode("\xfe\xff\0a\0:\0 \0\xe4"s), "a: ä");
  EXPECT_EQ(decode("\xff\xfe\x3d\xd8\x00\xde"s), "😀");
}

TEST(Encoding, LineEndsBecomeLf) { EXPECT_EQ(decode("a\r\nb\rc\n\r\nd\r"), "a\nb\nc\n\nd\n"); }

TEST(Encoding, BrokenUtf8HasItsPlace) {
  const std::string message = ": the file is not valid UTF-8; save it as UTF-8\n";
  EXPECT_EQ(decode("a\nbc\xff"), "f:2:3" + message);
  EXPECT_EQ(decode("ä\xc3"), "f:1:2" + message);             // cut off
  EXPECT_EQ(decode("\xc0\xaf"), "f:1:1" + message);          // overlong
  EXPECT_EQ(decode("\xed\xa0\x80"), "f:1:1" + message);      // a surrogate
  EXPECT_EQ(decode("\xf4\x90\x80\x80"), "f:1:1" + message);  // beyond U+10FFFF
}

TEST(Encoding, BrokenUtf16HasItsPlace) {
  const std::string message = ": the file is not valid UTF-16; save it as UTF-8\n";
  EXPECT_EQ(decode("\xff\xfe"
                   "a\0b"s),
            "f:1:2" + message);
  EXPECT_EQ(decode("\xff\xfe\x00\xde"s), "f:1:1" + message);
  EXPECT_EQ(decode("\xff\xfe\x3d\xd8"s), "f:1:1" + message);
}

TEST(Encoding, OtherEncodingsAreNamed) {
  EXPECT_EQ(decode("\xff\xfe\0\0a\0\0\0"s), "f: the file is UTF-32; save it as UTF-8\n");
  EXPECT_EQ(decode("a\0b\0"s),
            "f:1:2: a NUL character; the file is binary or UTF-16 without its byte order mark\n");
}

TEST(Encoding, ControlCharactersAreRefused) {
  EXPECT_EQ(decode("a\n\x1b[2J"),
            "f:2:1: a control character (U+001B) has no place in a configuration file\n");
  EXPECT_EQ(decode("\xc2\x9b"),
            "f:1:1: a control character (U+009B) has no place in a configuration file\n");
}

TEST(Encoding, Base64IsDecodedWholeOrNotAtAll) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm 9v\nYmFy"), "foobar");
  EXPECT_EQ(decode_base64("AP/+"), std::string("\0\xff\xfe", 3));
  for (const std::string_view wrong :
       {"Z", "Zg", "Zg=", "Zg===", "Z===", "Zg==Zg==", "Zm9v!", "===="}) {
    EXPECT_EQ(decode_base64(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace reachd::config
