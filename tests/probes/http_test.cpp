#include "probes/http.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "tests/support/compress.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::compress;
using test::Frame;
using test::list;
using test::LoopbackServer;
using test::params;
using test::text;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A server that answers each request by its path and keeps what it was asked.
class HttpProbe : public testing::Test {
 protected:
  test::NetLab lab;
  std::map<std::string, std::string> answers;  // by path
  std::vector<std::string> requests;
  LoopbackServer server{lab.context, serve()};

  test::Script serve() {
    return [this](test::Peer& peer) -> test::asio::awaitable<void> {
      const std::string request = co_await peer.read_until("\r\n\r\n");
      requests.push_back(request);
      const std::size_t start = request.find(' ') + 1;
      const std::string path = request.substr(start, request.find(' ', start) - start);
      const auto found = answers.find(path);
      const std::string answer =
          found == answers.end() ? "HTTP/1.1 404 Not Found\r\n\r\n" : found->second;
      co_await peer.send(answer);
    };
  }

  std::string url(const std::string& path = "/") const {
    return "http://" + server.target() + path;
  }
  static std::string page(const std::string& head, const std::string& body) {
    return "HTTP/1.1 200 OK\r\n" + head + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  Outcome ask(const Value& values = {}, Duration timeout = 4s) {
    return lab.probe(http_probe_type(), url(), values, timeout);
  }
  Outcome ask_script(test::Script script, const Value& values = {}, Duration timeout = 4s) {
    LoopbackServer other(lab.context, std::move(script));
    return lab.probe(http_probe_type(), "http://" + other.target() + "/", values, timeout);
  }
  static const HttpFacts& facts(const Outcome& outcome) {
    static const HttpFacts kNone;
    return outcome.facts ? std::get<HttpFacts>(*outcome.facts) : kNone;
  }
};

TEST_F(HttpProbe, APageIsUpWithItsFacts) {
  answers["/"] = page("", "hello");
  const Outcome outcome = ask();
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "HTTP 200 OK");
  EXPECT_EQ(facts(outcome).status, 200);
  EXPECT_EQ(facts(outcome).version, "HTTP/1.1");
  EXPECT_EQ(facts(outcome).body_bytes, 5U);
  EXPECT_EQ(facts(outcome).final_url, url());
  EXPECT_TRUE(outcome.timings[Phase::request]);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0], StartsWith("GET / HTTP/1.1\r\nHost: " + server.target() + "\r\n"));
  EXPECT_THAT(requests[0],
              testing::ContainsRegex("User-Agent: reachd/\\S+ .reachability check.\r\n"));
}

TEST_F(HttpProbe, EveryStatusBelow500IsUpAnd5xxIsDegraded) {
  for (const char* status : {"204 No Content", "401 Unauthorized", "403 Forbidden", "404 Not Found",
                             "405 Method Not Allowed"}) {
    answers["/"] = std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 0\r\n\r\n";
    const Outcome outcome = ask();
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_FALSE(outcome.degraded);
  }
  answers["/"] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  const Outcome outcome = ask();
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(outcome.message, "HTTP 503 Service Unavailable");
}

TEST_F(HttpProbe, ExpectedStatusesAreRangesAndNumbers) {
  const Value values = params({{"expect_status", list({text("200-299"), text("401")})}});
  answers["/"] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(ask(values).reason, Reason::ok);
  answers["/"] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
  const Outcome outcome = ask(values);
  EXPECT_EQ(outcome.reason, Reason::http_status);
  EXPECT_EQ(outcome.phase, Phase::request);
  EXPECT_THAT(outcome.message, HasSubstr("HTTP 403 Forbidden"));
  EXPECT_EQ(facts(outcome).status, 403);
}

TEST_F(HttpProbe, BodyAndHeadersAreMatched) {
  answers["/"] = page("X-State: active\r\n", "all systems green");
  const auto reason = [&](std::initializer_list<std::pair<std::string, Value>> members) {
    return ask(params(members)).reason;
  };
  const auto rule = [](const char* pattern) {
    return list({params({{"name", text("x-state")}, {"pattern", text(pattern)}})});
  };
  EXPECT_EQ(reason({{"expect_body", text("systems (green|blue)")}}), Reason::ok);
  EXPECT_EQ(reason({{"expect_body", list({text("all"), text("red")})}}), Reason::content_mismatch);
  EXPECT_EQ(reason({{"reject_body", text("error")}}), Reason::ok);
  EXPECT_EQ(reason({{"reject_body", text("gre+n$")}}), Reason::content_mismatch);
  EXPECT_EQ(reason({{"expect_header", rule("^active$")}}), Reason::ok);
  EXPECT_EQ(reason({{"expect_header", rule("passive")}}), Reason::content_mismatch);
  EXPECT_EQ(reason({{"reject_header", rule("active")}}), Reason::content_mismatch);
}

TEST_F(HttpProbe, SendsMethodHeadersAndBody) {
  answers["/"] = page("", "");
  const Outcome outcome =
      ask(params({{"method", text("POST")},
                  {"headers", params({{"Host", text("virtual.example")}, {"X-Key", text("v")}})},
                  {"compression", text("gzip")},
                  {"body", text("x=1")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(requests.at(0),
              StartsWith("POST / HTTP/1.1\r\nHost: virtual.example\r\nX-Key: v\r\n"));
  EXPECT_THAT(requests.at(0), HasSubstr("Accept-Encoding: gzip\r\n"));
  EXPECT_THAT(requests.at(0), HasSubstr("Content-Length: 3\r\n"));
}

TEST_F(HttpProbe, HeadHasNoBodyWhateverItsLengthSays) {
  answers["/"] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  const Outcome outcome = ask(params({{"method", text("HEAD")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST_F(HttpProbe, CredentialsAreSentAndNeverShown) {
  answers["/"] = page("", "");
  const Outcome basic = ask(
      params({{"basic", params({{"user", text("Aladdin")}, {"password", text("open sesame")}})}}));
  EXPECT_EQ(basic.reason, Reason::ok);
  EXPECT_THAT(requests.at(0), HasSubstr("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
  const test::TempFile token("t0ken\nsecond line\n");
  ask(params({{"bearer_file", text(token.path())}}));
  EXPECT_THAT(requests.at(1), HasSubstr("Authorization: Bearer t0ken\r\n"));
  const std::string said =
      lab.problems(http_probe_type(), url(),
                   params({{"bearer", text("s3cret")}, {"basic", params({{"user", text("u")}})}}));
  EXPECT_THAT(said, HasSubstr("exclude each other"));
  EXPECT_THAT(said, Not(HasSubstr("s3cret")));
}

TEST_F(HttpProbe, RedirectsAreFollowedAndCounted) {
  answers["/"] = "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n";
  answers["/next"] = "HTTP/1.1 308 Permanent Redirect\r\nLocation: last?token=x\r\n\r\n";
  answers["/last?token=x"] = page("", "there");
  const Outcome outcome = ask(params({{"expect_body", text("there")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(facts(outcome).redirects, 2);
  EXPECT_EQ(facts(outcome).final_url, url("/last"));
  const Outcome stays = ask(params({{"follow_redirects", text("false")}}));
  EXPECT_EQ(facts(stays).status, 302);
}

TEST_F(HttpProbe, ALoopOfRedirectsEnds) {
  answers["/"] = "HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
  const Outcome outcome = ask(params({{"max_redirects", text("3")}}));
  EXPECT_EQ(outcome.reason, Reason::http_status);
  EXPECT_THAT(outcome.message, HasSubstr("more than 3 redirects"));
  EXPECT_EQ(requests.size(), 4U);
}

TEST_F(HttpProbe, AnotherHostIsResolvedAndGetsNoCredentials) {
  std::string asked;
  const test::Script note = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  LoopbackServer other(lab.context, note);
  lab.resolver.names["other.example"] = {*IpAddress::parse("127.0.0.1")};
  answers["/"] = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other.example:" +
                 std::to_string(other.port()) + "/in\r\nContent-Length: 0\r\n\r\n";
  const Outcome outcome = ask(
      params({{"bearer", text("t0ken")},
              {"headers", params({{"X-Api-Key", text("k3y")}, {"Accept", text("text/html")}})}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(requests.at(0), HasSubstr("Bearer t0ken"));
  EXPECT_THAT(asked, StartsWith("GET /in HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("Accept: text/html\r\n"));
  EXPECT_THAT(asked, Not(HasSubstr("t0ken")));
  EXPECT_THAT(asked, Not(HasSubstr("k3y")));
  EXPECT_THAT(lab.resolver.asked, testing::ElementsAre("other.example"));
  EXPECT_TRUE(outcome.timings[Phase::resolve]);
}

TEST_F(HttpProbe, ARedirectToANameThatDoesNotExistSaysSo) {
  answers["/"] =
      "HTTP/1.1 302 Found\r\nLocation: http://gone.example/\r\nContent-Length: 0\r\n\r\n";
  const Outcome outcome = ask();
  EXPECT_EQ(outcome.reason, Reason::dns_nxdomain);
  EXPECT_EQ(outcome.phase, Phase::resolve);
  EXPECT_EQ(facts(outcome).status, 302);
}

TEST_F(HttpProbe, CompressedBodiesAreReadWithinTheLimit) {
  answers["/"] = page("Content-Encoding: gzip\r\n", compress("zipped text", Frame::gzip));
  const Outcome outcome = ask(params({{"expect_body", text("zipped")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(facts(outcome).body_bytes, 11U);
  answers["/"] = page("Content-Encoding: deflate\r\n", "garbage!");
  EXPECT_EQ(ask(params({{"expect_body", text("zipped")}})).reason, Reason::content_mismatch);
}

TEST_F(HttpProbe, AGzipBombIsCutAndSaid) {
  answers["/"] =
      page("Content-Encoding: gzip\r\n", compress(std::string(100'000'000, 'x'), Frame::gzip));
  const Outcome outcome = ask(params({{"expect_body", text("needle")}}));
  EXPECT_EQ(outcome.reason, Reason::content_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("first 1048576 bytes"));
  EXPECT_EQ(facts(outcome).body_bytes, 1'048'576U);
}

TEST_F(HttpProbe, ALongBodyIsJudgedOnItsFirstBytes) {
  const test::Script endless = test::flood(
      "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nstart", std::string(65'536, 'x'));
  const Outcome outcome =
      ask_script(endless, params({{"expect_body", text("^start")}, {"max_body", text("5000")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("first 5000 bytes"));
  EXPECT_EQ(facts(outcome).body_bytes, 5000U);
}

TEST_F(HttpProbe, WithoutABodyLimitTheHeadIsEnough) {
  const test::Script slow = test::drip("HTTP/1.1 200 OK\r\n\r\n", "x", 10ms);
  EXPECT_EQ(ask_script(slow, params({{"max_body", text("0")}})).reason, Reason::ok);
}

TEST_F(HttpProbe, AnEndlessHeadIsAMismatchWithinItsLimit) {
  const test::Script endless =
      test::flood("HTTP/1.1 200 OK\r\n", "X-A: " + std::string(8000, 'a') + "\r\n");
  const Outcome outcome = ask_script(endless);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("larger than 64 KiB"));
  const test::Script one_line = test::flood("HTTP/1.1 200 OK\r\nX-A: ", std::string(65'536, 'a'));
  EXPECT_EQ(ask_script(one_line).reason, Reason::protocol_mismatch);
}

TEST_F(HttpProbe, AnEndlessChunkLineIsAMismatch) {
  const test::Script endless = test::flood(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=", std::string(65'536, 'a'));
  const Outcome outcome = ask_script(endless);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
}

TEST_F(HttpProbe, DrippingStallsAtTheDeadline) {
  const Outcome head =
      ask_script(test::drip("HTTP/1.1 200 OK\r\n", "X-Slow: 1\r\n", 10ms), {}, 300ms);
  EXPECT_EQ(head.reason, Reason::stalled);
  EXPECT_EQ(head.phase, Phase::request);
  const Outcome body = ask_script(
      test::drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x", 10ms), {}, 300ms);
  EXPECT_EQ(body.reason, Reason::stalled);
  EXPECT_EQ(facts(body).status, 200);
  EXPECT_EQ(ask_script(test::mute(), {}, 200ms).reason, Reason::stalled);
}

TEST_F(HttpProbe, ClosingEarlyIsSaidWithWhereItHappened) {
  const Outcome before = ask_script(test::reply(""));
  EXPECT_EQ(before.reason, Reason::closed_early);
  EXPECT_THAT(before.message, HasSubstr("without an answer"));
  const Outcome head = ask_script(test::reply("HTTP/1.1 200 OK\r\nX-A"));
  EXPECT_EQ(head.reason, Reason::closed_early);
  const Outcome body = ask_script(test::reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  EXPECT_EQ(body.reason, Reason::closed_early);
  EXPECT_THAT(body.message, HasSubstr("HTTP 200 OK"));
  EXPECT_EQ(ask_script(test::reset_after_request()).reason, Reason::reset);
}

TEST_F(HttpProbe, SomethingElseIsAMismatchAndItsFirstBytesAreShown) {
  const Outcome ssh = ask_script(test::banner("SSH-2.0-OpenSSH_9.2p1\r\n"));
  EXPECT_EQ(ssh.reason, Reason::protocol_mismatch);
  EXPECT_THAT(ssh.message, HasSubstr("SSH-2.0-OpenSSH_9.2p1\\r\\n"));
  EXPECT_EQ(ask_script(test::flood("220 hi\r\n", "220 hi\r\n")).reason, Reason::protocol_mismatch);
  EXPECT_EQ(ask_script(test::reply("HTTP/1.1 xyz\r\n\r\n")).reason, Reason::protocol_mismatch);
  EXPECT_EQ(ask_script(test::reply(std::string("\x15\x03\x01\x00\x02\x02\x46", 7))).reason,
            Reason::protocol_mismatch);
}

TEST_F(HttpProbe, InterimResponsesAreSkipped) {
  answers["/"] =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + page("", "done");
  const Outcome outcome = ask(params({{"expect_body", text("done")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST_F(HttpProbe, ChunkedAndUnframedBodiesAreRead) {
  answers["/"] =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  EXPECT_EQ(ask(params({{"expect_body", text("hello world")}})).reason, Reason::ok);
  answers["/"] = "HTTP/1.0 200 OK\r\n\r\nuntil the end";
  EXPECT_EQ(ask(params({{"expect_body", text("the end$")}})).reason, Reason::ok);
}

TEST_F(HttpProbe, TheDateHeaderTellsTheClocksOffset) {
  answers["/"] = page("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "");
  const auto offset = facts(ask()).clock_offset;
  ASSERT_TRUE(offset);
  EXPECT_LT(*offset, -Duration(20 * 365 * 24h));
  answers["/"] = page("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 12\r\n", "");
  EXPECT_FALSE(facts(ask()).clock_offset);
}

/// The same over TLS.
class HttpsProbe : public HttpProbe {
 protected:
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};
  Value trusting = params({{"tls", params({{"ca_file", text(ca_file.path())}})}});

  Outcome ask_tls(const test::ServerTls& tls, const Value& values, test::Script script) {
    LoopbackServer secure(lab.context, std::move(script), tls);
    return lab.probe(http_probe_type(), "https://" + secure.target() + "/", values);
  }
};

TEST_F(HttpsProbe, APageAndItsCertificateAreSeen) {
  const Outcome outcome = ask_tls({ca.issue()}, trusting, test::reply(page("", "secure")));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->chain.size(), 1U);
  EXPECT_EQ(facts(outcome).body_bytes, 6U);
}

TEST_F(HttpsProbe, ABadCertificateFailsUnlessItIsOnlyObserved) {
  const test::ServerTls bad{test::self_signed()};
  const Outcome strict = ask_tls(bad, trusting, test::reply(page("", "")));
  EXPECT_EQ(strict.reason, Reason::tls_untrusted);
  EXPECT_EQ(strict.phase, Phase::tls);
  ASSERT_TRUE(strict.tls);
  const Value observe = params({{"tls", params({{"verify", text("observe")}})}});
  const Outcome observed = ask_tls(bad, observe, test::reply(page("", "")));
  EXPECT_EQ(observed.reason, Reason::ok) << observed.message;
  EXPECT_EQ(observed.tls->judgement, Reason::tls_untrusted);
}

TEST_F(HttpsProbe, ADemandForAClientCertificateIsUp) {
  test::ServerTls demanding{ca.issue()};
  demanding.client_ca = ca.certificate();
  demanding.client_certificate = test::ServerTls::ClientCertificate::required;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    demanding.most_version = version;
    const Outcome outcome = ask_tls(demanding, trusting, test::reply(page("", "")));
    EXPECT_EQ(outcome.reason, Reason::ok) << version << ": " << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr("client certificate"));
    Value expecting = trusting;
    expecting.members.push_back({"expect_status", {}, text("200")});
    EXPECT_EQ(ask_tls(demanding, expecting, test::reply(page("", ""))).reason, Reason::http_status);
  }
}

TEST_F(HttpsProbe, PlainHttpToATlsPortIsAMismatch) {
  LoopbackServer secure(lab.context, test::mute(), test::ServerTls{ca.issue()});
  const Outcome outcome = lab.probe(http_probe_type(), "http://" + secure.target() + "/", {});
  // OpenSSL answers with an alert or hangs up; both prove no HTTP server.
  EXPECT_THAT(outcome.reason, testing::AnyOf(Reason::protocol_mismatch, Reason::closed_early));
}

/// Plain http in absolute-form through a proxy.
class HttpProxy : public HttpProbe {
 protected:
  Outcome through(const std::string& target,
                  std::initializer_list<std::pair<std::string, Value>> more = {}) {
    Value values = params({{"proxy", text("http://" + server.target())}});
    for (const auto& [key, value] : more) {
      values.members.push_back({key, {}, value});
    }
    return lab.probe(http_probe_type(), target, values);
  }
};

TEST_F(HttpProxy, PlainHttpIsAskedForInAbsoluteForm) {
  answers["http://inside.example/x?y=1"] = page("", "");
  const Outcome outcome = through("http://inside.example/x?y=1",
                                  {{"proxy_user", text("u")}, {"proxy_password", text("p")}});
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(requests.at(0),
              StartsWith("GET http://inside.example/x?y=1 HTTP/1.1\r\nHost: inside.example\r\n"));
  EXPECT_THAT(requests.at(0), HasSubstr("Proxy-Authorization: Basic dTpw\r\n"));
  EXPECT_TRUE(lab.resolver.asked.empty());
  EXPECT_TRUE(outcome.timings[Phase::proxy]);
  EXPECT_FALSE(outcome.timings[Phase::connect]);
}

TEST_F(HttpProxy, WhatTheProxyAnswersItselfIsToldApart) {
  const auto reason = [&](const std::string& head) {
    answers["http://inside.example/"] = "HTTP/1.1 " + head + "\r\nContent-Length: 0\r\n\r\n";
    return through("http://inside.example/").reason;
  };
  EXPECT_EQ(reason("407 Proxy Authentication Required"), Reason::proxy_auth);
  EXPECT_EQ(reason("403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0"), Reason::proxy_denied);
  EXPECT_EQ(reason("503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111"),
            Reason::proxy_error);
  EXPECT_EQ(reason("502 Bad Gateway"), Reason::proxy_error);
  EXPECT_EQ(reason("403 Forbidden"), Reason::ok);
}

TEST_F(HttpProxy, NoProxyIsAskedForEachHop) {
  lab.resolver.names["direct.example"] = {*IpAddress::parse("127.0.0.1")};
  answers["http://inside.example/"] =
      "HTTP/1.1 302 Found\r\nLocation: http://direct.example:" + std::to_string(server.port()) +
      "/d\r\nContent-Length: 0\r\n\r\n";
  answers["/d"] = page("", "");
  const Outcome outcome =
      through("http://inside.example/", {{"no_proxy", list({text("direct.example")})}});
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(facts(outcome).status, 200);
  EXPECT_THAT(lab.resolver.asked, testing::ElementsAre("direct.example"));
}

TEST_F(HttpProbe, BadParametersAreAllSaid) {
  const Value values =
      params({{"method", text("GE T")},
              {"headers", params({{"Content-Length", text("5")}, {"X-A", text("a\r\nB: c")}})},
              {"expect_status", list({text("99"), text("300-200")})},
              {"expect_body", text("(")},
              {"expect_header", list({params({{"pattern", text("x")}})})},
              {"body_file", text("/nowhere/body")},
              {"compression", text("br")},
              {"max_body", text("1e9")},
              {"expect_bdy", text("x")}});
  const std::string said = lab.problems(http_probe_type(), url(), values);
  for (const char* part :
       {"method is an HTTP method", "\"Content-Length\" is no header", "line break", "\"99\"",
        "\"300-200\"", "expect_body: the pattern", "name is missing", "body_file: can't read",
        "compression is one of", "max_body is a whole number", "unknown key \"expect_bdy\""}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
  EXPECT_THAT(lab.problems(http_probe_type(), "ftp://host.example/", {}),
              HasSubstr("http or https"));
}

}  // namespace
}  // namespace reachd
