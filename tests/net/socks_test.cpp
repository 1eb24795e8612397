#include "probes/net/socks.hpp"

#include <gmock/gmock.h>

#include <boost/asio/error.hpp>

#include "probes/http.hpp"
#include "probes/tcp.hpp"
#include "probes/tls.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/socks_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using net::SocksMessage;
using test::LoopbackServer;
using test::params;
using test::SocksAnswers;
using test::text;
using testing::HasSubstr;
using State = SocksMessage::State;

std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (const int value : values) {
    result += static_cast<char>(value);
  }
  return result;
}

template <typename Parse>
SocksMessage parse(Parse parser, const std::string& received) {
  return parser(std::as_bytes(std::span(received)));
}

TEST(SocksParser, ReadsTheChoiceOfAMethod) {
  EXPECT_EQ(parse(net::parse_socks_method, "").missing, 2U);
  EXPECT_EQ(parse(net::parse_socks_method, bytes({5})).missing, 1U);
  const SocksMessage chosen = parse(net::parse_socks_method, bytes({5, 255}));
  EXPECT_EQ(chosen.state, State::complete);
  EXPECT_EQ(chosen.code, 255);
  EXPECT_EQ(parse(net::parse_socks_method, "H").state, State::foreign);
  EXPECT_EQ(parse(net::parse_socks_method, bytes({4, 0})).state, State::foreign);
  EXPECT_EQ(parse(net::parse_socks_method, bytes({5, 0, 0})).state, State::foreign);
}

TEST(SocksParser, ReadsTheVerdictOnCredentials) {
  EXPECT_EQ(parse(net::parse_socks_auth, bytes({1, 0})).state, State::complete);
  EXPECT_EQ(parse(net::parse_socks_auth, bytes({1, 7})).code, 7);
  EXPECT_EQ(parse(net::parse_socks_auth, bytes({5, 0})).state, State::complete);
  EXPECT_EQ(parse(net::parse_socks_auth, bytes({2})).state, State::foreign);
}

TEST(SocksParser, ReadsAReplyToItsLastByteAndNoFurther) {
  const std::string v4 = bytes({5, 0, 0, 1, 10, 0, 0, 1, 4, 56});
  const std::string v6 = bytes({5, 0, 0, 4}) + std::string(16, 'x') + bytes({4, 56});
  const std::string name = bytes({5, 0, 0, 3, 255}) + std::string(255, 'n') + bytes({4, 56});
  const std::string no_name = bytes({5, 0, 0, 3, 0, 4, 56});
  for (const std::string& whole : {v4, v6, name, no_name}) {
    for (std::size_t count = 0; count < whole.size(); ++count) {
      const SocksMessage part = parse(net::parse_socks_reply, whole.substr(0, count));
      ASSERT_EQ(part.state, State::more) << count;
      ASSERT_GT(part.missing, 0U);
      ASSERT_LE(count + part.missing, whole.size());
      ASSERT_LE(count + part.missing, net::kMaxSocksMessage);
    }
    EXPECT_EQ(parse(net::parse_socks_reply, whole).state, State::complete);
    EXPECT_EQ(parse(net::parse_socks_reply, whole + "target").state, State::complete);
  }
  EXPECT_EQ(name.size(), net::kMaxSocksMessage);
}

TEST(SocksParser, NeedsNoAddressInARefusal) {
  const SocksMessage refused = parse(net::parse_socks_reply, bytes({5, 5}));
  EXPECT_EQ(refused.state, State::complete);
  EXPECT_EQ(refused.code, 5);
  EXPECT_EQ(parse(net::parse_socks_reply, bytes({5, 0, 0, 2, 0})).state, State::foreign);
  EXPECT_EQ(parse(net::parse_socks_reply, bytes({0, 90})).state, State::foreign);  // SOCKS4
}

class Socks : public testing::Test {
 protected:
  test::NetLab lab;
  test::SocksHeard heard;

  Outcome ask(test::Script script, const std::string& target = "inside.example:5000",
              Duration timeout = 4s, const Value& more = Value::map()) {
    LoopbackServer proxy(lab.context, std::move(script));
    Value values = params({{"proxy", text("socks5://" + proxy.target())}});
    values.members.insert(values.members.end(), more.members.begin(), more.members.end());
    return lab.probe(tcp_probe_type(), target, values, timeout);
  }
  Outcome answered(const SocksAnswers& answers, const Value& more = Value::map()) {
    return ask(test::socks(answers, heard), "inside.example:5000", 4s, more);
  }
  Outcome replied(int code) {
    return answered({.reply = bytes({5, code, 0, 1, 0, 0, 0, 0, 0, 0})});
  }
  static Value credentials() {
    return params({{"proxy_user", text("me:too")}, {"proxy_password", text("secret")}});
  }
};

TEST_F(Socks, LeavesTheNameToTheProxy) {
  const Outcome outcome = answered({});
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(heard.greeting, bytes({5, 1, 0}));
  EXPECT_EQ(heard.request,
            bytes({5, 1, 0, 3, 14}) + "inside.example" + bytes({5000 >> 8, 5000 & 255}));
  EXPECT_TRUE(lab.resolver.asked.empty());
  EXPECT_TRUE(outcome.timings[Phase::proxy]);
  EXPECT_FALSE(outcome.timings[Phase::connect]);
}

TEST_F(Socks, SendsAnAddressAsAnAddress) {
  EXPECT_EQ(ask(test::socks({}, heard), "192.0.2.7:80").reason, Reason::ok);
  EXPECT_EQ(heard.request, bytes({5, 1, 0, 1, 192, 0, 2, 7, 0, 80}));
  EXPECT_EQ(ask(test::socks({}, heard), "[2001:db8::1]:443").reason, Reason::ok);
  EXPECT_EQ(heard.request, bytes({5, 1, 0, 4, 0x20, 1, 0x0d, 0xb8}) + std::string(11, '\0') +
                               bytes({1, 443 >> 8, 443 & 255}));
}

TEST_F(Socks, SendsCredentialsOnlyIfTheProxyChoosesThem) {
  EXPECT_EQ(answered({.method = bytes({5, 2})}, credentials()).reason, Reason::ok);
  EXPECT_EQ(heard.greeting, bytes({5, 2, 0, 2}));
  EXPECT_EQ(heard.credentials, bytes({1, 6}) + "me:too" + bytes({6}) + "secret");
  heard = {};
  EXPECT_EQ(answered({}, credentials()).reason, Reason::ok);
  EXPECT_EQ(heard.credentials, "");
}

TEST_F(Socks, CredentialsThatAreMissingOrRefusedAreProxyAuth) {
  const auto expect = [&](const Outcome& outcome, const std::string& said) {
    EXPECT_EQ(outcome.reason, Reason::proxy_auth);
    EXPECT_EQ(outcome.phase, Phase::proxy);
    EXPECT_THAT(outcome.message, HasSubstr(said));
    EXPECT_THAT(outcome.message, testing::Not(HasSubstr("secret")));
    EXPECT_EQ(heard.request, "");
  };
  expect(answered({.method = bytes({5, 255})}), "asks for credentials");
  expect(answered({.method = bytes({5, 2})}), "asks for credentials");
  expect(answered({.method = bytes({5, 255})}, credentials()), "neither user and password");
  expect(answered({.method = bytes({5, 2}), .auth = bytes({1, 1})}, credentials()), "refuses");
  expect(answered({.method = bytes({5, 2}), .auth = ""}, credentials()), "closed");
}

TEST_F(Socks, ARefusalNamesTheLeg) {
  const Outcome denied = replied(2);
  EXPECT_EQ(denied.reason, Reason::proxy_denied);
  EXPECT_THAT(denied.message, HasSubstr("does not allow a connection to inside.example:5000"));
  const auto expect = [&](int code, const std::string& said) {
    const Outcome outcome = replied(code);
    EXPECT_EQ(outcome.reason, Reason::proxy_error);
    EXPECT_EQ(outcome.phase, Phase::proxy);
    EXPECT_THAT(outcome.message, HasSubstr("could not reach inside.example:5000: " + said));
  };
  expect(1, "general failure");
  expect(3, "network unreachable");
  expect(4, "host unreachable");
  expect(5, "connection refused");
  expect(6, "TTL expired");
  expect(7, "it does not do CONNECT");
  expect(8, "it does not take this kind of address");
  expect(9, "reply 9");
  expect(255, "reply 255");
  EXPECT_EQ(answered({.reply = bytes({5, 5})}).reason, Reason::proxy_error);
}

TEST_F(Socks, WhatIsNotSocksIsShown) {
  const Outcome web = ask(test::banner("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_EQ(web.reason, Reason::proxy_error);
  EXPECT_THAT(web.message,
              HasSubstr("does not speak SOCKS5: it sent \"HTTP/1.1 400 Bad Request\\r\\n"));
  EXPECT_THAT(answered({.method = bytes({0, 91})}).message, HasSubstr("\"\\x00[\""));
  EXPECT_THAT(answered({.method = bytes({5, 1})}).message, HasSubstr("method 1, which was not"));
  EXPECT_THAT(answered({.reply = bytes({5, 0, 0, 9, 0})}).message, HasSubstr("not speak SOCKS5"));
}

TEST_F(Socks, CredentialsThatComeBackAreNotShown) {
  const std::string echoed = bytes({1, 6}) + "me:too" + bytes({6}) + "secret";
  const Outcome outcome = answered({.method = bytes({5, 2}), .auth = echoed}, credentials());
  EXPECT_EQ(outcome.reason, Reason::proxy_error);
  EXPECT_THAT(outcome.message, HasSubstr("no answer to the credentials"));
  EXPECT_THAT(outcome.message, testing::Not(HasSubstr("secret")));
}

TEST_F(Socks, HangingUpIsTheProxysError) {
  for (const SocksAnswers& answers : {SocksAnswers{.method = ""}, SocksAnswers{.reply = ""}}) {
    const Outcome outcome = answered(answers);
    EXPECT_EQ(outcome.reason, Reason::proxy_error);
    EXPECT_EQ(outcome.phase, Phase::proxy);
  }
}

TEST_F(Socks, SilenceIsStalledInItsPhase) {
  const Outcome greeted = ask(test::mute(), "inside.example:5000", 150ms);
  EXPECT_EQ(greeted.reason, Reason::stalled);
  EXPECT_EQ(greeted.phase, Phase::proxy);
  EXPECT_THAT(greeted.message, HasSubstr("did not answer the SOCKS5 greeting in time"));
  // Half a reply, then nothing: the target may be what it waits for.
  const Outcome waiting =
      ask(test::socks({.reply = bytes({5, 0, 0})}, heard), "inside.example:5000", 150ms);
  EXPECT_EQ(waiting.reason, Reason::stalled);
  EXPECT_THAT(waiting.message, HasSubstr("did not answer CONNECT inside.example:5000 in time"));
}

TEST_F(Socks, AnAnswerMayComeByteByByte) {
  const auto drip = [](test::Peer& peer, std::string answer) -> test::asio::awaitable<void> {
    for (const char c : answer) {
      co_await peer.send(std::string(1, c));
      co_await peer.pause(2ms);
    }
  };
  const std::string method = bytes({5, 0});
  const std::string reply = bytes({5, 0, 0, 3, 2, 'a', 'b', 0, 1});
  const test::Script slow = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(3);
    co_await drip(peer, method);
    co_await peer.read_until("inside.example");
    co_await drip(peer, reply);
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = ask(slow);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST_F(Socks, OneThatRefusesIsUnreachable) {
  std::string nobody;
  {
    const LoopbackServer gone(lab.context, test::mute());
    nobody = gone.target();
  }
  const Outcome outcome = lab.probe(tcp_probe_type(), "inside.example:5000",
                                    params({{"proxy", text("socks5://" + nobody)}}));
  EXPECT_EQ(outcome.reason, Reason::proxy_unreachable);
  EXPECT_EQ(outcome.attempts.at(0).error_number, asio::error::connection_refused);
}

TEST_F(Socks, TheTargetsFirstBytesAreNotLost) {
  // The target speaks first and the proxy sends it together with its reply.
  SocksAnswers answers;
  answers.reply += "220 mail.example\r\n";
  LoopbackServer proxy(lab.context, test::socks(answers, heard));
  const Outcome outcome = lab.probe(tls_probe_type(), "inside.example:25",
                                    params({{"proxy", text("socks5h://" + proxy.target())}}));
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("220 mail.example"));
}

TEST_F(Socks, PlainHttpUsesTheTunnelAndNoAbsoluteForm) {
  std::string asked;
  const test::Script server = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  LoopbackServer proxy(lab.context, test::socks({.method = bytes({5, 2})}, heard, server));
  Value values = credentials();
  values.members.push_back({"proxy", {}, text("socks5://" + proxy.target())});
  const Outcome outcome = lab.probe(http_probe_type(), "http://inside.example/path", values);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(asked, HasSubstr("GET /path HTTP/1.1\r\n"));
  EXPECT_THAT(asked, testing::Not(HasSubstr("Proxy-Authorization")));
}

TEST_F(Socks, TheConfigurationIsJudged) {
  const auto problems = [&](const std::string& proxy, const std::string& user,
                            const std::string& password) {
    return lab.problems(tcp_probe_type(), "h:1",
                        params({{"proxy", text(proxy)},
                                {"proxy_user", text(user)},
                                {"proxy_password", text(password)}}));
  };
  EXPECT_EQ(problems("socks5://p", "a:b", std::string(255, 'p')), "");
  EXPECT_THAT(problems("socks5://p", "a", std::string(256, 'p')), HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(problems("socks5://p", std::string(256, 'u'), "p"), HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(problems("socks5://p", "a", ""), HasSubstr("1 to 255 bytes"));
  EXPECT_THAT(problems("socks4://p", "a", "b"), HasSubstr("other kinds of proxies are not spoken"));
}

}  // namespace
}  // namespace reachd
