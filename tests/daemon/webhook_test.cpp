#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "daemon/alert/signature.hpp"
#include "tests/daemon/http_sink_fixture.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/socks_server.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using alert::Receipt;
using How = alert::Receipt::How;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kJson = R"({"id":"01J0000000000000000000000A"})";

event::Event down_event() {
  event::Event event;
  event.id = "01J0000000000000000000000A";
  event.kind = event::Kind::check_down;
  event.message = "the port is closed";
  event.check.emplace().id = "custom/erp";
  return event;
}

class WebhookTest : public ::testing::Test {
 protected:
  Value to(std::string url, std::initializer_list<std::pair<std::string, Value>> more = {}) {
    Value values = params(more);
    values.members.push_back({"url", {}, text(std::move(url))});
    return values;
  }

  /// Delivers so many events at once.
  std::vector<Receipt> deliver(const Value& values, std::size_t count = 1) {
    const auto made = SinkLab::make(alert::webhook_sink(), values);
    return deliver(*made.events, count);
  }
  std::vector<Receipt> deliver(alert::Sink& sink, std::size_t count = 1) {
    const event::Event event = down_event();
    const std::vector<alert::Delivery> events(count, alert::Delivery{event, kJson});
    const auto attempt = [&]() -> asio::awaitable<std::vector<Receipt>> {
      net::Deadline deadline(lab_.lab.deadlines, system_clock().steady_now() + lab_.timeout);
      during_ = &deadline;
      auto receipts = co_await sink.deliver(lab_.run_with(deadline), events);
      co_return receipts;
    };
    return run(lab_.lab.context, attempt());
  }

  /// Delivers one event to a server that answers with these bytes.
  Receipt answered(std::string bytes,
                   std::initializer_list<std::pair<std::string, Value>> more = {},
                   const std::string& path = "/hook") {
    LoopbackServer server(lab_.lab.context,
                          receiver(got_, [&bytes](const Request&) { return bytes; }));
    return deliver(to("http://" + server.target() + path, more)).at(0);
  }

  SinkLab lab_;
  std::vector<Request> got_;
  net::Deadline* during_ = nullptr;
};

TEST_F(WebhookTest, SendsTheEventWithItsKeyAndKind) {
  const Receipt receipt = answered(response("204 No Content"));
  EXPECT_EQ(receipt.how, How::delivered);
  EXPECT_EQ(receipt.why, "");
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].line(), "POST /hook HTTP/1.1");
  EXPECT_EQ(got_[0].body, kJson);
  EXPECT_EQ(got_[0].header("Content-Type"), "application/json");
  EXPECT_EQ(got_[0].header("X-Reachd-Event"), "check.down");
  EXPECT_EQ(got_[0].header("X-Reachd-Delivery"), "01J0000000000000000000000A");
  EXPECT_EQ(got_[0].header("Idempotency-Key"), "01J0000000000000000000000A");
  EXPECT_EQ(got_[0].header("X-Reachd-Timestamp"), "1795348800");
  EXPECT_EQ(got_[0].header("X-Reachd-Signature"), "(none)");
}

// What Python's hmac module says, as in the snippet of config/README.md.
TEST_F(WebhookTest, SignsTimestampAndBody) {
  answered(response("200 OK"), {{"secret", text("s3cret")}});
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].header("X-Reachd-Signature"),
            "sha256=47364a2169794e476ac275c0065dcf806a944f03fa334a60f185dc7dc3f14897");
}

// RFC 4231, 4.3 and 4.7.
TEST(Signature, IsHmacSha256) {
  EXPECT_EQ(alert::hmac_sha256(Secret("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(alert::hmac_sha256(Secret(std::string(131, '\xaa')),
                               "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_F(WebhookTest, PutsWithConfiguredHeadersAndCredentials) {
  answered(response("200 OK"), {{"method", text("PUT")},
                                {"headers", params({{"X-Team", text("noc")}})},
                                {"user", text("reachd")},
                                {"password", text("hunter2hunter2")}});
  answered(response("200 OK"), {{"bearer", text("token-of-reachd")}});
  ASSERT_EQ(got_.size(), 2U);
  EXPECT_EQ(got_[0].line(), "PUT /hook HTTP/1.1");
  EXPECT_EQ(got_[0].header("X-Team"), "noc");
  EXPECT_EQ(got_[0].header("Authorization"), "Basic cmVhY2hkOmh1bnRlcjJodW50ZXIy");
  EXPECT_EQ(got_[1].header("Authorization"), "Bearer token-of-reachd");
}

TEST_F(WebhookTest, TheStatusDecidesWhatBecomesOfTheEvent) {
  const auto how = [&](const char* status) { return answered(response(status)).how; };
  for (const char* status : {"200 OK", "201 Created", "202 Accepted", "204 No Content"}) {
    EXPECT_EQ(how(status), How::delivered) << status;
  }
  for (const char* status : {"400 Bad Request", "413 Content Too Large", "422 Unprocessable"}) {
    EXPECT_EQ(how(status), How::refused) << status;
  }
  for (const char* status :
       {"302 Found", "401 Unauthorized", "403 Forbidden", "404 Not Found", "407 Proxy", "408 Slow",
        "409 Conflict", "425 Early", "429 Many", "500 Broken", "502 Bad", "503 Busy", "504 Slow"}) {
    EXPECT_EQ(how(status), How::retry) << status;
  }
  EXPECT_EQ(answered(response("500 Internal Server Error", "", "out of\nmemory")).why,
            "HTTP 500 Internal Server Error: out of memory");
}

TEST_F(WebhookTest, WaitsAsLongAsTheReceiverWants) {
  const auto wish = [&](const char* status, const char* headers) {
    return answered(response(status, headers)).retry_after;
  };
  EXPECT_EQ(wish("429 Many", "Retry-After: 120\r\n"), 120s);
  EXPECT_EQ(wish("503 Busy", "Retry-After: 0\r\n"), 0s);
  EXPECT_EQ(wish("429 Many", "Retry-After: 86400\r\n"), 1h);
  EXPECT_EQ(wish("429 Many", "Retry-After: 99999999999999999999\r\n"), std::nullopt);
  EXPECT_EQ(wish("429 Many", "Retry-After: soon\r\n"), std::nullopt);
  EXPECT_EQ(wish("429 Many", "Retry-After: -5\r\n"), std::nullopt);
  EXPECT_EQ(wish("500 Broken", "Retry-After: 120\r\n"), std::nullopt);
  // Ours says 12:00:00 on that Sunday.
  EXPECT_EQ(wish("429 Many", "Retry-After: Sun, 22 Nov 2026 12:01:30 GMT\r\n"), 90s);
  EXPECT_EQ(wish("429 Many", "Retry-After: Sun, 22 Nov 2026 11:00:00 GMT\r\n"), 0s);
  // A date means what it says by the clock that made it.
  const auto by_its_clock = wish("503 Busy",
                                 "Date: Sun, 22 Nov 2026 13:00:00 GMT\r\n"
                                 "Retry-After: Sun, 22 Nov 2026 13:00:20 GMT\r\n");
  ASSERT_TRUE(by_its_clock);
  EXPECT_NEAR(std::chrono::duration<double>(*by_its_clock).count(), 20, 2);
}

TEST_F(WebhookTest, FollowsNoRedirect) {
  const Receipt receipt = answered(
      response("301 Moved Permanently", "Location: https://other.example/token-0123456789\r\n"));
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_EQ(receipt.why,
            "HTTP 301 Moved Permanently; redirects are not followed, this one leads to "
            "https://other.example");
  EXPECT_EQ(got_.size(), 1U);
}

TEST_F(WebhookTest, TriesAgainWhereNothingListens) {
  const ClosedPort port(lab_.lab.context);
  const Receipt receipt = deliver(to("http://" + port.endpoint().to_string() + "/hook")).at(0);
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_THAT(receipt.why, HasSubstr(port.endpoint().to_string()));
}

TEST_F(WebhookTest, TriesAgainWhereTheNameIsUnknown) {
  const Receipt receipt = deliver(to("http://hooks.example/hook")).at(0);
  EXPECT_EQ(receipt.how, How::retry);
  EXPECT_EQ(receipt.why, "hooks.example does not exist");
}

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

TEST_F(WebhookTest, TriesAgainAfterBrokenAnswers) {
  const auto why = [&](Script script) {
    LoopbackServer server(lab_.lab.context, std::move(script));
    const Receipt receipt = deliver(to("http://" + server.target() + "/")).at(0);
    EXPECT_EQ(receipt.how, How::retry);
    return receipt.why;
  };
  EXPECT_THAT(why(reply("HTTP/1.1 200 OK\r\nContent-Le")), HasSubstr("in the middle of the head"));
  EXPECT_THAT(why(hang_up()), Not(""));
  EXPECT_THAT(why(reset_after_request()), Not(""));
  EXPECT_THAT(why(reply("SSH-2.0-x\r\n")), HasSubstr("not HTTP"));
}

// The status is the receiver's word; the body only explains it.
TEST_F(WebhookTest, ABodyThatBreaksOffIsNoMatterAfterAGoodStatus) {
  LoopbackServer cut(lab_.lab.context, reply("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab"));
  EXPECT_EQ(deliver(to("http://" + cut.target() + "/")).at(0).how, How::delivered);
  LoopbackServer endless(lab_.lab.context, flood("HTTP/1.1 200 OK\r\n\r\n", "more and more "));
  EXPECT_EQ(deliver(to("http://" + endless.target() + "/")).at(0).how, How::delivered);
}

TEST_F(WebhookTest, TheDeadlineEndsTheWait) {
  lab_.timeout = 150ms;
  LoopbackServer silent(lab_.lab.context, mute());
  const auto begin = std::chrono::steady_clock::now();
  const auto receipts = deliver(to("http://" + silent.target() + "/"), 3);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  ASSERT_EQ(receipts.size(), 3U);
  for (const Receipt& receipt : receipts) {
    EXPECT_EQ(receipt.how, How::retry);
    EXPECT_THAT(receipt.why, Not(""));
  }
}

TEST_F(WebhookTest, StoppingEndsTheWait) {
  const Script stop = [this](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    during_->stop();
    co_await peer.wait_until_closed();
  };
  LoopbackServer server(lab_.lab.context, stop);
  EXPECT_EQ(deliver(to("http://" + server.target() + "/")).at(0).how, How::retry);
}

// Nobody answers before all have asked, so it hangs unless they are sent side by side.
TEST_F(WebhookTest, SendsSideBySideAndAnswersEachByItself) {
  asio::steady_timer all_here(lab_.lab.context, TimePoint::max());
  int here = 0;
  const Script together = [&](Peer& peer) -> asio::awaitable<void> {
    const Request request = co_await receive(peer);
    const int mine = ++here;
    if (here == 4) {
      all_here.cancel();
    }
    while (here < 4) {
      co_await all_here.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    const std::string answer = response(mine == 2 ? "500 Broken" : "200 OK");
    co_await peer.send(answer);
  };
  LoopbackServer server(lab_.lab.context, together);
  const auto receipts = deliver(to("http://" + server.target() + "/"), 4);
  ASSERT_EQ(receipts.size(), 4U);
  EXPECT_EQ(std::ranges::count(receipts, How::delivered, &Receipt::how), 3);
  EXPECT_EQ(std::ranges::count(receipts, How::retry, &Receipt::how), 1);
}

TEST_F(WebhookTest, SaysHowItWantsItsEvents) {
  const auto made = SinkLab::make(
      alert::webhook_sink(),
      to("https://hooks.example/", {{"parallel", text("7")}, {"timeout", text("30s")}}));
  EXPECT_EQ(made.events->most_at_once(), 7U);
  EXPECT_TRUE(made.events->one_per_check());
  EXPECT_EQ(made.events->timeout(), 30s);
  EXPECT_TRUE(alert::webhook_sink().calls_people);
}

TEST_F(WebhookTest, ShowsNoSecretOfTheRequest) {
  const Value headers = params({{"X-Key", text("key-in-a-header")}});
  const auto echo = [](const Request& request) {
    return response("500 " + request.line().substr(0, 40), "", request.head);
  };
  LoopbackServer server(lab_.lab.context, receiver(got_, echo));
  const std::string base = "http://" + server.target();
  const auto why = [&](const std::string& path,
                       std::initializer_list<std::pair<std::string, Value>> more) {
    const Receipt receipt = deliver(to(base + path, more)).at(0);
    EXPECT_EQ(receipt.how, How::retry);
    return receipt.why;
  };
  constexpr std::string_view kHidden = "HTTP 500 (its text is left out: it repeats what is secret)";
  EXPECT_EQ(why("/services/T0001/abcdefgh12345678", {}), kHidden);
  EXPECT_EQ(why("/?token=abcdefgh12345678", {}), kHidden);
  EXPECT_EQ(why("/", {{"bearer", text("token-of-reachd")}}), kHidden);
  EXPECT_EQ(why("/", {{"headers", headers}}), kHidden);
  EXPECT_THAT(why("/short", {}), HasSubstr("POST /short"));
  const auto password = answered(response("401 Unauthorized", "", "hunter2hunter2 is wrong"),
                                 {{"user", text("u")}, {"password", text("hunter2hunter2")}});
  EXPECT_EQ(password.why, "HTTP 401 (its text is left out: it repeats what is secret)");
}

// ---- TLS and proxies ----

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

// ---- Configuration and templates ----

TEST_F(WebhookTest, FillsATemplate) {
  const TempFile file(R"({"text": "{{message}} [{{ check.id }}]"})");
  answered(response("200 OK"), {{"template_file", text(file.path())}});
  answered(response("200 OK"), {{"template", text("m={{message}}")},
                                {"content_type", text("application/x-www-form-urlencoded")}});
  ASSERT_EQ(got_.size(), 2U);
  EXPECT_EQ(got_[0].body, R"({"text": "the port is closed [custom/erp]"})");
  EXPECT_EQ(got_[1].body, "m=the%20port%20is%20closed");
  EXPECT_EQ(got_[1].header("Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(WebhookTest, ReportsWrongSettings) {
  const auto problem = [](const Value& values) {
    return SinkLab::problems(alert::webhook_sink(), values);
  };
  const auto good = [&](std::initializer_list<std::pair<std::string, Value>> more) {
    return to("https://hooks.example/x", more);
  };
  EXPECT_EQ(problem(good({})), "");
  EXPECT_THAT(problem(params({})), HasSubstr("url is missing"));
  for (const char* url : {"hooks.example", "ftp://hooks.example/", "https://u:p4ss@hooks.example/",
                          "https://hooks.example/t0ken#x"}) {
    EXPECT_THAT(problem(to(url)), HasSubstr("url takes a URL")) << url;
    EXPECT_THAT(problem(to(url)), Not(HasSubstr("p4ss"))) << url;
    EXPECT_THAT(problem(to(url)), Not(HasSubstr("t0ken"))) << url;
  }
  EXPECT_THAT(problem(to("http://hooks.example/", {{"tls", params({})}})),
              HasSubstr("tls has no effect"));
  EXPECT_THAT(problem(good({{"secret", text("")}})), HasSubstr("secret is empty"));
  EXPECT_THAT(problem(good({{"method", text("GET")}})), HasSubstr("POST, PUT"));
  EXPECT_THAT(problem(good({{"parallel", text("0")}})), HasSubstr("1 to 32"));
  EXPECT_THAT(problem(good({{"timeout", text("1ms")}})), HasSubstr("timeout is from"));
  EXPECT_THAT(problem(good({{"user", text("u")}, {"bearer", text("b")}})),
              HasSubstr("exclude each other"));
  EXPECT_THAT(problem(good({{"password", text("b")}})), HasSubstr("no effect without user"));
  EXPECT_THAT(problem(good({{"headers", params({{"x-reachd-event", text("b")}})}})),
              HasSubstr("the sink's own"));
  EXPECT_THAT(problem(good({{"headers", params({{"Content-Type", text("b")}})}})),
              HasSubstr("the sink's own"));
  EXPECT_THAT(problem(good({{"content_type", text("application/xml")}})),
              HasSubstr("content_type is application/json"));
  EXPECT_THAT(problem(good({{"content_type", text("text/plain")}})),
              HasSubstr("without a template the body is JSON"));
  EXPECT_THAT(problem(good({{"template", text("{{mesage}}")}})),
              HasSubstr("did you mean message?"));
  EXPECT_THAT(problem(good({{"template", text(R"({"a": {{message}}})")}})),
              HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(good({{"templat", text("x")}})), HasSubstr("did you mean template?"));
}

}  // namespace
}  // namespace reachd::test
