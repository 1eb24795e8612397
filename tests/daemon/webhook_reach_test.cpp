#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "tests/daemon/webhook_fixture.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/socks_server.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using alert::Receipt;
using How = alert::Receipt::How;
using ::testing::HasSubstr;

/// A port of 127.0.0.2 whose backlog is full, so that Linux drops further SYNs in silence.
class SilentTwin {
 public:
  SilentTwin(asio::io_context& context, std::uint16_t port) : acceptor_(context) {
    const asio::ip::tcp::endpoint here(asio::ip::make_address_v4("127.0.0.2"), port);
    acceptor_.open(here.protocol());
    acceptor_.bind(here);
    acceptor_.listen(0);
    for (int i = 0; i < 3; ++i) {
      fillers_.emplace_back(context).async_connect(here, [](boost::system::error_code) {});
    }
  }

 private:
  asio::ip::tcp::acceptor acceptor_;
  std::vector<asio::ip::tcp::socket> fillers_;
};

TEST_F(WebhookTest, AnAddressThatFailsComesLastTheNextTime) {
  LoopbackServer server(lab_.lab.context, receiver(got_));
  lab_.lab.resolver.names["hooks.example"] = {*IpAddress::parse("127.0.0.2"),
                                              *IpAddress::parse("127.0.0.1")};
  const auto values = to("http://hooks.example:" + std::to_string(server.port()) + "/");
  EXPECT_EQ(deliver(values).at(0).how, How::delivered) << "the first address refuses at once";
  const SilentTwin silent(lab_.lab.context, server.port());
  const auto made = SinkLab::make(alert::webhook_sink(), values);
  lab_.timeout = 200ms;
  EXPECT_EQ(deliver(*made.events).at(0).how, How::retry) << "the first address is silent";
  EXPECT_EQ(deliver(*made.events).at(0).how, How::delivered);
  EXPECT_EQ(deliver(*made.events).at(0).how, How::delivered);
  EXPECT_EQ(got_.size(), 3U);
}

class WebhookTlsTest : public WebhookTest {
 protected:
  ServerTls identity(const CertificateWish& wish = {}) { return {.identity = ca_.issue(wish)}; }
  Value trusting(std::initializer_list<std::pair<std::string, Value>> more = {}) {
    Value tls = params(more);
    tls.members.push_back({"ca_file", {}, text(ca_file_.path())});
    return tls;
  }

  TestCa ca_;
  TempFile ca_file_{ca_.certificate()};
};

TEST_F(WebhookTlsTest, TrustsOnlyTheConfiguredAuthority) {
  LoopbackServer server(lab_.lab.context, receiver(got_), identity());
  const std::string url = "https://" + server.target() + "/hook";
  const Receipt distrusted = deliver(to(url)).at(0);
  EXPECT_EQ(distrusted.how, How::retry);
  EXPECT_THAT(distrusted.why, HasSubstr("trust"));
  const Receipt trusted = deliver(to(url, {{"tls", trusting()}})).at(0);
  EXPECT_EQ(trusted.how, How::delivered) << trusted.why;
  ASSERT_EQ(got_.size(), 1U) << "nothing may be sent to a server that is not trusted";
  EXPECT_EQ(got_[0].body, kJson);
}

TEST_F(WebhookTlsTest, TheNameHasToFit) {
  LoopbackServer server(lab_.lab.context, receiver(got_),
                        identity({.subject = "other", .names = "DNS:other.example"}));
  const std::string url = "https://" + server.target() + "/";
  const Receipt wrong = deliver(to(url, {{"tls", trusting()}})).at(0);
  EXPECT_EQ(wrong.how, How::retry);
  EXPECT_THAT(wrong.why, HasSubstr("127.0.0.1"));
  const Receipt right =
      deliver(to(url, {{"tls", trusting({{"server_name", text("other.example")}})}})).at(0);
  EXPECT_EQ(right.how, How::delivered) << right.why;
  EXPECT_EQ(got_.size(), 1U) << "nothing may be sent to a server of another name";
}

TEST_F(WebhookTlsTest, ShowsItsOwnCertificate) {
  ServerTls tls = identity();
  tls.client_certificate = ServerTls::ClientCertificate::required;
  tls.client_ca = ca_.certificate();
  LoopbackServer server(lab_.lab.context, receiver(got_), tls);
  const std::string url = "https://" + server.target() + "/";
  const Receipt without = deliver(to(url, {{"tls", trusting()}})).at(0);
  EXPECT_EQ(without.how, How::retry);
  EXPECT_THAT(without.why, HasSubstr("client certificate"));
  const Identity own = ca_.issue({.subject = "reachd", .usage = "clientAuth"});
  const TempFile file(own.chain + own.key);
  const Receipt with =
      deliver(to(url, {{"tls", trusting({{"certificate_file", text(file.path())}})}})).at(0);
  EXPECT_EQ(with.how, How::delivered) << with.why;
}

TEST_F(WebhookTlsTest, GoesThroughATunnelOfTheProxy) {
  std::string asked;
  const ServerTls tls = identity({.names = "DNS:hooks.example"});
  const Script proxy = [&](Peer& peer) -> asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    const bool secure = co_await peer.start_tls(tls);
    EXPECT_TRUE(secure);
    Request request = co_await receive(peer);
    got_.push_back(std::move(request));
    co_await peer.send(response("200 OK"));
  };
  LoopbackServer server(lab_.lab.context, proxy);
  const Receipt receipt =
      deliver(to("https://hooks.example/hook", {{"tls", trusting()},
                                                {"proxy", text("http://" + server.target())},
                                                {"proxy_user", text("p")},
                                                {"proxy_password", text("q")}}))
          .at(0);
  EXPECT_EQ(receipt.how, How::delivered) << receipt.why;
  EXPECT_THAT(asked, HasSubstr("CONNECT hooks.example:443 HTTP/1.1"));
  EXPECT_THAT(asked, HasSubstr("Proxy-Authorization: Basic cDpx"));
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].line(), "POST /hook HTTP/1.1");
  EXPECT_EQ(got_[0].header("Proxy-Authorization"), "(none)");
  EXPECT_TRUE(lab_.lab.resolver.asked.empty()) << "the name goes to the proxy as it is";
}

TEST_F(WebhookTest, GivesAnHttpProxyTheWholeUrl) {
  LoopbackServer proxy(lab_.lab.context, receiver(got_));
  const Receipt receipt =
      deliver(to("http://hooks.example:8080/hook?a=b", {{"proxy", text("http://" + proxy.target())},
                                                        {"proxy_user", text("p")},
                                                        {"proxy_password", text("q")}}))
          .at(0);
  EXPECT_EQ(receipt.how, How::delivered) << receipt.why;
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].line(), "POST http://hooks.example:8080/hook?a=b HTTP/1.1");
  EXPECT_EQ(got_[0].header("Host"), "hooks.example:8080");
  EXPECT_EQ(got_[0].header("Proxy-Authorization"), "Basic cDpx");
}

TEST_F(WebhookTest, GoesThroughASocksProxy) {
  SocksHeard heard;
  LoopbackServer proxy(lab_.lab.context, socks({}, heard, receiver(got_)));
  const Receipt receipt =
      deliver(to("http://hooks.example/hook", {{"proxy", text("socks5://" + proxy.target())}}))
          .at(0);
  EXPECT_EQ(receipt.how, How::delivered) << receipt.why;
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].line(), "POST /hook HTTP/1.1");
}

TEST_F(WebhookTest, NamesTheProxyThatIsOutOfReach) {
  const ClosedPort port(lab_.lab.context);
  const std::string proxy = port.endpoint().to_string();
  const Receipt receipt =
      deliver(to("http://hooks.example/hook", {{"proxy", text("http://" + proxy)}})).at(0);
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_THAT(receipt.why, HasSubstr("the proxy " + proxy));
}

}  // namespace
}  // namespace reachd::test
