// What the server does not put up with: bad input, slow clients, too many of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <list>
#include <optional>

#include "tests/daemon/web_client.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::get;
using test::kGuard;
using test::start;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(WebServerLimits, RefusesWhatItCannotRead) {
  const auto server = start();
  for (const std::string& request : {
           std::string("this is not HTTP\r\n\r\n"),
           std::string("GET /\r\n\r\n"),
           get("/%zz"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           get("/", "Host: twice\r\n"),
           get("/-/reload", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "POST") +
               "0\r\n\r\n",
           get("/-/reload", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "POST") +
               "0\r\n\r\n",
           get("/-/reload", "Content-Length: 4\r\nContent-Length: 5\r\n", "POST") + "12345",
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
       }) {
    Client client(server->endpoints().front());
    client.send(request);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
  }
}

TEST(WebServerLimits, AnOversizeHeadIsRefusedWithoutReadingItAll) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  client.send("X-Filler: " + std::string(std::size_t{64} * 1024, 'x'));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST(WebServerLimits, AnOversizeBodyIsRefused) {
  const auto server = start();
  Client announced(server->endpoints().front());
  announced.send(get("/-/reload", "Content-Length: 1000000000\r\n", "POST"));
  EXPECT_THAT(announced.read_all(), StartsWith("HTTP/1.1 413"));
  Client chunked(server->endpoints().front());
  chunked.send(get("/-/reload", "Transfer-Encoding: chunked\r\n", "POST") + "fffffff\r\n" +
               std::string(std::size_t{100} * 1024, 'x'));
  EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413"));
}

TEST(WebServerLimits, AHeadThatNeverEndsIsTimedOut) {
  web::ServerLimits limits;
  limits.head = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send("GET /metrics HT");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(WebServerLimits, ABodyThatNeverComesIsTimedOut) {
  web::ServerLimits limits;
  limits.body = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Content-Length: 10\r\n", "POST"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST(WebServerLimits, AnIdleConnectionIsClosedSilently) {
  web::ServerLimits limits;
  limits.idle = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send(get("/-/healthy"));
  client.read_to("healthy.\n");
  EXPECT_TRUE(client.closed());
}

TEST(WebServerLimits, AClientThatDoesNotReadIsGivenUp) {
  web::ServerLimits limits;
  limits.write = 100ms;
  const auto board = test::large_board(20'000);
  auto callbacks = test::well(board);
  std::promise<void> given_up;
  callbacks.board = [&] {
    // The scrape holds what it gets here until it ends.
    return std::shared_ptr<const engine::Board>(
        board.get(), [&given_up](const engine::Board*) { given_up.set_value(); });
  };
  const auto server = start(callbacks, limits);
  Client client(server->endpoints().front());
  client.send(get("/metrics"));  // 40 MB, more than any socket buffer takes
  EXPECT_EQ(given_up.get_future().wait_for(kGuard), std::future_status::ready);
  EXPECT_THAT(client.read_all(), Not(HasSubstr("own 1")));
}

TEST(WebServerLimits, AResponseUnderWayDoesNotHoldTheStop) {
  web::ServerLimits limits;
  limits.drain = 50ms;
  const auto server = start(test::well(test::large_board(20'000)), limits);
  Client client(server->endpoints().front());
  client.send(get("/metrics"));
  client.read_to("HTTP/1.1 200 OK");
  server->stop();
  EXPECT_THAT(client.read_all(), Not(HasSubstr("own 1")));
}

TEST(WebServerLimits, AReloadThatNeverEndsDoesNotHoldTheStop) {
  auto callbacks = test::well(test::small_board());
  std::promise<std::function<void(std::optional<std::string>)>> asked;
  callbacks.reload = [&](std::function<void(std::optional<std::string>)> done) {
    asked.set_value(std::move(done));
  };
  web::ServerLimits limits;
  limits.drain = 20ms;
  auto server = start(callbacks, limits);
  Client client(server->endpoints().front());
  client.send(get("/-/reload", {}, "POST"));
  auto done = asked.get_future().get();
  server->stop();
  EXPECT_TRUE(client.closed());
  server.reset();
  done(std::nullopt);  // finds nobody, and that is fine
}

TEST(WebServerLimits, AFullHouseMakesRoomByClosingWhoIsIdleLongest) {
  web::ServerLimits limits;
  limits.connections = 2;
  const auto server = start(limits);
  Client first(server->endpoints().front());
  first.send(get("/-/healthy"));
  first.read_to("healthy.\n");
  Client second(server->endpoints().front());
  second.send(get("/-/healthy"));
  second.read_to("healthy.\n");
  Client third(server->endpoints().front());
  third.send(get("/-/healthy"));
  EXPECT_THAT(third.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(first.closed());
  second.send(get("/-/ready"));
  EXPECT_THAT(second.read_to("ready.\n"), StartsWith("HTTP/1.1 200"));
}

TEST(WebServerLimits, AFullHouseMakesRoomByClosingTheSlowestHeadOrBody) {
  web::ServerLimits limits;
  limits.connections = 2;
  limits.head = limits.body = 2 * kGuard;
  const auto server = start(limits);
  Client first(server->endpoints().front());
  first.send(get("/-/reload", "Content-Length: 10\r\nExpect: 100-continue\r\n", "POST"));
  first.read_to("100 Continue\r\n\r\n");
  Client second(server->endpoints().front());
  second.send(get("/-/healthy") + "GET /-/rea");
  second.read_to("healthy.\n");
  Client third(server->endpoints().front());
  third.send(get("/-/healthy"));
  EXPECT_THAT(third.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(first.closed());
  Client fourth(server->endpoints().front());
  fourth.send(get("/-/healthy"));
  EXPECT_THAT(fourth.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(second.closed());
  third.send(get("/-/ready"));
  EXPECT_THAT(third.read_to("ready.\n"), StartsWith("HTTP/1.1 200"));
}

TEST(WebServerLimits, ScrapesThatNobodyReadsDoNotKeepOthersOut) {
  const auto server = start(test::well(test::large_board(20'000)));
  std::list<Client> sleepers;
  for (int sleeper = 0; sleeper < 8; ++sleeper) {  // as many scrapes as there may be at a time
    sleepers.emplace_back(server->endpoints().front());
    sleepers.back().send(get("/metrics"));
    EXPECT_THAT(sleepers.back().read_to("\r\n"), StartsWith("HTTP/1.1 200"));
  }
  std::string answer;
  const auto until = std::chrono::steady_clock::now() + kGuard;
  while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < until) {
    Client client(server->endpoints().front());
    client.send(get("/metrics"));
    answer = client.read_to("\r\n");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(WebServerLimits, ScrapesBeyondAnAddressesShareMakeRoomForAnotherAddressAtOnce) {
  const auto server = start(test::well(test::large_board(20'000)));
  std::list<Client> sleepers;
  for (int sleeper = 0; sleeper < 8; ++sleeper) {
    sleepers.emplace_back(server->endpoints().front(), "127.0.0.2");
    sleepers.back().send(get("/metrics"));
    EXPECT_THAT(sleepers.back().read_to("\r\n"), StartsWith("HTTP/1.1 200"));
  }
  for (const char* source : {"127.0.0.3", "127.0.0.4"}) {
    Client client(server->endpoints().front(), source);
    client.send(get("/metrics"));
    EXPECT_THAT(client.read_to("\r\n"), StartsWith("HTTP/1.1 200")) << source;
  }
}

TEST(WebServerLimits, AFullHouseOfBusyClientsTurnsTheNextAway) {
  web::ServerLimits limits;
  limits.connections = 1;
  auto callbacks = test::well(test::small_board());
  std::promise<std::function<void(std::optional<std::string>)>> asked;
  callbacks.reload = [&](std::function<void(std::optional<std::string>)> done) {
    asked.set_value(std::move(done));
  };
  const auto server = start(callbacks, limits);
  Client busy(server->endpoints().front());
  busy.send(get("/-/reload", "Connection: close\r\n", "POST"));
  const auto done = asked.get_future().get();
  Client late(server->endpoints().front());
  EXPECT_THAT(late.read_all(), StartsWith("HTTP/1.1 503"));
  done(std::nullopt);
  EXPECT_THAT(busy.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST(WebServerLimits, StopClosesIdleConnectionsAtOnce) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy"));
  client.read_to("healthy.\n");
  const auto before = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, web::ServerLimits().drain);
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace reachd
