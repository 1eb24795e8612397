#include "daemon/web/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <future>
#include <thread>

#include "daemon/log/log.hpp"
#include "tests/daemon/web_fixture.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto kGuard = 5s;

/// A client that says what it is told, byte for byte. Every wait ends by the guard.
class Client {
 public:
  explicit Client(const Endpoint& server) { connect(server); }
  /// Has its descriptor, but no connection yet.
  Client() { socket_.open(tcp::v4()); }

  void connect(const Endpoint& server) {
    const auto address = asio::ip::make_address(server.address.to_string());
    socket_.connect(tcp::endpoint(address, server.port));
  }

  void send(std::string_view text) {
    boost::system::error_code ignored;  // the server may have closed already
    asio::write(socket_, asio::buffer(text), ignored);
  }

  /// Up to the end of the connection.
  std::string read_all() {
    while (read_some()) {
    }
    return std::move(received_);
  }

  /// Up to and with `mark`, or what there is if it never comes.
  std::string read_to(std::string_view mark) {
    while (received_.find(mark) == std::string::npos && read_some()) {
    }
    const auto end = std::min(received_.find(mark), received_.size() - mark.size()) + mark.size();
    std::string result = received_.substr(0, end);
    received_.erase(0, end);
    return result;
  }

  bool closed() { return !read_some(); }
  tcp::socket& socket() { return socket_; }

 private:
  bool read_some() {
    std::array<char, 16 * 1024> bytes{};
    bool done = false;
    bool more = false;
    socket_.async_read_some(asio::buffer(bytes),
                            [&](const boost::system::error_code& error, std::size_t count) {
                              received_.append(bytes.data(), count);
                              more = !error;
                              done = true;
                            });
    context_.restart();
    context_.run_for(kGuard);
    if (!done) {
      ADD_FAILURE() << "the server neither answered nor closed; so far: " << received_;
      socket_.close();
      context_.run();
    }
    return more;
  }

  asio::io_context context_;
  tcp::socket socket_{context_};
  std::string received_;
};

Target local(std::uint16_t port = 0) {
  Target target;
  target.text = "127.0.0.1:" + std::to_string(port);
  target.host = "127.0.0.1";
  target.port = port;
  return target;
}

std::unique_ptr<web::Server> start(web::Callbacks callbacks, web::ServerLimits limits = {},
                                   Target target = local()) {
  auto server = web::start_server({std::move(target)}, std::move(callbacks), limits);
  EXPECT_TRUE(server) << server.error();
  return std::move(*server);
}

std::unique_ptr<web::Server> start(web::ServerLimits limits = {}) {
  return start(test::well(test::small_board()), limits);
}

std::string get(const std::string& path, const std::string& headers = {},
                const std::string& method = "GET") {
  return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

TEST(WebServer, AnswersAndKeepsTheConnection) {
  const auto server = start();
  Client client(server->endpoints().front());
  for (int round = 0; round < 3; ++round) {
    client.send(get("/-/healthy"));
    EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  }
  client.send(get("/-/healthy", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close\r\n"));
}

TEST(WebServer, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy") + get("/nowhere") + get("/-/ready", "Connection: close\r\n"));
  const std::string answers = client.read_all();
  const auto healthy = answers.find("is healthy");
  const auto nowhere = answers.find("404 Not Found");
  const auto ready = answers.find("is ready");
  EXPECT_LT(healthy, nowhere);
  EXPECT_LT(nowhere, ready);
  EXPECT_NE(ready, std::string::npos);
}

TEST(WebServer, HeadHasTheHeadersOnly) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy", "Connection: close\r\n", "HEAD"));
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 19\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST(WebServer, MetricsComeInChunksAndEndWithTheLast) {
  const auto server = start(test::well(test::large_board(2000)));
  Client client(server->endpoints().front());
  client.send(get("/metrics"));
  const std::string answer = client.read_to("\r\n0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, HasSubstr("own 1\n"));
  client.send(get("/metrics", "Accept-Encoding: gzip\r\n"));
  const std::string compressed = client.read_to("\r\n0\r\n\r\n");
  EXPECT_THAT(compressed, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_LT(compressed.size(), answer.size() / 5);
}

TEST(WebServer, AnOldClientGetsNoChunks) {
  const auto server = start(test::well(test::large_board(1000)));
  Client client(server->endpoints().front());
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, testing::EndsWith("own 1\n"));
}

TEST(WebServer, WrongMethodsAndPathsAreTold) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/metrics", {}, "DELETE"));
  EXPECT_THAT(client.read_to("HEAD.\n"), HasSubstr("405 Method Not Allowed"));
  client.send(get("/-/reload"));
  EXPECT_THAT(client.read_to("POST.\n"), HasSubstr("Allow: POST\r\n"));
  client.send(get("/../../etc/passwd"));
  EXPECT_THAT(client.read_to("there is.\n"), StartsWith("HTTP/1.1 404"));
  client.send(get("/%2e%2e/%2e%2e/etc/passwd"));
  EXPECT_THAT(client.read_to("there is.\n"), StartsWith("HTTP/1.1 404"));
  client.send(get("/api/v1/checks/custom%2Fweb", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("\"check\":\"custom/web\""));
}

TEST(WebServer, RefusesWhatItCannotRead) {
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

TEST(WebServer, AnOversizeHeadIsRefusedWithoutReadingItAll) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  client.send("X-Filler: " + std::string(64 * 1024, 'x'));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST(WebServer, AnOversizeBodyIsRefused) {
  const auto server = start();
  Client announced(server->endpoints().front());
  announced.send(get("/-/reload", "Content-Length: 1000000000\r\n", "POST"));
  EXPECT_THAT(announced.read_all(), StartsWith("HTTP/1.1 413"));
  Client chunked(server->endpoints().front());
  chunked.send(get("/-/reload", "Transfer-Encoding: chunked\r\n", "POST") + "fffffff\r\n" +
               std::string(100 * 1024, 'x'));
  EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413"));
}

TEST(WebServer, AHeadThatNeverEndsIsTimedOut) {
  web::ServerLimits limits;
  limits.head = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send("GET /metrics HT");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(WebServer, ABodyThatNeverComesIsTimedOut) {
  web::ServerLimits limits;
  limits.body = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Content-Length: 10\r\n", "POST"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST(WebServer, AnIdleConnectionIsClosedSilently) {
  web::ServerLimits limits;
  limits.idle = 50ms;
  const auto server = start(limits);
  Client client(server->endpoints().front());
  client.send(get("/-/healthy"));
  client.read_to("healthy.\n");
  EXPECT_TRUE(client.closed());
}

TEST(WebServer, AClientThatDoesNotReadIsGivenUp) {
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

TEST(WebServer, AResponseUnderWayDoesNotHoldTheStop) {
  web::ServerLimits limits;
  limits.drain = 50ms;
  const auto server = start(test::well(test::large_board(20'000)), limits);
  Client client(server->endpoints().front());
  client.send(get("/metrics"));
  client.read_to("HTTP/1.1 200 OK");
  server->stop();
  EXPECT_THAT(client.read_all(), Not(HasSubstr("own 1")));
}

TEST(WebServer, AsksForTheBodyOfThoseWhoWaitToBeAsked) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n",
                  "POST"));
  EXPECT_EQ(client.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  EXPECT_THAT(client.read_all(), HasSubstr("was reloaded"));
}

TEST(WebServer, ReloadTellsWhatTheAppTells) {
  auto callbacks = test::well(test::small_board());
  std::vector<std::jthread> threads;
  callbacks.reload = [&](std::function<void(std::optional<std::string>)> done) {
    threads.emplace_back([done = std::move(done)] { done("reachd.yaml:1:1: bad"); });
  };
  const auto server = start(callbacks);
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Connection: close\r\n", "POST"));
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, HasSubstr("reachd.yaml:1:1: bad"));
}

TEST(WebServer, APageOfAnotherSiteMayNotReload) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/reload", "Origin: https://evil.example.com\r\n", "POST"));
  EXPECT_THAT(client.read_to("configuration.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/-/reload", "Origin: http://localhost\r\nConnection: close\r\n", "POST"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST(WebServer, AReloadThatNeverEndsDoesNotHoldTheStop) {
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

TEST(WebServer, BeyondLoopbackOnlyScrapesAndHealthAreOpen) {
  Target any = local();
  any.host = "0.0.0.0";
  const auto server = start(test::well(test::small_board()), {}, any);
  Endpoint endpoint = server->endpoints().front();
  endpoint.address = IpAddress::parse("127.0.0.1").value();
  Client client(endpoint);
  client.send(get("/api/v1/checks"));
  EXPECT_THAT(client.read_to("open there.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/-/reload", {}, "POST"));
  EXPECT_THAT(client.read_to("open there.\n"), StartsWith("HTTP/1.1 403"));
  client.send(get("/metrics"));
  EXPECT_THAT(client.read_to("own 1\n"), StartsWith("HTTP/1.1 200"));
}

TEST(WebServer, AFullHouseMakesRoomByClosingWhoIsIdleLongest) {
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

TEST(WebServer, AFullHouseOfBusyClientsTurnsTheNextAway) {
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

TEST(WebServer, StopClosesIdleConnectionsAtOnce) {
  const auto server = start();
  Client client(server->endpoints().front());
  client.send(get("/-/healthy"));
  client.read_to("healthy.\n");
  const auto before = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, web::ServerLimits().drain);
  EXPECT_TRUE(client.closed());
}

TEST(WebServer, WithoutDescriptorsItWaitsForOne) {
  // The log's line says that accepting failed: that is the event to wait for.
  std::array<int, 2> lines{};
  ASSERT_EQ(pipe(lines.data()), 0);
  std::FILE* log_end = fdopen(lines[1], "w");
  log::configure({.out = log_end});
  const auto server = start();
  Client client;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = dup(0);
  ASSERT_GE(lowest_free, 0);
  close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  client.connect(server->endpoints().front());
  client.send(get("/-/healthy"));
  pollfd waiting{.fd = lines[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 5000), 1);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  server->stop();
  log::configure({});
  std::fclose(log_end);
  close(lines[0]);
}

TEST(WebServer, APortInUseIsNamed) {
  const auto server = start();
  const Endpoint taken = server->endpoints().front();
  const auto second = web::start_server({local(taken.port)}, test::well(test::small_board()));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), StartsWith(taken.to_string() + ": "));
}

TEST(WebServer, ListensOnEveryAddressThatIsNamed) {
  Target six = local();
  six.host = "::1";
  auto server = web::start_server({local(), six}, test::well(test::small_board()));
  if (!server) {
    GTEST_SKIP() << "no IPv6 here: " << server.error();
  }
  for (const Endpoint& endpoint : (*server)->endpoints()) {
    Client client(endpoint);
    client.send(get("/-/ready"));
    EXPECT_THAT(client.read_to("ready.\n"), StartsWith("HTTP/1.1 200")) << endpoint.to_string();
  }
}

}  // namespace
}  // namespace reachd
