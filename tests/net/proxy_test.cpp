#include "probes/net/proxy.hpp"

#include <gmock/gmock.h>

#include <boost/asio/error.hpp>

#include "probes/net/http.hpp"
#include "probes/tcp.hpp"
#include "probes/tls.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::list;
using test::LoopbackServer;
using test::params;
using test::text;
using testing::HasSubstr;

bool exempt(const std::vector<std::string>& entries, const std::string& host) {
  return net::is_exempt(entries, *parse_target(host));
}

TEST(NoProxy, KnowsHostsSuffixesNetworksAndTheStar) {
  const std::vector<std::string> entries{"host.example", ".Example.COM", "10.0.0.0/8",
                                         "2001:db8::/32"};
  EXPECT_TRUE(exempt(entries, "HOST.example"));
  EXPECT_TRUE(exempt(entries, "a.b.example.com"));
  EXPECT_TRUE(exempt(entries, "a.b.example.com."));
  EXPECT_TRUE(exempt(entries, "10.1.2.3"));
  EXPECT_TRUE(exempt(entries, "2001:db8::1"));
  EXPECT_FALSE(exempt(entries, "example.com"));
  EXPECT_FALSE(exempt(entries, "badexample.com"));
  EXPECT_FALSE(exempt(entries, "sub.host.example"));
  EXPECT_FALSE(exempt(entries, "11.1.2.3"));
  EXPECT_TRUE(exempt({"*"}, "anything.example"));
  EXPECT_TRUE(exempt({"10.1.1.1"}, "10.1.1.1"));
  EXPECT_FALSE(exempt({}, "anything.example"));
}

TEST(Base64, FollowsTheRfc) {
  EXPECT_EQ(net::base64(""), "");
  EXPECT_EQ(net::base64("f"), "Zg==");
  EXPECT_EQ(net::base64("fo"), "Zm8=");
  EXPECT_EQ(net::base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(net::base64("\xff\xfe\xfd"), "//79");
}

class Proxy : public testing::Test {
 protected:
  test::NetLab lab;

  Outcome through(test::Script script, const std::string& target = "inside.example:5000",
                  Duration timeout = 4s) {
    LoopbackServer proxy(lab.context, std::move(script));
    return lab.probe(tcp_probe_type(), target,
                     params({{"proxy", text("http://" + proxy.target())}}), timeout);
  }
};

TEST_F(Proxy, OpensATunnelAndLeavesTheNameToTheProxy) {
  std::string asked;
  const test::Script accept = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = through(accept);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(asked,
              HasSubstr("CONNECT inside.example:5000 HTTP/1.1\r\nHost: inside.example:5000\r\n"));
  EXPECT_THAT(asked, testing::Not(HasSubstr("Proxy-Authorization")));
  EXPECT_TRUE(lab.resolver.asked.empty());
  EXPECT_TRUE(outcome.timings[Phase::proxy]);
  EXPECT_FALSE(outcome.timings[Phase::connect]);
}

TEST_F(Proxy, ResolvesItsOwnHostAndSendsCredentials) {
  std::string asked;
  const test::Script accept = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.0 200 OK\r\n\r\n");
  };
  LoopbackServer proxy(lab.context, accept);
  lab.resolver.names["proxy.example"] = {*IpAddress::parse("127.0.0.1")};
  const Outcome outcome =
      lab.probe(tcp_probe_type(), "[2001:db8::1]:443",
                params({{"proxy", text("http://proxy.example:" + std::to_string(proxy.port()))},
                        {"proxy_user", text("Aladdin")},
                        {"proxy_password", text("open sesame")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(asked, HasSubstr("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

TEST_F(Proxy, ARefusalIsToldByItsStatus) {
  const auto refused = [&](const std::string& status) {
    return through(test::reply("HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\nsorry"));
  };
  const Outcome auth = refused("407 Proxy Authentication Required");
  EXPECT_EQ(auth.reason, Reason::proxy_auth);
  EXPECT_EQ(auth.phase, Phase::proxy);
  EXPECT_THAT(auth.message, HasSubstr("HTTP 407 Proxy Authentication Required"));
  EXPECT_EQ(refused("403 Forbidden").reason, Reason::proxy_denied);
  EXPECT_EQ(refused("405 Method Not Allowed").reason, Reason::proxy_denied);
  EXPECT_EQ(refused("502 Bad Gateway").reason, Reason::proxy_error);
  EXPECT_EQ(refused("302 Found").reason, Reason::proxy_error);
}

TEST_F(Proxy, GarbageAndHangingUpAreTheProxysError) {
  EXPECT_EQ(through(test::banner("SSH-2.0-x\r\n")).reason, Reason::proxy_error);
  const Outcome closed = through(test::hang_up());
  EXPECT_EQ(closed.reason, Reason::proxy_error);
  EXPECT_EQ(closed.phase, Phase::proxy);
}

TEST_F(Proxy, SilenceAfterConnectIsStalledInItsPhase) {
  const Outcome outcome = through(test::mute(), "inside.example:5000", 200ms);
  EXPECT_EQ(outcome.reason, Reason::stalled);
  EXPECT_EQ(outcome.phase, Phase::proxy);
  EXPECT_THAT(outcome.message, HasSubstr("did not answer CONNECT"));
}

TEST_F(Proxy, OneThatRefusesIsUnreachableWithTheErrno) {
  std::string nobody;
  {
    const LoopbackServer gone(lab.context, test::mute());
    nobody = gone.target();
  }
  const Outcome outcome = lab.probe(tcp_probe_type(), "inside.example:5000",
                                    params({{"proxy", text("http://" + nobody)}}));
  EXPECT_EQ(outcome.reason, Reason::proxy_unreachable);
  EXPECT_EQ(outcome.phase, Phase::proxy);
  EXPECT_EQ(outcome.attempts.at(0).error_number, asio::error::connection_refused);
  EXPECT_THAT(outcome.message, HasSubstr("the proxy " + nobody));
}

TEST_F(Proxy, ARefusalIsNotHiddenByAnAddressThatThisHostCannotTry) {
  std::uint16_t nobody = 0;
  {
    const LoopbackServer gone(lab.context, test::mute());
    nobody = gone.port();
  }
  const IpAddress v4 = *IpAddress::parse("127.0.0.1");
  const IpAddress v6 = *IpAddress::parse("::1");
  const Value values = params({{"proxy", text("http://proxy.example:" + std::to_string(nobody))},
                               {"source", text("127.0.0.1")}});
  for (const auto& addresses : {std::vector{v4, v6}, std::vector{v6, v4}}) {
    lab.resolver.names["proxy.example"] = addresses;
    const Outcome outcome = lab.probe(tcp_probe_type(), "inside.example:5000", values);
    EXPECT_EQ(outcome.reason, Reason::proxy_unreachable) << outcome.message;
    EXPECT_EQ(outcome.attempts.at(0).error_number, asio::error::connection_refused);
  }
  lab.resolver.names["proxy.example"] = {v6};
  const Outcome own = lab.probe(tcp_probe_type(), "inside.example:5000", values);
  EXPECT_EQ(own.reason, Reason::local_address) << own.message;
}

TEST_F(Proxy, OneWithoutAnAddressIsUnreachable) {
  const Outcome outcome = lab.probe(tcp_probe_type(), "inside.example:5000",
                                    params({{"proxy", text("http://nowhere.example:3128")}}));
  EXPECT_EQ(outcome.reason, Reason::proxy_unreachable);
  EXPECT_THAT(outcome.message, HasSubstr("nowhere.example does not exist"));
}

TEST_F(Proxy, AnExemptTargetGoesDirect) {
  LoopbackServer server(lab.context, test::mute());
  const Outcome outcome = lab.probe(tcp_probe_type(), server.target(),
                                    params({{"proxy", text("http://nowhere.example:3128")},
                                            {"no_proxy", list({text("127.0.0.0/8")})}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(outcome.attempts.at(0).endpoint, server.endpoint());
}

TEST_F(Proxy, TlsGoesThroughTheTunnel) {
  const test::TestCa ca;
  const test::TempFile ca_file(ca.certificate());
  test::CertificateWish wish;
  wish.names = "DNS:inside.example";
  const test::ServerTls tls{ca.issue(wish)};
  const test::Script tunnel = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    co_await peer.start_tls(tls);
    co_await peer.wait_until_closed();
  };
  LoopbackServer proxy(lab.context, tunnel);
  const Outcome outcome = lab.probe(tls_probe_type(), "inside.example:443",
                                    params({{"proxy", text("http://" + proxy.target())},
                                            {"tls", params({{"ca_file", text(ca_file.path())}})}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.timings[Phase::proxy]);
  EXPECT_TRUE(outcome.timings[Phase::tls]);
}

TEST_F(Proxy, BytesThatComeWithTheTunnelAreNotLost) {
  // The target speaks first and the proxy sends it together with its answer.
  const Outcome outcome = [&] {
    LoopbackServer proxy(lab.context, test::reply("HTTP/1.1 200 OK\r\n\r\n220 mail.example\r\n"));
    return lab.probe(tls_probe_type(), "inside.example:25",
                     params({{"proxy", text("http://" + proxy.target())}}));
  }();
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("220 mail.example"));
}

TEST_F(Proxy, OtherKindsOfProxiesAreRefusedInTheConfiguration) {
  const auto proxied = [&](const std::string& url) {
    return lab.problems(tcp_probe_type(), "h:1", params({{"proxy", text(url)}}));
  };
  EXPECT_THAT(proxied("https://p:3128"), HasSubstr("proxy takes http://host:port or socks5://"));
  EXPECT_THAT(proxied("http://p:3128/proxy.pac"), HasSubstr("proxy takes no path"));
  EXPECT_EQ(proxied("http://p:3128/"), "");
  EXPECT_THAT(lab.problems(tcp_probe_type(), "h:1",
                           params({{"proxy", text("http://p:1")},
                                   {"no_proxy", list({text("10.0.0.1/8")})}})),
              HasSubstr("no_proxy"));
}

TEST_F(Proxy, WhatHasNoEffectIsRefusedInTheConfiguration) {
  const auto problems = [&](std::initializer_list<std::pair<std::string, Value>> keys) {
    return lab.problems(tcp_probe_type(), "h:1", params(keys));
  };
  EXPECT_THAT(problems({{"proxy_user", text("u")}}),
              HasSubstr("proxy_user has no effect without proxy"));
  EXPECT_THAT(problems({{"proxy_password", text("p")}}),
              HasSubstr("proxy_password has no effect without proxy"));
  EXPECT_THAT(problems({{"no_proxy", list({text("h")})}}),
              HasSubstr("no_proxy has no effect without proxy"));
  EXPECT_THAT(problems({{"proxy", text("http://p")}, {"proxy_password", text("p")}}),
              HasSubstr("proxy_password has no effect without proxy_user"));
  EXPECT_EQ(problems({{"proxy", text("http://p")}, {"no_proxy", list({text("h")})}}), "");
}

}  // namespace
}  // namespace reachd
