// What the server does without descriptors; only here can a test take them away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "daemon/log/log.hpp"
#include "tests/daemon/web_client.hpp"

namespace reachd {
namespace {

using test::Client;
using test::get;
using test::start;
using testing::StartsWith;

TEST(WebServerLimits, WithoutDescriptorsItWaitsForOne) {
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

TEST(WebServer, OverLoopbackEverythingIsOpenThroughASocketForBothFamilies) {
  const int both = socket(AF_INET6, SOCK_STREAM, 0);
  const int no = 0;
  setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  if (bind(both, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
      listen(both, 5) != 0) {
    close(both);
    GTEST_SKIP() << "no IPv6 here";
  }
  const auto server = web::start_server({}, test::well(test::small_board()), {}, {both});
  ASSERT_TRUE(server) << server.error();
  Client client(
      {.address = IpAddress::v4(0x7f000001), .port = (*server)->endpoints().front().port});
  client.send(get("/api/v1/checks"));
  EXPECT_THAT(client.read_to("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace reachd
