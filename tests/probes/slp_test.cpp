#include "probes/slp.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::params;
using test::text;
using test::UdpServer;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = slp::Reply::Kind;
using Replies = std::vector<std::string>;

constexpr std::uint8_t kServiceReply = 2;
constexpr std::uint8_t kAttributeReply = 7;
constexpr std::uint8_t kDirectoryAgent = 8;
constexpr std::uint8_t kServiceAgent = 11;

std::span<const std::byte> raw(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

/// Numbers and texts in network order, as the figures of RFC 2608 show them.
class Message {
 public:
  Message& u8(unsigned value) { return add(value, 1); }
  Message& u16(std::size_t value) { return add(value, 2); }
  Message& u32(std::size_t value) { return add(value, 4); }
  Message& text(std::string_view value) {
    u16(value.size());
    bytes_ += value;
    return *this;
  }
  Message& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  Message& add(std::size_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes_ += static_cast<char>(value >> shift & 0xffU);
    }
    return *this;
  }
  std::string bytes_;
};

/// RFC 2608, 8: the header in front of a body.
std::string message(std::uint8_t function, std::uint16_t xid, const std::string& body,
                    unsigned version = 2) {
  Message whole;
  whole.u8(version).u8(function).u8(0).u16(16 + body.size()).u16(0).u8(0).u16(0).u16(xid);
  return whole.text("en").raw(body).bytes();
}

/// RFC 2608, 8.2: error, count, and URL entries of section 4.3, the last with an authentication
/// block of section 9.2.
std::string services(std::uint16_t error = 0) {
  Message body;
  body.u16(error).u16(2);
  body.u8(0).u16(600).text("service:wbem:https://10.0.0.1:5989").u8(0);
  body.u8(0).u16(600).text("service:ssh\n://x").u8(1);
  body.u16(2).u16(12).raw("12345678");
  return body.bytes();
}

std::string error_only(std::uint16_t error) { return Message().u16(error).bytes(); }

std::optional<slp::Reply> parse(const std::string& bytes, std::uint16_t xid = 0x1234) {
  return slp::parse_reply(raw(bytes), xid);
}

// ---- the messages -------------------------------------------------------------------------------

TEST(SlpMessage, AsksAsRfc2608Says) {
  const std::string body =
      Message().text("").text("service:service-agent").text("DEFAULT").text("").text("").bytes();
  EXPECT_EQ(as_text(slp::build_request(0x1234, "service:service-agent", "DEFAULT")),
            message(1, 0x1234, body));
}

TEST(SlpMessage, ReadsWhatOpenSlpAnswers) {
  // slpd of OpenSLP 2.1 (commit 1bc8dad) with one service registered, to the service:service-agent,
  // to service:wbem in the scope DEFAULT and in one that it is not in.
  const std::string head("\0\0\0\0\0\x12\x34\0\2en", 11);
  const auto agent = parse(std::string("\2\x0b\0\0\x3e", 5) + head +
                           Message().text("service:service-agent://10.9.9.9").bytes() +
                           Message().text("DEFAULT").text("").u8(0).bytes());
  EXPECT_THAT(agent->urls, ElementsAre("service:service-agent://10.9.9.9"));
  const auto found =
      parse(std::string("\2\2\0\0\x3c", 5) + head + std::string("\0\0\0\1\0\xff\xff", 7) +
            Message().text("service:wbem:https://10.9.9.9:5989").u8(0).bytes());
  EXPECT_THAT(found->urls, ElementsAre("service:wbem:https://10.9.9.9:5989"));
  const auto refused = parse(std::string("\2\2\0\0\x14", 5) + head + std::string("\0\4\0\0", 4));
  EXPECT_EQ(refused->error, 4);
  EXPECT_EQ(refused->url_count, 0);
}

TEST(SlpMessage, ReadsServices) {
  const auto reply = parse(message(kServiceReply, 0x1234, services()));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, Kind::services);
  EXPECT_EQ(reply->error, 0);
  EXPECT_EQ(reply->url_count, 2);
  EXPECT_THAT(reply->urls, ElementsAre("service:wbem:https://10.0.0.1:5989", "service:ssh ://x"));
}

TEST(SlpMessage, ReadsWhatAgentsSayOfThemselves) {
  const std::string service_agent = Message()
                                        .text("service:service-agent://10.0.0.1")
                                        .text("DEFAULT,LAB")
                                        .text("(service-type=service:wbem)")
                                        .u8(0)
                                        .bytes();
  const auto agent = parse(message(kServiceAgent, 0x1234, service_agent));
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->kind, Kind::service_agent);
  EXPECT_THAT(agent->urls, ElementsAre("service:service-agent://10.0.0.1"));
  EXPECT_EQ(agent->scopes, "DEFAULT,LAB");
  EXPECT_EQ(agent->attributes, "(service-type=service:wbem)");
  const std::string directory_agent = Message()
                                          .u16(0)
                                          .u32(1'000'000)
                                          .text("service:directory-agent://10.0.0.2")
                                          .text("DEFAULT")
                                          .text("")
                                          .text("")
                                          .u8(0)
                                          .bytes();
  const auto directory = parse(message(kDirectoryAgent, 0x1234, directory_agent));
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->kind, Kind::directory_agent);
  EXPECT_THAT(directory->urls, ElementsAre("service:directory-agent://10.0.0.2"));
}

TEST(SlpMessage, AnErrorMayStandAlone) {
  const auto reply = parse(message(kServiceReply, 0x1234, error_only(4)));
  ASSERT_TRUE(reply) << "RFC 2608, 7: the rest of the message may be left out";
  EXPECT_EQ(slp::error_name(reply->error), "SCOPE_NOT_SUPPORTED");
  EXPECT_EQ(slp::error_name(5), "ERROR 5");
  EXPECT_EQ(slp::error_name(99), "ERROR 99");
}

TEST(SlpMessage, KnowsWhatIsNotItsAnswer) {
  EXPECT_FALSE(parse(message(kServiceReply, 0x4321, services())));
  EXPECT_FALSE(parse(message(kAttributeReply, 0x1234, services())));
  EXPECT_FALSE(parse(message(kServiceReply, 0x1234, services(), 1)));
  EXPECT_FALSE(parse(message(kServiceReply, 0x1234, "")));
  EXPECT_FALSE(parse(message(kDirectoryAgent, 0x1234, "\1")));
  const auto request = slp::build_request(0x1234, "service:x", "DEFAULT");
  EXPECT_FALSE(slp::parse_reply(request, 0x1234)) << "an echo";
  EXPECT_FALSE(parse(std::string(13, '\2')));
}

TEST(SlpMessage, WhatIsCutShortYieldsWhatIsThere) {
  const std::string whole = message(kServiceReply, 0x1234, services());
  for (std::size_t size = 18; size < whole.size(); ++size) {
    const auto reply = parse(whole.substr(0, size));
    ASSERT_TRUE(reply) << size;
    EXPECT_LE(reply->urls.size(), 2u);
  }
  EXPECT_EQ(parse(whole.substr(0, 30))->urls.size(), 0u);
}

TEST(SlpMessage, BoundsWhatALengthOrACountNames) {
  Message many;
  many.u16(0).u16(65535);
  for (int entry = 0; entry < 100; ++entry) {
    many.u8(0).u16(1).text(std::string(1000, 'u')).u8(0);
  }
  const auto reply = parse(message(kServiceReply, 0x1234, many.bytes()));
  EXPECT_EQ(reply->url_count, 65535);
  ASSERT_EQ(reply->urls.size(), 8u);
  EXPECT_EQ(reply->urls.front().size(), 256u);
  // An authentication block shorter than its own head would never end.
  const std::string looped =
      Message().u16(0).u16(2).u8(0).u16(1).text("a").u8(255).u16(2).u16(0).bytes();
  EXPECT_THAT(parse(message(kServiceReply, 0x1234, looped))->urls, ElementsAre("a"));
}

TEST(SlpMessage, FramesByTheLengthInItsHeader) {
  const std::string whole = message(kServiceReply, 0x1234, services());
  EXPECT_EQ(slp::frame(raw(whole + "more")).value(), whole.size());
  for (const std::size_t size : {std::size_t{1}, std::size_t{4}, whole.size() - 1}) {
    EXPECT_EQ(slp::frame(raw(whole.substr(0, size))).value(), std::nullopt) << size;
  }
  EXPECT_FALSE(slp::frame(raw("S"))) << "at the first byte";
  EXPECT_FALSE(slp::frame(raw(std::string("\2\2\0\0\5", 5)))) << "shorter than the header";
  EXPECT_FALSE(slp::frame(raw("\2\2\xff\xff\xff"))) << "longer than anything that is waited for";
}

// ---- the exchange -------------------------------------------------------------------------------

std::uint16_t xid_of(const std::string& request) {
  ByteReader reader(raw(request));
  reader.seek(10);
  return reader.u16();
}

class SlpProbe : public testing::Test {
 protected:
  Outcome see(UdpServer::Script script, const Value& values = {}, Duration timeout = 4s) {
    UdpServer server(lab.context, std::move(script));
    return lab.probe(slp_probe_type(), server.target(), values, timeout);
  }
  /// Over TCP: the script makes the bytes of the answer from the request.
  Outcome see_tcp(const std::function<std::string(const std::string&)>& answer,
                  Duration timeout = 4s) {
    const test::Script script = [&](test::Peer& peer) -> asio::awaitable<void> {
      const std::string asked = co_await peer.read_until("DEFAULT");
      const std::string bytes = answer(asked);
      for (std::size_t at = 0; at < bytes.size(); at += 7) {
        co_await peer.send(bytes.substr(at, 7));
      }
      if (!bytes.empty()) {
        co_await peer.wait_until_closed();
      }
    };
    test::LoopbackServer server(lab.context, script);
    return lab.probe(slp_probe_type(), server.target(), tcp, timeout);
  }
  static std::string fact(const Outcome& outcome, std::string_view key) {
    for (const auto& [name, value] : std::get<ServiceFacts>(*outcome.facts).details) {
      if (name == key) {
        return value;
      }
    }
    return "none";
  }

  test::NetLab lab;
  const Value tcp = params({{"transport", text("tcp")}});
};

TEST_F(SlpProbe, ServicesAreUpWithTheirUrls) {
  const Outcome outcome = see(
      [](const std::string& asked) {
        EXPECT_NE(asked.find("service:wbem"), std::string::npos);
        EXPECT_NE(asked.find("LAB"), std::string::npos);
        return Replies{message(kServiceReply, xid_of(asked), services())};
      },
      params({{"service", text("service:wbem")}, {"scope", text("LAB")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "answer"), "services");
  EXPECT_EQ(fact(outcome, "url_count"), "2");
  EXPECT_THAT(fact(outcome, "urls"), HasSubstr("service:wbem:https://10.0.0.1:5989"));
  EXPECT_FALSE(outcome.degraded);
}

TEST_F(SlpProbe, AnErrorProvesTheAgentToo) {
  const Outcome outcome = see([](const std::string& asked) {
    return Replies{message(kServiceReply, xid_of(asked), error_only(4))};
  });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "error"), "SCOPE_NOT_SUPPORTED");
  EXPECT_THAT(outcome.message, HasSubstr("SCOPE_NOT_SUPPORTED"));
}

TEST_F(SlpProbe, AskedForNothingAnAgentSaysWhatItIs) {
  const Outcome outcome = see([](const std::string& asked) {
    EXPECT_NE(asked.find("service:service-agent"), std::string::npos);
    return Replies{message(kServiceAgent, xid_of(asked),
                           Message().text("service:service-agent://x").text("DEFAULT").bytes())};
  });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "answer"), "service_agent");
  EXPECT_EQ(fact(outcome, "scopes"), "DEFAULT");
}

TEST_F(SlpProbe, SilenceIsAFailure) {
  int asked = 0;
  const Outcome outcome = see(
      [&](const std::string&) {
        ++asked;
        return Replies{};
      },
      {}, 400ms);
  EXPECT_EQ(outcome.reason, Reason::no_reply);
  EXPECT_TRUE(outcome.reply_owed);
  EXPECT_GE(asked, 2);
}

TEST_F(SlpProbe, AnotherXidAndAnEchoAreNoAnswer) {
  const Outcome forged = see(
      [](const std::string& asked) {
        const auto other = static_cast<std::uint16_t>(xid_of(asked) + 1);
        return Replies{message(kServiceReply, other, services()), asked};
      },
      {}, 300ms);
  EXPECT_EQ(forged.reason, Reason::protocol_mismatch) << forged.message;
}

TEST_F(SlpProbe, OverTcpAnAnswerInPiecesIsWhole) {
  const Outcome outcome = see_tcp(
      [](const std::string& asked) { return message(kServiceReply, xid_of(asked), services()); });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "url_count"), "2");
  EXPECT_TRUE(outcome.timings[Phase::connect]);
}

TEST_F(SlpProbe, OverTcpSomethingElseIsAMismatchAtOnce) {
  test::LoopbackServer server(lab.context, test::banner("SSH-2.0-OpenSSH_9.2\r\n"));
  const Outcome banner = lab.probe(slp_probe_type(), server.target(), tcp);
  EXPECT_EQ(banner.reason, Reason::protocol_mismatch) << banner.message;
  EXPECT_THAT(banner.message, HasSubstr("SSH-2.0"));
  const Outcome other = see_tcp([](const std::string& asked) {
    return message(kServiceReply, static_cast<std::uint16_t>(xid_of(asked) + 1), services());
  });
  EXPECT_EQ(other.reason, Reason::protocol_mismatch) << other.message;
}

TEST_F(SlpProbe, OverTcpNoAnswerIsToldAsWhatItIs) {
  EXPECT_EQ(see_tcp([](const std::string&) { return std::string(); }).reason, Reason::closed_early);
  const Outcome half =
      see_tcp([](const std::string&) { return std::string("\2\2\0\0\x40", 5); }, 300ms);
  EXPECT_EQ(half.reason, Reason::stalled);
  EXPECT_EQ(half.phase, Phase::request);
}

TEST_F(SlpProbe, RefusesNamesThatDoNotFit) {
  EXPECT_THAT(lab.problems(slp_probe_type(), "127.0.0.1",
                           params({{"service", text(std::string(256, 'a'))}})),
              HasSubstr("service has 1 to 255 bytes"));
}

}  // namespace
}  // namespace reachd
