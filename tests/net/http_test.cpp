#include "probes/net/http.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cstring>

#include "probes/net/http_head.hpp"
#include "probes/net/http_text.hpp"
#include "probes/net/tcp.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

std::string led_to(const std::string& base, const std::string& location) {
  const auto target = resolve_location(*parse_target(base), location);
  return target ? url_text(*target, true) : "error";
}

TEST(Location, IsResolvedAsTheRfcSays) {
  const std::string base = "http://host.example:8080/a/b?q=1";
  EXPECT_EQ(led_to(base, "https://other.example/x"), "https://other.example/x");
  EXPECT_EQ(led_to(base, "//other.example:81/x"), "http://other.example:81/x");
  EXPECT_EQ(led_to(base, "/login?next=/a#top"), "http://host.example:8080/login?next=/a");
  EXPECT_EQ(led_to(base, "c"), "http://host.example:8080/a/c");
  EXPECT_EQ(led_to(base, "../c/./d/.."), "http://host.example:8080/c/");
  EXPECT_EQ(led_to(base, "/../../c"), "http://host.example:8080/c");
  EXPECT_EQ(led_to(base, "?p=2"), "http://host.example:8080/a/b?p=2");
  EXPECT_EQ(led_to(base, ""), "http://host.example:8080/a/b");
  EXPECT_EQ(led_to(base, "/with space\xc3\xa9"), "http://host.example:8080/with%20space%C3%A9");
  EXPECT_EQ(led_to("http://[2001:db8::1]/", "/x"), "http://[2001:db8::1]/x");
}

TEST(Location, OtherSchemesAndCredentialsAreRefused) {
  const std::string base = "https://host.example/";
  EXPECT_EQ(led_to(base, "ftp://host.example/x"), "error");
  EXPECT_EQ(led_to(base, "javascript:alert(1)"), "error");
  EXPECT_EQ(led_to(base, "http://user:secret@host.example/"), "error");
  EXPECT_EQ(led_to(base, "http:///x"), "error");
}

TEST(Url, LeavesOutTheUsualPortAndTheQueryUnlessAskedFor) {
  const auto target = parse_target("https://host.example:443/p?token=1");
  EXPECT_EQ(url_text(*target, false), "https://host.example/p");
  EXPECT_EQ(url_text(*target, true), "https://host.example/p?token=1");
}

TEST(HttpDate, ReadsTheFormThatServersMustSend) {
  const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(date);
  EXPECT_EQ(*date, WallTime(std::chrono::seconds(784'111'777)));
  EXPECT_FALSE(parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 -8:49:37 GMT"));
  EXPECT_FALSE(parse_http_date(""));
}

TEST(HttpDate, ReadsTheFormsThatServersOnceSent) {
  const WallTime told(std::chrono::seconds(784'111'777));
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), told);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), told);
  EXPECT_EQ(parse_http_date("Wednesday, 22-Nov-06 08:49:37 GMT"),
            parse_http_date("Wed, 22 Nov 2006 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sunday, 06 Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-xx 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 CET"));
  EXPECT_FALSE(parse_http_date("Sun Nov 31 08:49:37 1994"));
}

TEST(Authority, BracketsIpv6) {
  EXPECT_EQ(authority("host", 80), "host:80");
  EXPECT_EQ(authority("2001:db8::1", 443), "[2001:db8::1]:443");
  EXPECT_EQ(authority("host", 0), "host");
}

/// Keeps what it is given, up to some pieces.
struct Pieces final : BodySink {
  bool start(const HttpResponse& head) override {
    status = head.status;
    return wanted;
  }
  bool take(std::string_view piece) override {
    text += piece;
    return text.size() < most;
  }

  bool wanted = true;
  std::size_t most = SIZE_MAX;
  int status = 0;
  std::string text;
};

/// What a GET to a server that says `bytes` yields, its body gone to `sink`.
Result<HttpResponse> get(const std::string& bytes, BodySink& sink) {
  test::NetLab lab;
  test::LoopbackServer server(lab.context, test::reply(bytes));
  const auto ask = [&]() -> asio::awaitable<Result<HttpResponse>> {
    Deadline deadline(lab.deadlines, system_clock().steady_now() + 4s);
    const TcpOptions options;
    auto stream = co_await connect_tcp(lab.network, server.endpoint(), options, deadline);
    if (!stream) {
      co_return std::unexpected(std::move(stream.error()));
    }
    HttpRequest request;
    request.target = "/";
    HttpLimits limits;
    limits.sink = &sink;
    auto response = co_await exchange(**stream, request, limits, Phase::request, deadline);
    co_return response;
  };
  return test::run(lab.context, ask());
}

TEST(BodySink, SeesTheHeadOfTheFinalResponseAndThenItsBody) {
  Pieces sink;
  const auto response =
      get("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
          sink);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.text, "abcde");
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(*response->header("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(response->body.empty());
  EXPECT_FALSE(response->cut);
  EXPECT_FALSE(response->body_failure);
  EXPECT_NE(response->began_at, TimePoint{});
  EXPECT_LE(response->began_at, response->head_at);
}

TEST(BodySink, ReadsABodyThatEndsWithTheConnection) {
  Pieces sink;
  const auto response = get("HTTP/1.0 200 OK\r\n\r\nto the end", sink);
  ASSERT_TRUE(response);
  EXPECT_EQ(sink.text, "to the end");
  EXPECT_FALSE(response->body_failure);
}

TEST(BodySink, MayNotWantTheBody) {
  Pieces sink;
  sink.wanted = false;
  const auto response = get("HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nhello", sink);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_TRUE(response->cut);
  EXPECT_EQ(sink.text, "");
}

TEST(BodySink, MayHaveEnough) {
  Pieces sink;
  sink.most = 5;
  const auto response =
      get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "6\r\nabcdef\r\n2\r\nde\r\n0\r\n\r\n",
          sink);
  ASSERT_TRUE(response);
  EXPECT_TRUE(response->cut);
  EXPECT_EQ(sink.text, "abcdef");
}

TEST(BodySink, ABodyThatBreaksOffIsAFailureWithItsHead) {
  Pieces sink;
  const auto response = get("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", sink);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(sink.text, "hello");
  ASSERT_TRUE(response->body_failure);
  EXPECT_EQ(response->body_failure->reason, Reason::closed_early);
}

/// Says two things, and takes what it is told.
class TwoPieces final : public Stream {
 public:
  TwoPieces(std::string_view first, std::string_view second) : pieces_{first, second} {}
  void abort() noexcept override {}
  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    const std::string_view piece = next_ < pieces_.size() ? pieces_[next_++] : std::string_view();
    std::memcpy(buffer.data(), piece.data(), std::min(buffer.size(), piece.size()));
    co_return IoResult{piece.empty() ? asio::error::eof : error_code(), piece.size()};
  }
  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    co_return IoResult{{}, data.size()};
  }

 private:
  std::array<std::string_view, 2> pieces_;
  std::size_t next_ = 0;
};

TEST(HttpExchange, AHeadMayLackThePhrasesSpaceAndTheCarriageReturns) {
  for (const char* head : {"HTTP/1.1 200\r\nX: a\r\nContent-Length: 4\r\n\r\n",
                           "HTTP/1.0 200\nX: a\nContent-Length: 4\n\n",
                           "HTTP/1.1 200 OK\nX: a\r\nContent-Length: 4\n\r\n",
                           "HTTP/1.1 100\n\nHTTP/1.1 200\nX: a\nContent-Length: 4\n\n"}) {
    Pieces sink;
    const auto response = get(std::string(head) + "a\n\nb", sink);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(*response->header("X"), "a");
    EXPECT_EQ(sink.text, "a\n\nb") << "the body stays as it is";
  }
  Pieces sink;
  EXPECT_FALSE(get("HTTP/1.1 20\r\n\r\n", sink));
  EXPECT_FALSE(get("HTTP/1.1 2000\n\n", sink));
}

TEST(HttpExchange, AHeadThatIsMendedMayBeCutAnywhere) {
  const std::string_view wire = "HTTP/1.1 200\nX: a\n\nbody";
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    HeadMender mender;
    const std::string_view front = wire.substr(0, cut);
    const std::string_view back = wire.substr(cut);
    EXPECT_EQ(mender.mend(front).value_or(std::string(front)) +
                  mender.mend(back).value_or(std::string(back)),
              "HTTP/1.1 200 \r\nX: a\r\n\r\nbody")
        << cut;
  }
  EXPECT_FALSE(HeadMender().mend("HTTP/1.1 200 OK\r\nX: a\r\n\r\n\n"));
}

TEST(HttpExchange, AnEmptyBodyInChunksMayBeCutAnywhere) {
  const std::string_view answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    test::NetLab lab;
    Deadline deadline(lab.deadlines, system_clock().steady_now() + 4s);
    TwoPieces stream(answer.substr(0, cut), answer.substr(cut));
    HttpRequest request;
    request.target = "/";
    const auto response =
        test::run(lab.context, exchange(stream, request, {}, Phase::request, deadline));
    ASSERT_TRUE(response) << cut << ": " << response.error().message;
    EXPECT_EQ(response->status, 200);
  }
}

}  // namespace
}  // namespace reachd::net
