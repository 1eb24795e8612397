#include "probes/net/reply.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"

namespace reachd::net {
namespace {

using testing::ElementsAre;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// RFC 5321, D.1.
constexpr std::string_view kEhlo =
    "250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 HELP\r\n";
// RFC 959, 4.2: lines between the first and the last may look like anything.
constexpr std::string_view kFtp =
    "123-First line\r\nSecond line\r\n  234 A line beginning with numbers\r\n123 The last line\r\n";

TEST(Reply, OneLineIsAReply) {
  const auto reply = parse_reply(bytes("220 mail.example.com ESMTP\r\n"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code, 220);
  EXPECT_EQ(reply->kind(), 2);
  EXPECT_THAT(reply->lines, ElementsAre("mail.example.com ESMTP"));
  EXPECT_EQ(reply->to_string(), "220 mail.example.com ESMTP");
}

TEST(Reply, TheCodeAloneIsAReply) {
  for (const std::string_view text : {"250\r\n", "250 \r\n", "250\n"}) {
    const auto reply = parse_reply(bytes(text));
    ASSERT_TRUE(reply) << text;
    EXPECT_THAT(reply->lines, ElementsAre(""));
    EXPECT_EQ(reply->to_string(), "250");
  }
}

TEST(Reply, SeveralLinesOfSmtp) {
  EXPECT_EQ(frame_reply(bytes(std::string(kEhlo) + "221 bye\r\n")), Framing(kEhlo.size()));
  EXPECT_THAT(parse_reply(bytes(kEhlo))->lines,
              ElementsAre("foo.com greets bar.com", "8BITMIME", "SIZE", "DSN", "HELP"));
}

TEST(Reply, SeveralLinesOfFtp) {
  EXPECT_THAT(parse_reply(bytes(kFtp))->lines,
              ElementsAre("First line", "Second line", "234 A line beginning with numbers",
                          "The last line"));
}

TEST(Reply, EveryCutOffReplyIsWaitedFor) {
  for (std::size_t size = 1; size < kFtp.size(); ++size) {
    EXPECT_EQ(frame_reply(bytes(kFtp.substr(0, size))), Framing(std::nullopt)) << size;
    EXPECT_FALSE(parse_reply(bytes(kFtp.substr(0, size))));
  }
}

TEST(Reply, WhatIsNoneIsToldByItsFirstBytes) {
  for (const std::string_view text : {"SSH-2.0-x\r\n", "S", "22x", "22\n", "2200 x\r\n",
                                      "999 x\r\n", "0", "+OK\r\n", "\x16\x03\x01"}) {
    EXPECT_FALSE(frame_reply(bytes(text))) << text;
  }
  EXPECT_FALSE(frame_reply(bytes("220 " + std::string(5000, 'x'))));
}

TEST(Reply, ManyLinesAreKeptInPart) {
  std::string many;
  for (int i = 0; i < 500; ++i) {
    many += "211-x\r\n";
  }
  EXPECT_EQ(parse_reply(bytes(many + "211 end\r\n"))->lines.size(), 64U);
}

}  // namespace
}  // namespace reachd::net
