#include "tests/blackbox/http_prober_fixture.hpp"
#include "tests/support/socks_server.hpp"

namespace reachd {
namespace {

using test::HttpProbed;
using test::LoopbackServer;
using test::series;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpProberProxy : public test::HttpProberTest {
 protected:
  HttpProberProxy() {
    answers["/"] = page("direct");
    lab.resolver.names["site.example"] = {*IpAddress::parse("127.0.0.1")};
    lab.resolver.names["proxy.example"] = {*IpAddress::parse("127.0.0.1")};
  }
  std::string asked;
  /// Answers as the target would, in absolute-form.
  LoopbackServer proxy{lab.context, [this](test::Peer& peer) -> test::asio::awaitable<void> {
                         const std::string request = co_await peer.read_until("\r\n\r\n");
                         asked += request;
                         co_await peer.send(page("proxied!"));
                       }};

  std::string key(const std::string& host = "127.0.0.1") const {
    return "proxy_url: http://" + host + ":" + std::to_string(proxy.port());
  }
  std::string at(const std::string& host) const { return host + ":" + std::to_string(site.port()); }
};

TEST_F(HttpProberProxy, IsAskedForTheAddressInAbsoluteForm) {
  const HttpProbed probed = probe({key()}, at("site.example"));
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_THAT(asked, StartsWith("GET http://" + site.target() +
                                "/ HTTP/1.1\r\nHost: " + at("site.example") + "\r\n"));
  EXPECT_EQ(series(probed, "probe_ip_protocol"), "4");
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "8");
  EXPECT_THAT(asked, Not(HasSubstr("Proxy-Authorization")));
}

TEST_F(HttpProberProxy, ResolvesTheNameItselfIfTheModuleSaysSo) {
  const HttpProbed probed =
      probe({key("user:p%40ss@proxy.example"), "skip_resolve_phase_with_proxy: true"},
            at("unknown.example"));
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_THAT(asked, StartsWith("GET http://" + at("unknown.example") + "/ HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"));
  EXPECT_EQ(lab.resolver.asked, (std::vector<std::string>{"proxy.example"}));
  EXPECT_FALSE(series(probed, "probe_ip_protocol"));
  EXPECT_FALSE(series(probed, "probe_dns_lookup_time_seconds"));
  EXPECT_FALSE(series(probed, "probe_http_duration_seconds{phase=\"resolve\"}"));
  EXPECT_TRUE(series(probed, "probe_http_duration_seconds{phase=\"connect\"}"));
}

TEST_F(HttpProberProxy, NoProxyGoesDirectByNameAndByAddress) {
  for (const char* exempt : {"site.example", "example", ".example", "127.0.0.1", "127.0.0.0/8"}) {
    const HttpProbed probed =
        probe({key(), std::string("no_proxy: '") + exempt + "'"}, at("site.example"));
    EXPECT_TRUE(probed.success) << exempt << probed.log;
    EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "6") << exempt;
  }
  EXPECT_EQ(asked, "");
}

TEST_F(HttpProberProxy, ItsAddressHasToBeAllowed) {
  lab.allow({{"cidr", "127.0.0.1/32"}});
  lab.resolver.names["proxy.example"] = {*IpAddress::parse("127.0.0.2")};
  const HttpProbed probed = probe({key("proxy.example")}, at("site.example"));
  EXPECT_FALSE(probed.success);
  EXPECT_THAT(probed.refused, HasSubstr("proxy.example (127.0.0.2:"));
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(HttpProberProxy, ItsNameIsNotResolvedWhereNothingIsAllowed) {
  lab.allowed = {};
  const HttpProbed probed =
      probe({key("proxy.example"), "skip_resolve_phase_with_proxy: true"}, at("site.example"));
  EXPECT_THAT(probed.refused, HasSubstr("probe_allow in reachd's configuration is empty"));
  EXPECT_TRUE(lab.resolver.asked.empty());
}

TEST_F(HttpProberProxy, ATargetThatIsResolvedOrAnAddressHasToBeAllowedToo) {
  lab.allow({{"cidr", "127.0.0.1/32"}});
  lab.resolver.names["inside.example"] = {*IpAddress::parse("127.0.0.2")};
  EXPECT_THAT(probe({key()}, at("inside.example")).refused, HasSubstr("probe_allow"));
  EXPECT_THAT(probe({key()}, at("127.0.0.2")).refused, HasSubstr("probe_allow"));
  EXPECT_THAT(probe({key(), "skip_resolve_phase_with_proxy: true"}, at("127.0.0.2")).refused,
              HasSubstr("probe_allow"));
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(HttpProberProxy, ARedirectToAnAddressThroughItHasToBeAllowed) {
  lab.allow({{"cidr", "127.0.0.1/32"}});
  LoopbackServer sender(lab.context, test::reply(redirect("http://10.0.0.1/")));
  const HttpProbed probed = probe({"proxy_url: http://" + sender.target()}, at("site.example"));
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(sender.connections(), 1);
  EXPECT_THAT(probed.log, HasSubstr("10.0.0.1 (10.0.0.1:80) may not be asked"));
}

TEST_F(HttpProberProxy, ItsRefusalIsAnAnswerLikeAnyOther) {
  LoopbackServer strict(lab.context,
                        test::reply("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"));
  const HttpProbed probed = probe({"proxy_url: http://" + strict.target()}, at("site.example"));
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "407");
}

TEST_F(HttpProberProxy, OfTheSocksKindTunnelsPlainHttp) {
  test::SocksHeard heard;
  LoopbackServer socks(lab.context, test::socks({}, heard, test::reply(page("socks"))));
  const HttpProbed probed =
      probe({"proxy_url: socks5://" + socks.target(), "skip_resolve_phase_with_proxy: true"},
            "unknown.example");
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_THAT(heard.request, HasSubstr("unknown.example"));
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "5");
}

}  // namespace
}  // namespace reachd
