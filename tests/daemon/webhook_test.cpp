#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alert/signature.hpp"
#include "tests/daemon/webhook_fixture.hpp"
#include "tests/support/ports.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using alert::Receipt;
using How = alert::Receipt::How;
using ::testing::HasSubstr;
using ::testing::Not;

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
